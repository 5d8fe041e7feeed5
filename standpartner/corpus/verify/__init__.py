"""Verifies that the tables of a corpus's pieces agree with their images and sound."""
