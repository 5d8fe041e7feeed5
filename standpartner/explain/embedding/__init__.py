"""A map of what a network computes at many frames, and what its value does. It needs the extra [explain]."""
