"""Data sets: recipes that build them, splits that the package fixes, the cache they live in."""
