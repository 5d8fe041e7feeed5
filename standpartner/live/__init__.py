"""Serves the live page: a library of scores, listeners and showing devices, takes, and a protocol for other programs."""
