"""Agents: networks, checkpoints, bundles that follow without PyTorch."""
