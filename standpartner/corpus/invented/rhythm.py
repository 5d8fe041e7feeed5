"""Defines metres and invents rhythms, in ticks of a 24th of a quarter note."""

from dataclasses import dataclass
from typing import Final

import numpy as np

TICKS: Final = 24  # of a quarter note
_SIMPLE, _COMPOUND = TICKS, TICKS * 3 // 2


@dataclass(frozen=True)
class Meter:
    """A metre.

    Attributes:
        over: The upper number of its signature.
        under: The lower number.
        beats: The beats of a bar.
        beat_ticks: The ticks of a beat: a quarter note, or a dotted one.
    """

    over: int
    under: int
    beats: int
    beat_ticks: int

    @property
    def bar_ticks(self) -> int:
        """The ticks of a bar."""
        return self.beats * self.beat_ticks

    @property
    def bar_note_ticks(self) -> tuple[int, ...]:
        """The ticks of the fewest notes that fill a bar: two where no single note is as long, as in 5/4 and 9/8."""
        in_one = (1, 2, 3, 4) if self.beat_ticks == _SIMPLE else (1, 2, 4)
        longer = self.beats if self.beats in in_one else -(-self.beats // 2)
        return tuple(beats * self.beat_ticks for beats in (longer, self.beats - longer) if beats)


METERS: Final = (
    Meter(4, 4, 4, _SIMPLE),
    Meter(3, 4, 3, _SIMPLE),
    Meter(2, 4, 2, _SIMPLE),
    Meter(2, 2, 4, _SIMPLE),
    Meter(5, 4, 5, _SIMPLE),
    Meter(6, 8, 2, _COMPOUND),
    Meter(9, 8, 3, _COMPOUND),
    Meter(12, 8, 4, _COMPOUND),
    Meter(3, 8, 1, _COMPOUND),
)

# The ways to divide a beat, from calm to busy. 8, 16 and 4 ticks are notes of triplets and sextuplets.
_CELLS: Final = {
    _SIMPLE: ((24,), (12, 12), (18, 6), (8, 8, 8), (12, 6, 6), (6, 6, 12), (16, 8), (6, 6, 6, 6), (4,) * 6, (3,) * 8),
    _COMPOUND: ((36,), (24, 12), (12, 24), (12, 12, 12), (18, 6, 12), (12, 6, 6, 12), (6,) * 6, (3,) * 12),
}
_LONG_SHARE: Final = 0.3  # of beats that a calm rhythm joins with the beat before
_CELL_SPREAD: Final = 1.5


def even(meter: Meter, per_beat: int) -> list[int]:
    """Return the ticks of the notes of a bar of equal notes."""
    return [meter.beat_ticks // per_beat] * (per_beat * meter.beats)


def equal_divisions(meter: Meter) -> list[int]:
    """List the numbers of equal notes into which a beat can be divided."""
    return [len(cell) for cell in _CELLS[meter.beat_ticks] if len(set(cell)) == 1]


def invent_rhythm(meter: Meter, *, busy: float, rng: np.random.Generator) -> list[int]:
    """Invent the ticks of the notes of a bar.

    Args:
        meter: The metre.
        busy: 0 for long notes to 1 for very short ones.
        rng: The source of chance.
    """
    cells = _CELLS[meter.beat_ticks]
    weights = np.exp(-(((np.arange(len(cells)) - busy * (len(cells) - 1)) / _CELL_SPREAD) ** 2))
    drawn = rng.choice(len(cells), size=meter.beats, p=weights / weights.sum())
    notes: list[int] = []
    for number in drawn:
        joined = notes and notes[-1] == cells[number][0] == meter.beat_ticks and rng.random() < _LONG_SHARE
        if joined:
            notes[-1] = 2 * meter.beat_ticks
        else:
            notes += cells[number]
    return notes
