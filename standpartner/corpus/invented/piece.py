"""Invents whole pieces: sections in several keys and textures, some of which come again."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.corpus.invented.harmony import Chord, Key, invent_phrase
from standpartner.corpus.invented.rhythm import METERS, TICKS, Meter
from standpartner.corpus.invented.textures import (
    Bar,
    Event,
    Range,
    Texture,
    bass_and_chords,
    broken_chords,
    chords,
    draw_texture,
    held_chords,
    line,
    melody,
    silence,
)

_METER_WEIGHTS: Final = (8, 6, 5, 2, 1, 4, 1, 2, 2)
_FORMS: Final = ("AABA", "ABAC", "ABCA", "ABAB", "AABC", "ABCD")
_RIGHT: Final = ((melody, 5), (broken_chords, 3), (chords, 2), (silence, 0.2))
_LEFT: Final = ((broken_chords, 4), (bass_and_chords, 3), (chords, 2), (melody, 2), (held_chords, 1.5), (silence, 0.3))
_LOWER_VOICE: Final = ((broken_chords, 3), (chords, 2), (held_chords, 1), (line, 1))
_RIGHT_LOW, _LEFT_LOW = (26, 37), (14, 23)  # the lowest steps of the hands' ranges: A3 to E5, C2 to E3
_WIDTH: Final = (9, 12)
_SHORTEST_S: Final = 0.07  # of notes at the written tempo; who plays may be twice as fast


@dataclass(frozen=True)
class PrintedBar:
    """A bar as it is printed.

    Attributes:
        signature: The key whose signature stands at the staves.
        right: The voices of the upper staff, one or two, each a list of events that fill the bar.
        left: Those of the lower staff.
    """

    signature: Key
    right: tuple[list[Event], ...]
    left: tuple[list[Event], ...]


@dataclass(frozen=True)
class Marks:
    """How much is printed beside the notes, as shares of the notes, bars or places where it can stand.

    Attributes:
        staccato: Of notes and chords that have a dot.
        accent: Of notes and chords that have an accent.
        slur: Of bars of a voice that have a slur.
        finger: Of single notes that have a fingering.
        arpeggio: Of chords that are to be broken.
        dynamic: Of bars at which a dynamic stands.
        pedal: Of bars under which the pedal is marked.
    """

    staccato: float
    accent: float
    slur: float
    finger: float
    arpeggio: float
    dynamic: float
    pedal: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Marks":
        """Draw what a piece has; many have little."""
        most = (0.4, 0.15, 0.9, 0.6, 0.4, 0.4, 1.0)
        shares = [high * rng.random() if rng.random() < 0.4 else 0.0 for high in most]
        return cls(*shares)


@dataclass(frozen=True)
class Invention:
    """An invented piece.

    Attributes:
        meter: The metre.
        quarters_per_minute: The tempo.
        bars: The bars.
        marks: What is printed beside the notes.
        octave_lines: Whether very high or low bars are printed an octave nearer to the staff.
    """

    meter: Meter
    quarters_per_minute: int
    bars: list[PrintedBar]
    marks: Marks
    octave_lines: bool


def invent(rng: np.random.Generator) -> Invention:
    """Invent a piece of 24 to 48 bars for piano, in any key."""
    meter = METERS[rng.choice(len(METERS), p=np.array(_METER_WEIGHTS) / sum(_METER_WEIGHTS))]
    key = Key(int(rng.integers(-7, 8)), bool(rng.random() < 0.5))
    chromatic = float(rng.choice((0.0, 0.15, 0.4)))
    signature, sections = key, {}
    bars: list[PrintedBar] = []
    for letter in rng.choice(_FORMS):
        if letter not in sections:
            key = _related(key, rng) if bars else key
            signature = key if rng.random() < 0.5 else signature
            sections[letter] = (signature, _Section.draw(meter, key, chromatic, rng))
        printed, section = sections[letter]
        bars += section.bars(printed, rng)
    shortest = min(event.ticks for bar in bars for voice in (*bar.right, *bar.left) for event in voice)
    fastest = 60 * shortest / TICKS / _SHORTEST_S
    tempo = min(float(rng.uniform(50, 180)), fastest)
    return Invention(meter, round(tempo), bars, Marks.draw(rng), bool(rng.random() < 0.6))


def _related(key: Key, rng: np.random.Generator) -> Key:
    """Return a key near by, or any."""
    if rng.random() < 0.2:
        return Key(int(rng.integers(-7, 8)), bool(rng.random() < 0.5))
    fifths = key.fifths + int(rng.choice((-4, -3, -1, 0, 1, 3, 4)))
    return Key(fifths if -7 <= fifths <= 7 else key.fifths, bool(key.minor ^ (rng.random() < 0.5)))


@dataclass
class _Section:
    """A section: its chords and what the hands play."""

    meter: Meter
    chords: list[Chord]
    right: list[Texture]
    left: list[Texture]
    again: bool
    written: list[PrintedBar] | None = None

    @classmethod
    def draw(cls, meter: Meter, key: Key, chromatic: float, rng: np.random.Generator) -> "_Section":
        bars = int(rng.choice((6, 8, 8, 12)))
        per_bar = int(rng.choice((1, meter.beats))) if meter.beats < 5 else 1
        phrase = invent_phrase(key, bars * per_bar, chromatic=chromatic, rng=rng)
        right, left = (_draw_range(low, rng) for low in (_RIGHT_LOW, _LEFT_LOW))
        return cls(
            meter,
            [chord for chord in phrase for _ in range(meter.beats // per_bar)],
            _hand(_RIGHT, meter, right, rng, two=0.25),
            _hand(_LEFT, meter, left, rng, two=0.12),
            again=bool(rng.random() < 0.5),
        )

    def bars(self, signature: Key, rng: np.random.Generator) -> list[PrintedBar]:
        """Write the section; when it comes again it is the same, or the same textures make it anew."""
        if self.written and self.again:
            return self.written
        beats = self.meter.beats
        self.written = []
        for first in range(0, len(self.chords), beats):
            bar = Bar(self.meter, tuple(self.chords[first : first + beats]))
            right, left = (tuple(play(bar, rng) for play in hand) for hand in (self.right, self.left))
            self.written.append(PrintedBar(signature, right, left))
        return self.written


def _draw_range(lows: tuple[int, int], rng: np.random.Generator) -> Range:
    low = int(rng.integers(lows[0], lows[1] + 1))
    return Range(low, low + int(rng.integers(_WIDTH[0], _WIDTH[1] + 1)))


def _hand(makers: tuple, meter: Meter, reach: Range, rng: np.random.Generator, *, two: float) -> list[Texture]:
    """Draw what a hand plays; with the share ``two`` a melody above another texture."""
    if rng.random() < two:
        upper, lower = reach.part(0.5, 1.0), reach.part(-0.1, 0.4)
        return [line(meter, upper, rng), draw_texture(_LOWER_VOICE, meter, lower, rng)]
    return [draw_texture(makers, meter, reach, rng)]
