"""Measures of score following and their intervals."""
