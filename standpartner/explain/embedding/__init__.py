"""Maps what a network computes at many frames, and compares its values. It needs the extra [explain]."""
