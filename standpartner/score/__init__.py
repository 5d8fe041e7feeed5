"""Scores: notation engraved, or pictures of pages read, into pages, the strip, and tables of what is known of them."""

from standpartner.score.files import load_score, save_score
from standpartner.score.join import JoinedPrint, JoinedSystem, JoinOptions, join_print
from standpartner.score.model import Notation, Place, Printed, PrintedJump, Score, printed_measure
from standpartner.score.notation.choice import MusicChoice
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.read import read_scores
from standpartner.score.played_order import PlayedOrder, passages
from standpartner.score.print.read import PrintOptions, PrintReading, read_print
from standpartner.score.read import read_score
from standpartner.score.selection import Selection
from standpartner.score.tables import Bars, Measures, Noteheads, Notes, Onsets, Systems

__all__ = [
    "Bars",
    "EngravingStyle",
    "JoinOptions",
    "JoinedPrint",
    "JoinedSystem",
    "Measures",
    "MusicChoice",
    "Notation",
    "Noteheads",
    "Notes",
    "Onsets",
    "Place",
    "PlayedOrder",
    "PrintOptions",
    "PrintReading",
    "Printed",
    "PrintedJump",
    "Score",
    "Selection",
    "Systems",
    "join_print",
    "load_score",
    "passages",
    "printed_measure",
    "read_print",
    "read_score",
    "read_scores",
    "save_score",
]
