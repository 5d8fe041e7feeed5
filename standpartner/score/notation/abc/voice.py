"""Holds the voices of an ABC tune while it is read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc.fields import Clef, Key, Meter
from standpartner.score.notation.abc.music import Changes, Event, Measure, Tuplet

ENDING: Final = "ending-"  # begins the type of a measure in an ending, before its numbers
_SIGNS: Final = {
    "segno": "segno", "coda": "coda", "dacoda": "tocoda", "tocoda": "tocoda", "fine": "fine", "dacapo": "dacapo",
    "d.c.": "dacapo", "d.s.": "dalsegno", "d.c.alfine": "dacapo", "d.c.alcoda": "dacapo", "d.s.alfine": "dalsegno",
    "d.s.alcoda": "dalsegno",
}  # fmt: skip


@dataclass
class Voice:
    """A voice: what holds for its next note, and its measures.

    Attributes:
        name: The name that fields give it.
        key: The key that holds now, as for ``meter``, ``unit`` (in whole notes) and ``clef``.
        meter: The meter.
        unit: The length of a note without a number.
        clef: The clef.
        first: The key, meter and clef at its beginning.
        octaves: The octaves by which its notes lie higher than typed.
        semitones: The semitones from its written to its sounding notes.
        label: What is printed before it.
        measures: Its measures; the last is being filled.
        changes: What changes with the next measure.
        layer: The index of the layer that is being filled.
        started: Whether it has a note or rest.
        line: The notes of this line of text, for the words below it.
        verse: The number of lines of words below this line.
        tuplet: The tuplet that the next note belongs to.
        broken: The factor of the next length behind ``>`` or ``<``.
        upcoming: What is collected for the next note: grace notes, decorations, slurs.
        ending: The numbers of the ending (volta) that is read, which may be empty.
    """

    name: str
    key: Key
    meter: Meter
    unit: Fraction
    clef: Clef
    first: Changes = field(default_factory=Changes)
    octaves: int = 0
    semitones: int = 0
    label: str = ""
    measures: list[Measure] = field(default_factory=lambda: [Measure()])
    changes: Changes = field(default_factory=Changes)
    layer: int = 0
    started: bool = False
    line: list[Event] = field(default_factory=list)
    verse: int = 0
    tuplet: Tuplet | None = None
    broken: Fraction | None = None
    upcoming: Event = field(default_factory=Event)
    ending: str = ""

    def __post_init__(self) -> None:
        self.first = Changes(self.key, self.meter, self.clef)

    @property
    def measure(self) -> Measure:
        """The measure that is being filled."""
        return self.measures[-1]

    @property
    def last(self) -> Event | None:
        """The last event of this layer, which a length, tie or slur behind it may change."""
        layer = self.measure.layers[self.layer]
        return layer[-1] if layer else None

    def add(self, event: Event) -> None:
        """Add an event to the layer, with what was collected for it."""
        if self.measure.empty:
            self.measure.changes, self.changes = self.changes, Changes()
            self.measure.signs += [ENDING + self.ending] if self.ending else []
        if self.broken is not None:
            event.quarters *= self.broken
            self.broken = None
        collected, self.upcoming = self.upcoming, Event(apart=False)
        event.graces, event.signs, event.apart = collected.graces, collected.signs, collected.apart
        event.slurs = collected.slurs
        self.measure.signs += _repetition(collected.signs)
        if self.tuplet is not None:
            event.tuplet = self.tuplet
            self.tuplet.left -= 1
            self.tuplet = self.tuplet if self.tuplet.left > 0 else None
        self.measure.layers[self.layer].append(event)
        self.started = True
        if event.pitches:
            self.line.append(event)

    def end_measure(self, right: str) -> None:
        """End the measure with a bar line, and begin the next; notes of a tuplet that cross it form another."""
        self.measure.right = right
        self.measure.signs += _repetition(self.upcoming.signs)  # a sign before a bar line belongs to what it ends
        self.upcoming.signs = [sign for sign in self.upcoming.signs if not _repetition([sign])]
        self.measures.append(Measure())
        self.layer = 0
        self.upcoming.apart = True
        if self.tuplet is not None:
            self.tuplet = Tuplet(self.tuplet.actual, self.tuplet.normal, self.tuplet.left)

    def change(self, **values: object) -> None:
        """Set the key, meter or clef, from the next measure on if it has begun."""
        for name, value in values.items():
            target = self.changes if self.started else self.first
            if getattr(self, name) != value or not self.started:
                setattr(target, name, value)
            setattr(self, name, value)


def _repetition(signs: Iterable[str]) -> list[str]:
    return [_SIGNS[sign.lower()] for sign in signs if sign.lower() in _SIGNS]


@dataclass
class Tune:
    """A tune: its title, its voices in order, and which of them share a staff, if it says so.

    Attributes:
        title: The title, which may be empty.
        voices: The voices.
        staves: The names of the voices on each staff; empty where each has its own.
        braces: The indexes of staves that one brace joins, as (first, last).
        tempo: The quarters a minute at the beginning, or None.
    """

    title: str = ""
    voices: list[Voice] = field(default_factory=list)
    staves: list[list[str]] = field(default_factory=list)
    braces: list[tuple[int, int]] = field(default_factory=list)
    tempo: float | None = None
