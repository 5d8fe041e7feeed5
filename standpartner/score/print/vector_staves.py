"""Takes staves and barlines from the lines that a vector page draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.staves import LINES, Staff
from standpartner.score.print.vector import VectorLines

_SAME_HEIGHT: Final = 0.1  # px between pieces of one staff line
_TOUCHING: Final = 3.0  # px between two of them: staff lines may be drawn bar by bar
_LEAST_LINE: Final = 5.0  # spacings
_NEAR: Final = 0.3  # spacings between a line that was seen and the one that is drawn
_EVEN: Final = 0.03  # of the spacing
_OFF_END: Final = 1.5  # spacings between the end of a staff that was seen and the end of its lines
_SAME_STROKE: Final = 0.1  # spacings between the parts of one barline
_STEM: Final = 2.0  # spacings: the shortest
_EXACT: Final = 0.12  # spacings between a barline's end and the middle of its staff line: no stem ends so close


def exact_staves(lines: VectorLines, staves: Sequence[Staff]) -> list[Staff]:
    """Put staves that were seen where the page draws them; one whose five lines are not all drawn stays as it is.

    Args:
        lines: The lines of the page in px.
        staves: Staves that were found in the picture of the page.
    """
    drawn = _whole_lines(lines.across)
    return [_exact_staff(drawn, staff) for staff in staves]


def _whole_lines(across: Array) -> Array:
    """Join the pieces of lines: left, right and height of each, (lines, 3), from top to bottom."""
    whole: list[list[float]] = []
    ordered = across[np.argsort(across[:, 2])]
    for pieces in np.split(ordered, np.flatnonzero(np.diff(ordered[:, 2]) > _SAME_HEIGHT) + 1):
        start = len(whole)
        for left, right, height in pieces[np.argsort(pieces[:, 0])]:
            if len(whole) > start and left <= whole[-1][1] + _TOUCHING:
                whole[-1][1] = max(whole[-1][1], right)
            else:
                whole.append([left, right, height])
    return np.array(whole).reshape(-1, 3)


def _exact_staff(drawn: Array, staff: Staff) -> Staff:
    spacing = staff.spacing_px
    long = drawn[drawn[:, 1] - drawn[:, 0] > _LEAST_LINE * spacing]
    off_end = np.maximum(np.abs(long[:, 0] - staff.left_px), np.abs(long[:, 1] - staff.right_px))
    long = long[off_end < _OFF_END * spacing]
    expected = staff.level_px + LINES * spacing
    if len(long) == 0:
        return staff
    found = long[np.argmin(np.abs(long[:, 2][None] - expected[:, None]), axis=1)]
    gaps = np.diff(found[:, 2])
    exact = float(gaps.mean())
    if np.abs(found[:, 2] - expected).max() > _NEAR * spacing or np.ptp(gaps) > _EVEN * exact:
        return staff
    left, right = (float(end) for end in np.median(found[:, :2], axis=0))
    ends, middle = np.array([left, right]), float(found[:, 2].mean())
    level = replace(staff, x_px=ends, y_px=np.full(2, middle), left_px=left, right_px=right)
    return replace(level, spacing_px=exact, is_exact=True)


@dataclass(frozen=True)
class VectorStrokes:
    """The upright lines of a system.

    Attributes:
        barlines_px: Left and right edge of each barline, from left to right.
        stems_px: The middles of other lines that are as long as stems, from left to right.
    """

    barlines_px: list[tuple[float, float]]
    stems_px: list[float]


def vector_strokes(lines: VectorLines, staves: Sequence[Staff]) -> VectorStrokes:
    """Tell the barlines of a system from stems.

    Barlines are upright lines over each of its staves that end at its first and at its last line.

    Args:
        lines: The lines of the page in px.
        staves: Its exact staves from top to bottom.
    """
    spacing = staves[0].spacing_px
    near, slack = _SAME_STROKE * spacing, _EXACT * spacing
    ends = [(float(s.y_px[0]) - 2 * s.spacing_px, float(s.y_px[0]) + 2 * s.spacing_px) for s in staves]
    top, bottom, x = lines.upright[:, :3].T
    left, right = staves[0].left_px, staves[0].right_px
    inside = (bottom > ends[0][0]) & (top < ends[-1][1]) & (x > left - spacing) & (x < right + spacing)
    uprights = lines.upright[inside][np.argsort(x[inside])]
    columns = np.split(uprights, np.flatnonzero(np.diff(uprights[:, 2]) > near) + 1) if len(uprights) else []
    barlines, stems = [], []
    for column in columns:
        exact = abs(column[:, 0].min() - ends[0][0]) < slack and abs(column[:, 1].max() - ends[-1][1]) < slack
        half = column[:, 3] / 2
        if exact and all(_covers(column, first, last, slack) for first, last in ends):
            barlines.append((float((column[:, 2] - half).min()), float((column[:, 2] + half).max())))
        elif np.ptp(column[:, :2]) > _STEM * spacing:
            stems.append(float(column[:, 2].mean()))
    return VectorStrokes(barlines, stems)


def _covers(column: Array, first: float, last: float, slack: float) -> bool:
    """Whether upright lines leave no gap between two heights."""
    reached = first
    for top, bottom, _, _ in column[np.argsort(column[:, 0])]:
        if top > reached + slack:
            break
        reached = max(reached, bottom)
    return bool(reached > last - slack)


def are_level(lines: VectorLines, width_px: float) -> bool:
    """Whether a page draws five long lines at equal distances, level, so that it needs no straightening."""
    drawn = _whole_lines(lines.across)
    heights = drawn[drawn[:, 1] - drawn[:, 0] > 0.25 * width_px][:, 2]
    for start in range(len(heights) - 4):
        gaps = np.diff(heights[start : start + 5])
        if np.ptp(gaps) < _EVEN * gaps.mean():
            return True
    return False
