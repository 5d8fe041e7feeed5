"""Upright strokes on a system's patch: how fully each runs through staves and gaps, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import SPACE_PX, Patch

_DRIFT_PX: Final = 3  # patch px by which a stroke may be off upright from its top to its bottom
_MENDED: Final = 0.3  # spacings of a break that is closed
_LEAST_FILL: Final = 0.6
_CELL_PX: Final = 3
_VIEW_ROWS: Final = 28  # cells: seven spacings, four of them the staff's
_VIEW_COLUMNS: Final = 21  # cells: the stroke is in the middle one
VIEW_SIZE: Final = _VIEW_ROWS * _VIEW_COLUMNS


@dataclass(frozen=True)
class Stroke:
    """An upright stroke over all staves of a patch.

    Attributes:
        x: Its middle column.
        first: Its first column.
        last: Its last column.
        fill: Share of rows with ink in each zone.
        beyond: Share of rows with ink just above the first and just below the last line.
        beside: Share of rows off the lines with ink, close to its left and to its right.
        head: The fullest stretch of a spacing close to its left and to its right: what a notehead fills.
        outer: The same, of what reaches a spacing beyond the first and the last line: heads and beams at its ends.
        hole: Longest break in spacings.
        ends: By how many spacings it ends off the first and off the last line, at most 1.
        bulge: Share of rows off the lines at which it is much wider than it mostly is, as where a head touches it.
        views: For each staff what stands about the stroke, (staves, `VIEW_SIZE`), see `_view`.
    """

    x: int
    first: int
    last: int
    fill: Array
    beyond: tuple[float, float]
    beside: tuple[float, float]
    head: tuple[float, float]
    outer: tuple[float, float]
    hole: float
    ends: tuple[float, float]
    bulge: float
    views: Array

    @property
    def width(self) -> float:
        """Width in spacings."""
        return (self.last - self.first + 1) / SPACE_PX


def find_strokes(patch: Patch, *, least_fill: float = _LEAST_FILL) -> list[Stroke]:
    """Find strokes that run through all staves and gaps, from left to right."""
    fill, drift = _fills(patch)
    weights = np.array([last - first for first, last in patch.zones], float)
    mean = (fill * weights[:, None]).sum(0) / weights.sum()
    value = mean + 0.5 * fill.min(0)
    found = np.flatnonzero((fill.min(0) > least_fill) & (mean > least_fill + 0.1))
    if len(found) == 0:
        return []
    off_lines = _off_lines(patch)
    strokes = []
    for group in np.split(found, np.flatnonzero(np.diff(found) > 2) + 1):
        best = value[group].max()
        core = group[value[group] > best - 0.12]
        x = int(core[len(core) // 2])
        strokes.append(_stroke(patch, off_lines, x, (int(core[0]), int(core[-1])), fill[:, x], int(drift[x])))
    return strokes


def strokes_at(patch: Patch, ends_px: Sequence[tuple[float, float]]) -> list[Stroke]:
    """Strokes whose left and right edges on the page are known; those without ink are left out.

    Args:
        patch: The patch.
        ends_px: Left and right edge of each in page px, from left to right.
    """
    off_lines = _off_lines(patch)
    strokes = []
    for edges in ends_px:
        first, last = np.clip(np.searchsorted(patch.page_x_px, edges), 0, len(patch.page_x_px) - 1)
        x = int(first + last) // 2
        along = _along(patch, x, 0)
        fill = np.array([along[start:stop].mean() for start, stop in patch.zones])
        if fill[::2].min() > _LEAST_FILL:
            strokes.append(_stroke(patch, off_lines, x, (int(first), int(last)), fill, 0))
    return strokes


def _fills(patch: Patch) -> tuple[Array, Array]:
    """Of every column the share of rows with ink by zone (zones, columns), at its best drift, and that drift."""
    ink = cv2.morphologyEx(patch.ink, cv2.MORPH_CLOSE, np.ones((round(_MENDED * SPACE_PX) | 1, 1), np.uint8))
    ink = cv2.dilate(ink, np.ones((1, 2), np.uint8))
    height, width = ink.shape
    wide = cv2.dilate(ink, np.ones((1, 2 * _DRIFT_PX + 1), np.uint8))[patch.top : patch.bottom].mean(0)
    columns = np.flatnonzero(wide > 0.7)
    fill = np.zeros((len(patch.zones), width))
    drift_of = np.zeros(width, np.int64)
    if len(columns) == 0:
        return fill, drift_of
    rows = np.arange(height)
    share = (rows - (patch.top + patch.bottom) / 2) / max(1, patch.bottom - patch.top)
    best = np.full(width, -1.0)
    for drift in range(-_DRIFT_PX, _DRIFT_PX + 1):
        moved = columns[None] + np.rint(drift * share).astype(int)[:, None]
        sheared = ink[rows[:, None], np.clip(moved, 0, width - 1)]
        zone_fill = np.stack([sheared[first:last].mean(0) for first, last in patch.zones])
        value = zone_fill.mean(0) + 0.5 * zone_fill.min(0) - 0.01 * abs(drift)
        better = value > best[columns]
        at = columns[better]
        best[at] = value[better]
        fill[:, at] = zone_fill[:, better]
        drift_of[at] = drift
    return fill, drift_of


def _off_lines(patch: Patch) -> Array:
    """Rows that hold no staff line."""
    off = np.ones(len(patch.ink), np.uint8)
    reach = round(0.5 * patch.thickness) + 2
    for first, last in patch.staves:
        for line in np.linspace(first, last, 5):
            off[max(0, round(line) - reach) : round(line) + reach + 1] = 0
    return off.astype(bool)


def _stroke(patch: Patch, off: Array, x: int, ends: tuple[int, int], fill: Array, drift: int) -> Stroke:
    first, last = ends
    near, far = round(0.22 * SPACE_PX), round(0.8 * SPACE_PX)
    inside = off & _between(patch)
    left, right = _columns(patch, first - far, first - near), _columns(patch, last + near + 1, last + far + 1)
    return Stroke(
        x=x,
        first=first,
        last=last,
        fill=fill,
        beyond=_beyond(patch, x, drift),
        beside=(float(left[inside].mean()), float(right[inside].mean())),
        head=(_head(patch, left, off), _head(patch, right, off)),
        outer=(_head(patch, left, off, beyond=SPACE_PX), _head(patch, right, off, beyond=SPACE_PX)),
        hole=_hole(patch, x, drift),
        ends=_ends(patch, x, drift),
        bulge=_bulge(patch, x, drift, inside),
        views=np.stack([_view(patch, staff, x, drift) for staff in patch.staves]),
    )


def _columns(patch: Patch, first: int, last: int) -> Array:
    width = patch.ink.shape[1]
    return patch.ink[:, np.clip(np.arange(first, last), 0, width - 1)]


def _along(patch: Patch, x: int, drift: int) -> Array:
    """Ink along a stroke, row by row, a px to either side counted."""
    rows = np.arange(len(patch.ink))
    share = (rows - (patch.top + patch.bottom) / 2) / max(1, patch.bottom - patch.top)
    middle = x + np.rint(drift * share).astype(int)
    width = patch.ink.shape[1]
    hit = np.zeros(len(rows), np.uint8)
    for off in (-1, 0, 1):
        hit |= patch.ink[rows, np.clip(middle + off, 0, width - 1)]
    return hit


def _beyond(patch: Patch, x: int, drift: int) -> tuple[float, float]:
    along = _along(patch, x, drift)
    clear = round(0.5 * patch.thickness + 0.2 * SPACE_PX)
    reach = round(1.2 * SPACE_PX)
    above = along[max(0, patch.top - clear - reach) : patch.top - clear]
    below = along[patch.bottom + clear + 1 : patch.bottom + clear + 1 + reach]
    return float(above.mean()), float(below.mean())


def _between(patch: Patch) -> Array:
    """Rows from the first to the last line."""
    rows = np.arange(len(patch.ink))
    return np.asarray((rows >= patch.top) & (rows <= patch.bottom))


def _head(patch: Patch, columns: Array, off: Array, *, beyond: int = 0) -> float:
    """The fullest stretch of rows, staff lines not counted, of a spacing's height."""
    within = slice(patch.top - beyond, patch.bottom + beyond + 1)
    share = columns[within].mean(1)
    counted = off[within].astype(float)
    window = np.ones(round(0.8 * SPACE_PX))
    total = np.convolve(share * counted, window, "same")
    rows = np.convolve(counted, window, "same")
    return float((total / np.maximum(rows, 0.4 * len(window))).max())


