"""Hears this machine's own sound card."""
