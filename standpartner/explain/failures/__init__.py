"""Failures: where agents get lost, why, and an atlas that shows it."""
