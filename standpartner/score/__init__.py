"""Scores: notation files engraved into pages, the strip, and tables of what is drawn and sounds where."""

from standpartner.score.files import load_score, save_score
from standpartner.score.model import Measures, Noteheads, Notes, Onsets, Place, Score, Systems
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.read import read_score, read_scores

__all__ = [
    "EngravingStyle",
    "Measures",
    "Noteheads",
    "Notes",
    "Onsets",
    "Place",
    "Score",
    "Systems",
    "load_score",
    "read_score",
    "read_scores",
    "save_score",
]
