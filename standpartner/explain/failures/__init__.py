"""Finds where and why agents get lost, and writes an atlas that shows it."""
