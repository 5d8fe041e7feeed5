"""Keeps the scores of the library on disk: reading what is uploaded, corrections, pages and links."""
