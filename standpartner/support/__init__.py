"""Holds what every room uses: whole files, child processes, self-contained pages, pictures, progress, provenance."""
