"""Reads LilyPond's drawing as reported by hook.ily: systems with their staves, heads, bar lines and repeat signs.

Positions are staff spaces of the staves that the score has (`Engraving.space_mm`), x from the page's left edge, y
downwards from its top.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, NamedTuple

from standpartner.errors import ScoreError

_EDGE: Final = 1.0  # a bar line within so many staff spaces of its system's end starts no bar


@dataclass(frozen=True)
class NoteHeadGrob:
    """A NoteHead grob (a printed object in LilyPond): its centre, MIDI pitch, and moment in whole notes.

    ``grace`` is negative for grace notes.
    """

    x: float
    y: float
    pitch: int
    moment: Fraction
    grace: Fraction


@dataclass(frozen=True)
class BarStart:
    """A bar line or a system's start: its x, moment (in whole notes), bar number and distance from the bar's start.

    ``glyph`` is LilyPond's name of the bar line, such as ``|`` or ``:|.``.
    """

    x: float
    moment: Fraction
    number: str
    position: Fraction
    glyph: str = ""

    @property
    def begins_repeat(self) -> bool:
        """Whether a repeat begins with it."""
        return self.glyph.endswith(":")

    @property
    def ends_repeat(self) -> bool:
        """Whether a repeat ends with it."""
        return self.glyph.startswith(":")


class VoltaBracket(NamedTuple):
    """A volta bracket, or the part of it in a system: the moments of its ends in whole notes, and its text."""

    moment: Fraction
    end: Fraction
    text: str


class MarkedWords(NamedTuple):
    """Words or the name of a sign: their moment in whole notes, and whether they stand at a bar line or at a note."""

    moment: Fraction
    at_bar: bool
    text: str


@dataclass
class DrawnSystem:
    r"""One system; ``score`` counts the \score blocks of the file from 0.

    ``left`` and ``right`` are the ends of its staves, ``top`` and ``bottom`` the outermost staff lines.
    ``staff_tops`` tells staves apart: a staff may be drawn in several pieces, one after another.
    """

    page: int
    score: int
    start: BarStart
    left: float = float("inf")
    right: float = float("-inf")
    top: float = float("inf")
    bottom: float = float("-inf")
    space: float = 0.0
    heads: list[NoteHeadGrob] = field(default_factory=list)
    bars: list[BarStart] = field(default_factory=list)
    voltas: list[VoltaBracket] = field(default_factory=list)
    words: list[MarkedWords] = field(default_factory=list)
    staff_tops: set[int] = field(default_factory=set)

    def bar_starts(self) -> list[BarStart]:
        """Return the start of the system and the bar lines that start a bar; a repeat sign divides the bar it is in."""
        starts = [self.start]
        for bar in sorted(self.bars, key=lambda bar: bar.x):
            inside = self.left + _EDGE < bar.x < self.right - _EDGE
            divides = bar.position == 0 or bar.begins_repeat or bar.ends_repeat
            if inside and divides and bar.moment > starts[-1].moment:
                starts.append(bar)
        return starts

    def add_staff(self, words: list[str]) -> None:
        """Widen the system by a staff; its extent includes half a line's thickness above and below."""
        left, right, top, bottom, space = (float(word) for word in words[:5])
        half_line = ((bottom - top) - (int(words[5]) - 1) * space) / 2
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.top, self.bottom = min(self.top, top + half_line), max(self.bottom, bottom - half_line)
        self.space = max(self.space, space)
        self.staff_tops.add(round(top))


@dataclass(frozen=True)
class Engraving:
    """The drawing of a document: its sizes and systems."""

    space_mm: float
    page_height: float
    page_count: int
    systems: list[DrawnSystem]


def read_engraving(report: str) -> Engraving:
    """Read the hook's report; systems without staves or without heads are left out.

    Raises:
        ScoreError: The text is not such a report, or nothing is drawn.
    """
    systems: list[DrawnSystem] = []
    books: list[list[str]] = []
    page = -1
    try:
        for line in report.splitlines():
            kind, *words = line.split("\t")
            if kind == "book":
                books.append(words)
            elif kind == "page":
                page += 1
            elif kind == "system":
                systems.append(DrawnSystem(page, int(words[0]), _bar_start(0.0, words[1:])))
            else:
                _add(systems[-1], kind, words, page_width=float(books[-1][1]))
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise ScoreError(f"LilyPond's report cannot be read ({error}); expected that of LilyPond 2.24.") from error
    systems = [system for system in systems if system.heads and system.right > system.left]
    if len(books) != 1 or not systems:
        raise ScoreError(
            f"Expected one document with music from LilyPond, got {len(books)} with {len(systems)} systems."
        )
    spaces = sorted(system.space for system in systems)
    space = spaces[len(spaces) // 2]  # 1 unless the file resizes its staves by hand
    return Engraving(float(books[0][0]) * space, float(books[0][2]) / space, page + 1, _scaled(systems, space))


def _add(system: DrawnSystem, kind: str, words: list[str], *, page_width: float) -> None:
    if kind == "staff":
        if float(words[0]) < page_width:  # a staff that starts by mistake at the very end of the music is drawn outside
            system.add_staff(words)
    elif kind == "head" and "-" not in words[4:6]:
        x, y, pitch = float(words[0]), float(words[1]), round(Fraction(words[2]))
        system.heads.append(NoteHeadGrob(x, y, pitch, Fraction(words[4]), Fraction(words[5])))
    elif kind == "bar" and "-" not in words[2:5]:
        system.bars.append(_bar_start((float(words[0]) + float(words[1])) / 2, words[2:5], glyph=words[5]))
    elif kind == "volta" and "-" not in words[:2]:
        system.voltas.append(VoltaBracket(Fraction(words[0]), Fraction(words[1]), words[2]))
    elif kind == "mark" and words[1] != "-":
        system.words.append(MarkedWords(Fraction(words[1]), words[0] == "bar", words[2]))


def _bar_start(x: float, words: list[str], *, glyph: str = "") -> BarStart:
    moment, number, position = ("0" if word == "-" else word for word in words)
    return BarStart(x, Fraction(moment), number, Fraction(position), glyph)


def _scaled(systems: list[DrawnSystem], space: float) -> list[DrawnSystem]:
    if space == 1:
        return systems
    for system in systems:
        system.left, system.right = system.left / space, system.right / space
        system.top, system.bottom = system.top / space, system.bottom / space
        system.heads = [NoteHeadGrob(h.x / space, h.y / space, h.pitch, h.moment, h.grace) for h in system.heads]
        system.bars = [replace(b, x=b.x / space) for b in system.bars]
    return systems
