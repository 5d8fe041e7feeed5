"""Invents piano music by chance, so that agents meet as many scores in all keys and textures as they need."""
