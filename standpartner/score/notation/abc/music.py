"""Reads the music of ABC tunes: voices of measures, whose layers hold notes, rests and what is between them.

Source: "The abc music standard 2.1" (abcnotation.com), sections 4, 7 and 11.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc.fields import ACCIDENTALS, Clef, Key, Meter

LENGTH: Final = r"(?P<{0}>\d*/*\d*)"
TOKEN: Final = re.compile(
    r"(?P<comment>%.*)"
    r"|(?P<field>\[[A-Za-z]:[^\]]*\])"
    r'|(?P<text>"[^"]*(?:"|$))'
    r"|(?P<sign>![^!|\s]+!|\+[^+|\s]+\+)"
    r"|\{(?P<grace>[^}]*)\}?"
    r"|\((?P<tuplet>\d(?::\d*){0,2})"
    r"|(?P<note>(?:\^\^|\^/?|__|_/?|=)?[A-Ga-g][,']*)" + LENGTH.format("length") +
    r"|(?P<rest>[zx])" + LENGTH.format("wait") +
    r"|(?P<measures>[ZX])(?P<count>\d*)"
    r"|\[(?P<chord>(?![|\d\s])[^\]|:]*[A-Ga-g][^\]|]*)\]" + LENGTH.format("span") +
    r"|(?P<bar>\.?(?::+\|[|\]:]*|\|[|\]:]*|::+|\[\|[\]|:]*))\s?(?P<ending>\d[\d,-]*)?"
    r"|(?P<alone>\[)(?P<number>\d[\d,.-]*)"
    r"|(?P<broken>[<>]+)"
    r"|(?P<slur>\()"
    r"|(?P<unslur>\))"
    r"|(?P<tie>-)"
    r"|(?P<overlay>&)"
    r"|(?P<space>\s+)"
    r"|(?P<short>[.~H-WYh-wuv])"
    r"|(?P<other>.)"
)  # fmt: skip
_MEMBER: Final = re.compile(r"((?:\^\^|\^/?|__|_/?|=)?)([A-Ga-g])([,']*)(\d*/*\d*)(-?)")


@dataclass(frozen=True)
class Pitch:
    """A typed pitch: its accidental as in MEI or empty, its step and its octave (4 is that of middle c)."""

    accidental: str
    step: str
    octave: int
    tied: bool = False


@dataclass
class Event:
    """A note, chord, rest or space of a layer.

    Attributes:
        pitches: The pitches; none for rests.
        quarters: The written length in quarters.
        kind: "note", "rest", "space", or for whole measures "measure-rest" and "measure-space".
        graces: The grace notes and chords before it.
        signs: The names of its decorations.
        tied: Whether it is tied to the next.
        slurs: The numbers of slurs that begin and end here.
        apart: Whether a space or something else before it ends a beam.
        tuplet: The tuplet it belongs to, or None.
        syllables: The words under it, one a verse.
    """

    pitches: list[Pitch] = field(default_factory=list)
    quarters: Fraction = Fraction(0)
    kind: str = "note"
    graces: list[list[Pitch]] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    tied: bool = False
    slurs: tuple[int, int] = (0, 0)
    apart: bool = True
    tuplet: "Tuplet | None" = None
    syllables: dict[int, str] = field(default_factory=dict)


@dataclass(eq=False)
class Tuplet:
    """A tuplet: ``actual`` notes in the time of ``normal``, and how many events it still takes.

    Two tuplets are never the same, however equal.
    """

    actual: int
    normal: int
    left: int


@dataclass
class Changes:
    """What changes at the beginning of a measure; None where it stays. The tempo is in quarters a minute."""

    key: Key | None = None
    meter: Meter | None = None
    clef: Clef | None = None
    tempo: float | None = None


@dataclass
class Measure:
    """A measure of one voice: its layers, its bar lines as in MEI, and what changes at its beginning.

    ``signs`` are the numbers of the ending that it belongs to and its signs of repetition, as types of MEI.
    """

    layers: list[list[Event]] = field(default_factory=lambda: [[]])
    left: str = ""
    right: str = ""
    changes: Changes = field(default_factory=Changes)
    signs: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing takes time in it."""
        return not any(self.layers)

    @property
    def quarters(self) -> Fraction:
        """Its length in quarters: that of its longest layer."""
        return max(sum((sounding_quarters(event) for event in layer), Fraction(0)) for layer in self.layers)


def sounding_quarters(event: Event) -> Fraction:
    """Return the time that an event takes in quarters, in its tuplet."""
    tuplet = event.tuplet
    return event.quarters if tuplet is None else event.quarters * tuplet.normal / tuplet.actual


def read_length(text: str) -> Fraction:
    """Read the length behind a note: ``3``, ``/``, ``3/2``, ``//``; in unit lengths."""
    found = re.fullmatch(r"(\d*)(/*)(\d*)", text)
    if found is None:
        return Fraction(1)
    over = int(found[3][:4] or 0) or 2 ** min(len(found[2]), 8)
    return Fraction(int(found[1][:4] or 1), over)


def read_members(text: str) -> Iterator[tuple[Pitch, Fraction]]:
    """Read the pitches of a chord or of grace notes with their lengths in unit lengths."""
    for sign, step, marks, length, tie in _MEMBER.findall(text):
        octave = (5 if step.islower() else 4) + marks.count("'") - marks.count(",")
        yield Pitch(ACCIDENTALS.get(sign, ""), step.lower(), octave, tie == "-"), read_length(length)
