"""Scores: notation files engraved into pages, the strip, and tables of what is drawn and sounds where."""

from standpartner.score.files import load_score, save_score
from standpartner.score.model import Notation, Place, Printed, Score, printed_measure
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.read import read_score, read_scores
from standpartner.score.tables import Bars, Measures, Noteheads, Notes, Onsets, Systems

__all__ = [
    "Bars",
    "EngravingStyle",
    "Measures",
    "Notation",
    "Noteheads",
    "Notes",
    "Onsets",
    "Place",
    "Printed",
    "Score",
    "Systems",
    "load_score",
    "printed_measure",
    "read_score",
    "read_scores",
    "save_score",
]
