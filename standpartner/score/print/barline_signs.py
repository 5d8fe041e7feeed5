"""Joins the strokes of one sign (double barlines, repeats) to a barline, says what it means, and whether a bar ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.strokes import Stroke

_TOGETHER: Final = 1.25  # spacings between strokes of one double line or repeat sign
_WIDE: Final = 0.5  # spacings from which a barline is more than a single line
_THICK: Final = 0.33  # spacings
_COMPANION: Final = 0.2  # chance from which a stroke beside a barline is part of its sign, as thick strokes are
_CLOSE: Final = 0.7  # spacings from a barline within which any stroke is part of its sign
NO_BARLINE: Final = 2.0  # spacings from the left end within which the opening line stands
_OPENING: Final = 18.0  # spacings from the left end within which a repeat may open a system
_OPENING_UNCLEAR: Final = 14.0  # the same for a thick line whose dots were not seen
_HEADER: Final = 9.0  # the same for any line, or what is taken for one: a metre has upright strokes, too
_PICKUP: Final = 2.0  # spacings by which heads stand before the line that ends their bar
_PICKUP_BEFORE_REPEAT: Final = 2.5  # the same before a repeat sign
HEAD_COLUMNS: Final = 3  # columns side by side that a head takes at least
_NO_BAR: Final = 3.0  # spacings between barlines that are too few for a bar
_NO_BAR_BEFORE_REPEAT: Final = 5.5  # the same where a repeat begins: clef, key or time may stand before it


@dataclass(frozen=True)
class Barline:
    """A barline: its first and last column of the patch, its kind, and the probability that it is one."""

    first: int
    last: int
    kind: str
    probability: float


def join_strokes(
    patch: Patch, strokes: Sequence[Stroke], chances: Sequence[float], edges: tuple[int, int]
) -> list[Barline]:
    """The barlines of a system, from left to right, from its strokes and how likely each is one."""
    sure = [stroke for stroke, chance in zip(strokes, chances, strict=True) if chance > 0.5]
    groups: list[list[int]] = []
    for index, (stroke, chance) in enumerate(zip(strokes, chances, strict=True)):
        close = any(_gap(stroke, other) < _CLOSE * SPACE_PX for other in sure)
        if chance <= _COMPANION and stroke.width < _THICK and not close:
            continue
        if groups and _gap(strokes[groups[-1][-1]], stroke) < _TOGETHER * SPACE_PX:
            groups[-1].append(index)
        else:
            groups.append([index])
    groups = [group for group in groups if max(chances[index] for index in group) > 0.5]
    lines = []
    for group in groups:
        members = [strokes[index] for index in group]
        probability = max(chances[index] for index in group)
        lines.append(Barline(members[0].first, members[-1].last, _kind(patch, members, edges), probability))
    return lines


def _gap(one: Stroke, other: Stroke) -> int:
    """Columns between two strokes."""
    return max(other.first - one.last, one.first - other.last)


def _kind(patch: Patch, strokes: Sequence[Stroke], edges: tuple[int, int]) -> str:
    first, last = strokes[0].first, strokes[-1].last
    thick = any(stroke.width >= _THICK for stroke in strokes)
    left, right = _dots(patch, first, -1), _dots(patch, last, 1)
    if left and right:
        return "repeat ends and begins"
    if left or right:
        return "repeat ends" if left else "repeat begins"
    if thick and len(strokes) > 1 and last > edges[1] - SPACE_PX:
        return "final"
    return "double" if len(strokes) > 1 or last - first > 0.7 * SPACE_PX else "single"


def _dots(patch: Patch, column: int, side: int) -> bool:
    """Whether two dots stand beside a column in the two middle spaces of every staff."""
    near, far = column + side * round(0.25 * SPACE_PX), column + side * round(1.1 * SPACE_PX)
    low, high = sorted((near, far))
    if low < 0 or high >= patch.ink.shape[1]:
        return False
    for top, _ in patch.staves:
        for space in (1, 2):
            rows = patch.ink[top + space * SPACE_PX + 3 : top + (space + 1) * SPACE_PX - 2, low : high + 1]
            if not 0.2 < rows.mean() < 0.85:
                return False
        for space in (0, 3):
            rows = patch.ink[top + space * SPACE_PX + 3 : top + (space + 1) * SPACE_PX - 2, low : high + 1]
            if rows.mean() > 0.15:
                return False
    return True


def bar_ends(lines: Sequence[Barline], left: int, heads: Array) -> list[Barline]:
    """The barlines that end a bar: not the opening ones, and not those before which there is no room for a bar.

    Args:
        lines: All barlines.
        left: Column of the left end of the system.
        heads: Columns of heads.
    """
    ends: list[Barline] = []
    for line in lines:
        if not _opens(line, lines, left, heads) and not (ends and _no_bar(ends[-1], line, heads)):
            ends.append(line)
    return ends


def _no_bar(before: Barline, line: Barline, heads: Array) -> bool:
    """Whether there is no bar between two barlines, only clef, key or time."""
    least = _NO_BAR_BEFORE_REPEAT if line.kind == "repeat begins" else _NO_BAR
    notes = (heads > before.last) & (heads < line.first)
    return line.first - before.last < least * SPACE_PX and not bool(notes.any())


def _pickup_before(line: Barline, heads: Array) -> bool:
    """Whether heads stand before a barline.

    Before a repeat sign numbers of the metre may touch each other, and look like a head with a stem: only what is
    further off and as wide as a head counts.
    """
    if line.kind != "repeat begins":
        return bool((heads < line.first - _PICKUP * SPACE_PX).any())
    columns = np.sort(heads[heads < line.first - _PICKUP_BEFORE_REPEAT * SPACE_PX])
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return max(len(group) for group in groups) >= HEAD_COLUMNS


def _opens(line: Barline, lines: Sequence[Barline], left: int, heads: Array) -> bool:
    """Whether a barline opens the system instead of ending a bar: it stands before all music, or nearly."""
    if line.first <= left + NO_BARLINE * SPACE_PX:
        return True
    if _pickup_before(line, heads):
        return False
    if line.kind == "repeat begins":
        reach = _OPENING
    elif line.kind != "single" and line.last - line.first >= _WIDE * SPACE_PX:
        reach = _OPENING_UNCLEAR
    else:
        reach = _HEADER
    first = not any(left + NO_BARLINE * SPACE_PX < other.first < line.first for other in lines)
    return line.first < left + reach * SPACE_PX and (first or reach == _HEADER)
