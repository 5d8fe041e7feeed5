"""Records what PyTorch networks compute as they play, and gives it as a function of the pixels and the sound."""
