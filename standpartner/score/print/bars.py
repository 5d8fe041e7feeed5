"""Counts the bars of a system: which of its upright strokes end them, and how doubtful that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.bar_doubt import Evidence, other_tones, system_doubt
from standpartner.score.print.barline_probability import barline_probabilities
from standpartner.score.print.barline_signs import HEAD_COLUMNS, NO_BARLINE, Barline, bar_ends, join_strokes
from standpartner.score.print.heads import head_columns
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.strokes import Stroke, find_strokes, strokes_at
from standpartner.score.print.vector_staves import VectorStrokes

_BESIDE: Final = 1.25  # spacings from a barline within which other strokes are of its sign
_REST: Final = 7.0  # spacings without a barline at the right end that are no bar of their own
_LONG_REST: Final = 14.0  # spacings that are one even if no heads are seen
_HEADER: Final = 7.0  # spacings from the left end where music begins if no head is seen


@dataclass(frozen=True)
class Bars:
    """The bars of a system.

    Attributes:
        ends_px: Right end of each bar in page px.
        doubts: For each bar the probability that one of its ends is wrong.
        lines: All barlines, the opening one among them.
        doubt: Probability that the number of bars is wrong.
        begin_px: Where the music begins, in page px.
    """

    ends_px: list[float]
    doubts: list[float]
    lines: list[Barline]
    doubt: float
    begin_px: float


@dataclass(frozen=True)
class _Reading:
    """One look at a system.

    Attributes:
        patch: The system.
        strokes: Its strokes.
        chances: The chance of each to be a barline.
        edges: The columns of its ends.
        heads: The columns of heads or of their stems.
    """

    patch: Patch
    strokes: Sequence[Stroke]
    chances: Sequence[float]
    edges: tuple[int, int]
    heads: Array

    @cached_property
    def lines(self) -> list[Barline]:
        """All barlines."""
        return join_strokes(self.patch, self.strokes, self.chances, self.edges)

    @cached_property
    def ends(self) -> list[Barline]:
        """Those that end a bar."""
        return bar_ends(self.lines, self.edges[0], self.heads)

    @property
    def is_open(self) -> bool:
        """Whether a bar goes on to the right end of the system, and not the next system's clef, key and time."""
        if not self.ends:
            return True
        last = self.ends[-1].last
        rest = (self.edges[1] - last) / SPACE_PX
        return rest > _LONG_REST or (rest > _REST and bool((self.heads > last).any()))

    @property
    def bars(self) -> int:
        """The number of bars."""
        return len(self.ends) + self.is_open

    @property
    def begin(self) -> int:
        """The column where the music begins: the first head that is seen, if it is in the first bar."""
        first_end = self.ends[0].first if self.ends else self.edges[1]
        if len(self.heads) and self.heads[0] < first_end:
            return int(self.heads[0])
        return min(self.edges[0] + round(_HEADER * SPACE_PX), first_end, len(self.patch.page_x_px) - 1)


def find_bars(patch: Patch, *, left_px: float, right_px: float, drawn: VectorStrokes | None = None) -> Bars:
    """Find the bars of a system.

    Args:
        patch: The system.
        left_px: Its left end in page px.
        right_px: Its right end in page px.
        drawn: Its barlines and stems, where a vector page tells them.
    """
    edges = system_edges(patch, left_px=left_px, right_px=right_px)
    reading = None if drawn is None else _read_drawn(patch, edges, drawn)
    others = []
    if reading is None or not reading.ends:
        reading = _read(patch, edges)
        others = [_read(other, edges).bars for other in other_tones(patch)]
    page = patch.page_x_px
    ends_px = [float(page[min(line.last, len(page) - 1)]) for line in reading.ends]
    if reading.is_open:
        ends_px.append(right_px)
    else:
        ends_px[-1] = min(ends_px[-1], right_px)
    doubts = _doubts(reading)
    doubt = system_doubt(_evidence(reading, others))
    return Bars(ends_px, _scaled(doubts, doubt), reading.lines, doubt, float(page[reading.begin]))


