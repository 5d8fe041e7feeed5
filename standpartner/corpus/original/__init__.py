"""Reads and writes the format in which the authors of the paper published their data."""
