"""Agents that run without PyTorch: their bundles, what they read and hear, how sure they are, their model cards."""
