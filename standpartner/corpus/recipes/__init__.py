"""Holds one recipe for each data set that can be built, which finds and makes its pieces."""
