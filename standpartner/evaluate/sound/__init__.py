"""What is heard: the settings of an evaluation, and a track with its sound."""

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
