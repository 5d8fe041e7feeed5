"""Provides the sound of an evaluation: the settings in which pieces are heard, and tracks with sound."""

from standpartner.evaluate.sound.audible_track import AudibleTrack, audible_track
from standpartner.evaluate.sound.settings import (
    SETTINGS,
    mechanical_performance,
    performance_audio,
    performance_notes,
    piece_in_setting,
)

__all__ = [
    "SETTINGS",
    "AudibleTrack",
    "audible_track",
    "mechanical_performance",
    "performance_audio",
    "performance_notes",
    "piece_in_setting",
]
