"""Trains networks by supervision, imitation and reward, in runs that can be resumed. It needs the extra [train]."""
