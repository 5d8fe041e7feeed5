"""The networks, their checkpoints, and their export to bundles that need no PyTorch. Needs the extra [train]."""
