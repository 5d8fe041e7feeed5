"""Makes staff lines level: how the lines of a page lean is measured everywhere and straightened.

Between two columns some way apart, the points where staves are crossed agree at one shift of rows: the local lean.
A smooth surface through all local leans, summed from the middle of the page outwards, is how far each line has moved.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.ink import LinePoints

_BLOCKS_ACROSS: Final = 14
_BLOCKS_DOWN: Final = 7
_COLUMN_STEP: Final = 3
_NEAR: Final = 8  # sampled columns between which the first, rough lean is measured
_FAR: Final = 36
_STEEPEST: Final = 0.24  # px down for each px to the right: some 13 degrees
_ACROSS_ORDER: Final = 5
_DOWN_ORDER: Final = 2
_LEAST_LEAN: Final = 0.0012  # less than this stands within a fifth of a staff line over a whole page


@dataclass(frozen=True)
class Leans:
    """Local leans of the lines: px down for each px to the right, at places in px, each with a weight."""

    x_px: Array
    y_px: Array
    lean: Array
    weight: Array


@dataclass(frozen=True)
class Surface:
    """How far lines have moved down, as a polynomial of the place on the page; 0 in the middle column."""

    coefficients: Array  # (across, down): of lean, in coordinates from -1 to 1
    width_px: int
    height_px: int

    def shift(self, x_px: Array, y_px: Array) -> Array:
        """Px by which the line that crosses the middle column at `y_px` lies lower at `x_px`."""
        across = 2 * x_px / self.width_px - 1
        down = 2 * y_px / self.height_px - 1
        total = np.zeros(np.broadcast_shapes(np.shape(across), np.shape(down)))
        for i, row in enumerate(self.coefficients):
            total = total + across ** (i + 1) / (i + 1) * np.polynomial.polynomial.polyval(down, row)
        return total * self.width_px / 2


def measure_leans(points: LinePoints, shape: tuple[int, int], *, spacing_px: float) -> Leans:
    """Measure how lines lean in blocks of the page; blocks without staves are left out."""
    height, width = shape
    good = np.abs(points.period_px - spacing_px) < 0.2 * spacing_px
    column, row = points.x_px[good] // _COLUMN_STEP, points.y_px[good]
    crossed: Array = np.zeros((height, width // _COLUMN_STEP + 1), np.uint8)
    crossed[np.clip(row, 0, height - 1), column] = 1
    crossed = cv2.dilate(crossed, np.ones((3, 1), np.uint8))
    across = np.clip(column * _BLOCKS_ACROSS // crossed.shape[1], 0, _BLOCKS_ACROSS - 1)
    block = np.clip(row * _BLOCKS_DOWN // height, 0, _BLOCKS_DOWN - 1) * _BLOCKS_ACROSS + across
    count = _BLOCKS_DOWN * _BLOCKS_ACROSS
    base = np.zeros(count, np.int64)
    for far, most in (
        (_NEAR, round(_STEEPEST * _NEAR * _COLUMN_STEP) + 2),
        (_FAR, round(min(0.4 * spacing_px, 6)) + 2),
    ):
        met = [
            np.bincount(block, _met(crossed, column, row + base[block] + shift, far), minlength=count)
            for shift in range(-most, most + 1)
        ]
        shift, weight = _peak(np.array(met, np.float64))
        lean = (shift + base) / (far * _COLUMN_STEP)
        base = np.rint(lean * _FAR * _COLUMN_STEP).astype(np.int64)
    middle_x = np.bincount(block, column, minlength=count) / np.maximum(np.bincount(block, minlength=count), 1)
    middle_y = np.bincount(block, row, minlength=count) / np.maximum(np.bincount(block, minlength=count), 1)
    used = weight > 0
    return Leans(
        x_px=(middle_x[used] + _FAR / 2) * _COLUMN_STEP,
        y_px=middle_y[used],
        lean=lean[used],
        weight=weight[used],
    )


def _met(crossed: Array, column: Array, target_row: Array, far: int) -> Array:
    """Which points meet another point so many sampled columns further, in these rows."""
    height, width = crossed.shape
    target_column = column + far
    inside = (target_row >= 0) & (target_row < height) & (target_column < width)
    return np.where(inside, crossed[np.clip(target_row, 0, height - 1), np.minimum(target_column, width - 1)], 0)


def _peak(counts: Array) -> tuple[Array, Array]:
    """The shift of each column's highest count, between whole px, and how much it stands out; the middle row is 0."""
    smooth = counts.copy()
    smooth[1:-1] = counts[:-2] / 2 + counts[1:-1] + counts[2:] / 2
    best = np.clip(np.argmax(smooth, axis=0), 2, len(counts) - 3)
    index = best[None] + np.arange(-2, 3)[:, None]
    part = np.take_along_axis(counts, index, axis=0)
    part = np.maximum(part - np.median(counts, axis=0)[None], 0)
    total = part.sum(0)
    shift = (part * index).sum(0) / np.maximum(total, 1e-9) - len(counts) // 2
    return shift, np.where(total > 20, total, 0.0)


