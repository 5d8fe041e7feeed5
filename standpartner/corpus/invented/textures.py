"""Invents what a hand plays: melodies, broken chords, chords, a bass with chords after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from standpartner.corpus.invented.harmony import Chord, SpelledPitch
from standpartner.corpus.invented.rhythm import Meter, equal_divisions, even, invent_rhythm

_OCTAVE: Final = 7  # in steps


@dataclass(frozen=True)
class Event:
    """A note, a chord or a rest of one voice.

    Attributes:
        ticks: The length.
        pitches: The pitches, from low to high; none is a rest.
        tied: Whether it is held from the event before, which has the same pitches.
        grace: A grace note before it.
    """

    ticks: int
    pitches: tuple[SpelledPitch, ...] = ()
    tied: bool = False
    grace: SpelledPitch | None = None

    @property
    def written(self) -> tuple[SpelledPitch, ...]:
        """All pitches in the order in which they are written, the grace note first."""
        return (self.grace, *self.pitches) if self.grace else self.pitches


@dataclass(frozen=True)
class Bar:
    """What a bar gives to all that play in it: the metre, and the chord of each beat."""

    meter: Meter
    chords: tuple[Chord, ...]

    def chord(self, tick: int) -> Chord:
        """Return the chord at a tick."""
        return self.chords[tick // self.meter.beat_ticks]


@dataclass(frozen=True)
class Range:
    """The steps between which a voice moves, both included."""

    low: int
    high: int

    def part(self, first: float, last: float) -> "Range":
        """Return a part of the range, as shares of its width."""
        width = self.high - self.low
        return Range(round(self.low + first * width), round(self.low + last * width))


Texture = Callable[[Bar, np.random.Generator], list[Event]]
"""A function that invents what a voice plays in a bar."""


def line(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of single notes that mostly move by steps."""
    return _melody(meter, reach, "alone", rng)