def system_edges(patch: Patch, *, left_px: float, right_px: float) -> tuple[int, int]:
    """The columns of the patch at the ends of a system."""
    first, last = np.clip(np.searchsorted(patch.page_x_px, [left_px, right_px]), 0, len(patch.page_x_px) - 1)
    return int(first), int(last)


def bar_count(patch: Patch, strokes: Sequence[Stroke], chances: Sequence[float], edges: tuple[int, int]) -> int:
    """How many bars there are if the strokes that are likelier than 0.5 are the barlines."""
    return _Reading(patch, strokes, chances, edges, head_columns(patch, edges[0])).bars


def bar_evidence(patch: Patch, edges: tuple[int, int]) -> tuple[int, Evidence]:
    """The number of bars that is read, and what speaks for and against it."""
    reading = _read(patch, edges)
    return reading.bars, _evidence(reading, [_read(other, edges).bars for other in other_tones(patch)])


def _read(patch: Patch, edges: tuple[int, int]) -> _Reading:
    strokes = find_strokes(patch)
    chances = barline_probabilities(strokes, patch, edges)
    return _Reading(patch, strokes, chances, edges, head_columns(patch, edges[0]))


def _read_drawn(patch: Patch, edges: tuple[int, int], drawn: VectorStrokes) -> _Reading:
    strokes = strokes_at(patch, drawn.barlines_px)
    stems = np.searchsorted(patch.page_x_px, drawn.stems_px)
    wide = (stems[stems > edges[0]][:, None] + np.arange(HEAD_COLUMNS)).ravel()
    heads = wide if len(wide) else head_columns(patch, edges[0])
    return _Reading(patch, strokes, [1.0] * len(strokes), edges, heads)


def _evidence(reading: _Reading, others: Sequence[int]) -> Evidence:
    """What speaks for the bars, `others` being the numbers of bars that other tones have."""
    places = [line.last for line in reading.ends] + ([reading.edges[1]] if reading.is_open else [])
    sure, missed = _chances(reading)
    return Evidence(
        chance=float(np.prod(sure) * np.prod(missed)),
        disagreeing=sum(other != reading.bars for other in others),
        widths=np.diff([reading.begin, *places]) / SPACE_PX,
        is_open=reading.is_open,
    )


def _doubts(reading: _Reading) -> list[float]:
    """For each bar the doubt that the networks have of its ends and of what is between."""
    sure, missed = _chances(reading)
    return [
        1 - before * after * rest
        for before, after, rest in zip([1.0, *sure[:-1]], sure, missed[: len(sure)], strict=True)
    ]


def _chances(reading: _Reading) -> tuple[list[float], list[float]]:
    """For each bar the chances that its end is one, and that no other stroke in it is a barline."""
    sure = [line.probability for line in reading.ends] + ([1.0] if reading.is_open else [])
    ends = [line.last for line in reading.ends]
    free = np.ones(len(ends) + 1)
    reach, (left, right) = _BESIDE * SPACE_PX, reading.edges
    for stroke, chance in zip(reading.strokes, reading.chances, strict=True):
        close = any(line.first - reach < stroke.x < line.last + reach for line in reading.lines)
        inside = left + NO_BARLINE * SPACE_PX < stroke.x < right - SPACE_PX
        if chance <= 0.5 and not close and inside:
            free[int(np.searchsorted(ends, stroke.x))] *= 1 - chance
    return sure, free.tolist()


def _scaled(doubts: Sequence[float], doubt: float) -> list[float]:
    """Doubts of bars made larger or smaller, so that all bars are right with the chance that was measured."""
    clear = np.clip(1 - np.array(doubts), 1e-4, 1 - 1e-4)
    share = np.log(np.clip(1 - doubt, 1e-4, 1 - 1e-4)) / np.log(clear).sum()
    return [float(one) for one in 1 - clear**share]
