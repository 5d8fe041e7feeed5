"""Follows performances: a listener's sound in, positions and page turns out to all devices of a session."""