def fit_surface(
    leans: Leans, shape: tuple[int, int], *, across: int = _ACROSS_ORDER, down: int = _DOWN_ORDER
) -> Surface:
    """Lay a smooth surface through local leans; single leans that disagree count little."""
    height, width = shape
    x, y = 2 * leans.x_px / width - 1, 2 * leans.y_px / height - 1
    terms = [(i, j) for i in range(across) for j in range(down + 1)]
    matrix = np.stack([x**i * y**j for i, j in terms], axis=1)
    stiffness = np.array([0.02 * (i + 2 * j) ** 2 for i, j in terms]) * max(leans.weight.sum(), 1e-9) / 60
    weight: Array = leans.weight.copy()
    solution: Array = np.zeros(len(terms))
    for _ in range(6):
        normal = (matrix * weight[:, None]).T @ matrix + np.diag(stiffness)
        solution = np.linalg.solve(normal, (matrix * weight[:, None]).T @ leans.lean)
        off = np.abs(matrix @ solution - leans.lean)
        scale = max(0.002, 1.5 * float(np.median(off)))
        weight = leans.weight / (1 + (off / scale) ** 2)
    coefficients = np.zeros((across, down + 1))
    for (i, j), value in zip(terms, solution, strict=True):
        coefficients[i, j] = value
    return Surface(coefficients, width, height)


@dataclass(frozen=True)
class Uprights:
    """How strokes that should stand upright lean: px to the right for each px down, changing along and down the page.

    Attributes:
        middle: The lean in the middle of the page.
        along: What is added to it at the right edge.
        down: What is added to it at the bottom.
        width_px: Width of the page.
        height_px: Height of the page.
    """

    middle: float
    along: float
    down: float
    width_px: int
    height_px: int

    @property
    def steepest(self) -> float:
        """The strongest lean on the page."""
        return abs(self.middle) + abs(self.along) + abs(self.down)

    def shift(self, x_px: Array, y_px: Array) -> Array:
        """Px by which ink at `y_px` lies further right than where the same stroke crosses the middle row."""
        below = y_px - self.height_px / 2
        lean = self.middle + self.along * (2 * x_px / self.width_px - 1)
        return lean * below + self.down * below**2 / self.height_px


def measure_uprights(ink: Array, spacing_px: float) -> Uprights:
    """Measure how stems and barlines lean, as on a page that was photographed from one side."""
    height, width = ink.shape
    wide = cv2.dilate(ink, np.ones((1, 3), np.uint8))
    tall = cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones((round(1.6 * spacing_px), 1), np.uint8))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(tall, connectivity=8)
    heights, widths = stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH]
    good = (heights > 3 * spacing_px) & (widths < 0.4 * spacing_px + 0.14 * heights)
    good[0] = False
    if good.sum() < 6:
        return Uprights(0.0, 0.0, 0.0, width, height)
    y, x = np.nonzero(good[labels])
    label = labels[y, x]
    count = len(good)
    dx, dy = x - centres[label, 0], y - centres[label, 1]
    lean = np.bincount(label, dx * dy, minlength=count)[good] / np.bincount(label, dy * dy, minlength=count)[good]
    across = 2 * centres[good, 0] / width - 1
    low = 2 * centres[good, 1] / height - 1
    matrix = np.stack([np.ones_like(across), across, low], axis=1)
    base = heights[good].astype(float) - 2.5 * spacing_px
    weight = base.copy()
    for _ in range(8):
        normal = (matrix * weight[:, None]).T @ matrix + np.diag([0.0, 0.003, 0.02]) * weight.sum()
        solution = np.linalg.solve(normal, (matrix * weight[:, None]).T @ lean)
        off = np.abs(matrix @ solution - lean)
        weight = base / (1 + (off / max(0.004, 1.5 * float(np.median(off)))) ** 2)
    return Uprights(float(solution[0]), float(solution[1]), float(solution[2]), width, height)
