"""Holds the networks, their checkpoints, and their export to bundles without PyTorch. It needs the extra [train]."""
