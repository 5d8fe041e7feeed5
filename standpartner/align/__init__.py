"""Alignment: when each onset of a score is played in a human performance."""

from standpartner.align.alignment import (
    Alignment,
    align_match,
    align_midi,
    align_places,
    align_with_beats,
    align_with_score_midi,
)
from standpartner.align.readers import MatchedNotes, Place, read_beats, read_match, read_performed_midi, read_places

__all__ = [
    "Alignment",
    "MatchedNotes",
    "Place",
    "align_match",
    "align_midi",
    "align_places",
    "align_with_beats",
    "align_with_score_midi",
    "read_beats",
    "read_match",
    "read_performed_midi",
    "read_places",
]