def _hole(patch: Patch, x: int, drift: int) -> float:
    along = _along(patch, x, drift)[patch.top : patch.bottom + 1]
    ends = np.flatnonzero(np.concatenate([[1], along, [1]]))
    return float((np.diff(ends) - 1).max()) / SPACE_PX


def _ends(patch: Patch, x: int, drift: int) -> tuple[float, float]:
    along = _along(patch, x, drift)
    middle, part = (patch.top + patch.bottom) // 2, (patch.bottom - patch.top) // 3
    white = np.flatnonzero(along == 0)
    above, below = white[white < middle - part], white[white > middle + part]
    first = int(above[-1]) + 1 if len(above) else 0
    last = int(below[0]) - 1 if len(below) else len(along) - 1
    reach = round(0.5 * patch.thickness)
    off = abs(first - (patch.top - reach)) / SPACE_PX, abs(last - (patch.bottom + reach)) / SPACE_PX
    return min(off[0], 1.0), min(off[1], 1.0)


def _view(patch: Patch, staff: tuple[int, int], x: int, drift: int) -> Array:
    """The ink about a stroke, from above to below a staff and to both sides, upright; means of cells, in one row."""
    first = (staff[0] + staff[1]) // 2 - _VIEW_ROWS * _CELL_PX // 2
    rows = np.arange(first, first + _VIEW_ROWS * _CELL_PX)
    share = (rows - (patch.top + patch.bottom) / 2) / max(1, patch.bottom - patch.top)
    middle = x + np.rint(drift * share).astype(int)
    columns = middle[:, None] + np.arange(_VIEW_COLUMNS * _CELL_PX) - _VIEW_COLUMNS * _CELL_PX // 2
    height, width = patch.ink.shape
    known = (rows[:, None] >= 0) & (rows[:, None] < height) & (columns >= 0) & (columns < width)
    ink = patch.ink[np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)] * known
    cells = ink.reshape(_VIEW_ROWS, _CELL_PX, _VIEW_COLUMNS, _CELL_PX).mean((1, 3))
    return np.asarray(cells.ravel(), np.float32)


def _bulge(patch: Patch, x: int, drift: int, off: Array) -> float:
    rows = np.flatnonzero(off)
    share = (rows - (patch.top + patch.bottom) / 2) / max(1, patch.bottom - patch.top)
    middle = x + np.rint(drift * share).astype(int)
    reach = np.arange(1, 2 * SPACE_PX)
    width = patch.ink.shape[1]
    run = np.zeros(len(rows))
    for side in (-1, 1):
        along = patch.ink[rows[:, None], np.clip(middle[:, None] + side * reach, 0, width - 1)]
        run += np.cumprod(along, axis=1).sum(1)
    usual = np.median(run)
    return float((run > usual + 0.3 * SPACE_PX).mean())
