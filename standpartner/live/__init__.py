"""Serves the live page: a library of scores, sessions of listening and showing devices, takes, and a protocol."""
