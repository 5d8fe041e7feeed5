"""Writes the page about a training run. It needs the extra [explain]."""
