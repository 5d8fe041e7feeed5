"""Evaluation: measures, baselines, tables."""