def melody(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of a line, alone or in thirds, sixths, octaves or chords."""
    doubled = rng.choice(("alone", "thirds", "sixths", "octaves", "chords"), p=(0.5, 0.12, 0.1, 0.16, 0.12))
    return _melody(meter, reach, str(doubled), rng)


def _melody(meter: Meter, reach: Range, doubled: str, rng: np.random.Generator) -> Texture:
    busy = float(rng.uniform(0, 1))
    rhythms = [invent_rhythm(meter, busy=busy, rng=rng) for _ in range(2)]
    rests, ties, leaps = rng.choice((0, 0.05, 0.15)), rng.choice((0, 0.3)), rng.uniform(0.05, 0.4)
    graces = rng.choice((0, 0, 0.06))
    at = int(rng.integers(reach.low, reach.high + 1))
    turn = 0

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        nonlocal at, turn
        turn += 1
        events: list[Event] = []
        tick = 0
        for ticks in rhythms[turn % 2]:
            if rng.random() < rests:
                events.append(Event(ticks))
            else:
                chord = bar.chord(tick)
                at = _moved(at, chord, reach, leap=tick % meter.beat_ticks == 0 or rng.random() < leaps, rng=rng)
                grace = chord.pitch(at + 1) if doubled == "alone" and rng.random() < graces else None
                events.append(Event(ticks, _doubled(at, chord, doubled, reach), grace=grace))
            tick += ticks
        return _with_ties(events, ties, rng)

    return play


def _moved(at: int, chord: Chord, reach: Range, *, leap: bool, rng: np.random.Generator) -> int:
    """Return the next step of a line: near by, and a note of the chord after a leap."""
    wanted = at + int(rng.choice((-4, -3, -2, 2, 3, 5) if leap else (-1, -1, 1, 1, 2, -2, 0)))
    if not reach.low <= wanted <= reach.high:
        wanted = 2 * at - wanted
    wanted = min(max(wanted, reach.low), reach.high)
    steps = chord.steps(reach.low, reach.high)
    return min(steps, key=lambda step: abs(step - wanted)) if leap and steps else wanted


def _doubled(at: int, chord: Chord, doubled: str, reach: Range) -> tuple[SpelledPitch, ...]:
    below = {
        "alone": [],
        "thirds": [at - 2],
        "sixths": [at - 5],
        "octaves": [at - _OCTAVE],
        "chords": [*chord.steps(at - _OCTAVE + 1, at - 2)[-2:]],
    }[doubled]
    steps = [step for step in below if step >= reach.low - _OCTAVE] + [at]
    return tuple(chord.pitch(step) for step in steps)


def _with_ties(events: list[Event], share: float, rng: np.random.Generator) -> list[Event]:
    """Hold some notes through the next one."""
    result = events[:1]
    for event in events[1:]:
        before = result[-1]
        held = bool(before.pitches and event.pitches) and rng.random() < share / 2
        result.append(replace(event, pitches=before.pitches, tied=True, grace=None) if held else event)
    return result


_PATHS: Final = (
    (0, 2, 1, 2),  # Alberti's
    (0, 1, 2, 3),
    (0, 1, 2, 3, 2, 1),
    (3, 2, 1, 0),
    (0, 2, 4, 3, 2, 1),
    (0, 3, 2, 3),
    (0, 1),
    (0, 2, 3, 4, 5, 4, 3, 2),
    (0, 1, 2, 3, 4, 5, 6, 7),
    (5, 4, 3, 2, 1, 0),
)


def broken_chords(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of equal notes that go through the chord, the same way in each bar."""
    per_beat = int(rng.choice([number for number in equal_divisions(meter) if number > 1]))
    path = _PATHS[rng.integers(len(_PATHS))]
    doubled = rng.random() < 0.1

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        events = []
        for number, ticks in enumerate(even(meter, per_beat)):
            chord = bar.chord(number * ticks)
            ladder = chord.steps(reach.low, reach.high + _OCTAVE)
            step = ladder[min(path[number % len(path)], len(ladder) - 1)]
            steps = (step, step + _OCTAVE) if doubled else (step,)
            events.append(Event(ticks, tuple(chord.pitch(step) for step in steps)))
        return events

    return play


def chords(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of chords in one rhythm."""
    rhythm = invent_rhythm(meter, busy=float(rng.uniform(0, 0.8)), rng=rng)
    size, octave = int(rng.integers(2, 5)), rng.random() < 0.25
    rests = rng.choice((0, 0.1, 0.3))

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        events, tick = [], 0
        for ticks in rhythm:
            chord = bar.chord(tick)
            steps = _stack(chord, reach, size, rng)
            steps = sorted({*steps, steps[0] + _OCTAVE}) if octave else steps
            events.append(Event(ticks, () if rng.random() < rests else tuple(chord.pitch(step) for step in steps)))
            tick += ticks
        return events

    return play


def _stack(chord: Chord, reach: Range, size: int, rng: np.random.Generator) -> list[int]:
    """Return neighbouring notes of a chord, no wider than an octave and a step."""
    ladder = chord.steps(reach.low, reach.high)
    first = int(rng.integers(0, max(1, len(ladder) - size + 1)))
    return [step for step in ladder[first : first + size] if step <= ladder[first] + _OCTAVE + 1]


def bass_and_chords(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of a low note or octave on the first beat and chords on the others, as in a waltz or a rag."""
    octave, size = rng.random() < 0.4, int(rng.integers(2, 4))
    halves = meter.beats == 1 or rng.random() < 0.3
    ticks = meter.beat_ticks // 3 if meter.beats == 1 else meter.beat_ticks // 2 if halves else meter.beat_ticks
    every = 2 if meter.beats in (2, 4) else meter.bar_ticks // ticks

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        events = []
        for number in range(meter.bar_ticks // ticks):
            chord = bar.chord(number * ticks)
            if number % every == 0:
                low = chord.steps(reach.low, reach.high)[0]
                steps = [low - _OCTAVE, low] if octave else [low]
            else:
                steps = _stack(chord, Range(reach.low + 4, reach.high + 4), size, rng)
            events.append(Event(ticks, tuple(chord.pitch(step) for step in steps)))
        return events

    return play


def held_chords(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of one chord or note for a bar."""
    size = int(rng.integers(1, 5))

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        chord = bar.chord(0)
        pitches = tuple(chord.pitch(step) for step in _stack(chord, reach, size, rng))
        return [Event(ticks, pitches, tied=number > 0) for number, ticks in enumerate(meter.bar_note_ticks)]

    return play


def silence(meter: Meter, reach: Range, rng: np.random.Generator) -> Texture:
    """Make a texture of rests."""

    def play(bar: Bar, rng: np.random.Generator) -> list[Event]:
        return [Event(ticks) for ticks in meter.bar_note_ticks]

    return play


def draw_texture(
    makers: Sequence[tuple[Callable[[Meter, Range, np.random.Generator], Texture], float]],
    meter: Meter,
    reach: Range,
    rng: np.random.Generator,
) -> Texture:
    """Draw one of several textures by their weights, and what it is like."""
    weights = np.array([weight for _, weight in makers])
    make, _ = makers[rng.choice(len(makers), p=weights / weights.sum())]
    return make(meter, reach, rng)
