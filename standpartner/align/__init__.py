"""Finds when each onset of a score is played in a human performance."""

from standpartner.align.alignment import (
    Alignment,
    align_annotated_positions,
    align_match,
    align_midi,
    align_with_beats,
    align_with_score_midi,
)
from standpartner.align.readers import (
    AnnotatedPosition,
    MatchedNotes,
    read_annotated_positions,
    read_beats,
    read_match,
    read_performed_midi,
)

__all__ = [
    "Alignment",
    "AnnotatedPosition",
    "MatchedNotes",
    "align_annotated_positions",
    "align_match",
    "align_midi",
    "align_with_beats",
    "align_with_score_midi",
    "read_annotated_positions",
    "read_beats",
    "read_match",
    "read_performed_midi",
]
