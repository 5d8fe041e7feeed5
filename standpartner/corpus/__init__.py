"""Builds data sets by recipes, with splits that the package fixes, and keeps them in the cache."""
