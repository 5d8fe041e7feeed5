"""Evaluates players on corpora: players, measures, jumps, calibration, sound and tables."""
