"""Ink of a page: paper made even, black edges off, and how far apart and how thick staff lines are.

Images of ink are uint8, 1 where ink is and 0 elsewhere.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array

_COLUMN_STEP: Final = 3  # every third column is looked at
_LONGEST_SPACING_PX: Final = 80
_SHORTEST_SPACING_PX: Final = 4
_THICKEST_LINE: Final = 0.45  # of the spacing
_SURROUNDINGS_PX: Final = 31
_HALF_COVERED: Final = 145.0  # grey of a px that a thin line of a vector page covers by half or a little less
_LEAST_DARKER: Final = 22.0  # grey levels by which thin ink is darker than its surroundings
_NOISE: Final = 5.0  # times the noise of the paper
_SOLID: Final = 1.7  # spacings: no beam, head or clef is solid over so much in both directions


@dataclass(frozen=True)
class LineScale:
    """Distance and thickness of staff lines in px, and how many places of the page speak for them."""

    spacing_px: float
    thickness_px: float
    votes: int


@dataclass(frozen=True)
class LinePoints:
    """Places where a column crosses four or more lines at equal distances: the middles of such lines."""

    x_px: Array
    y_px: Array
    period_px: Array
    thickness_px: Array


def even_paper(grey: Array) -> Array:
    """Make the paper white everywhere: shadows and uneven light off, uint8 of the same shape."""
    factor = 8
    height, width = grey.shape
    small = cv2.resize(grey, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 9)
    paper = cv2.GaussianBlur(paper, (0, 0), 4)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.divide(grey, np.maximum(paper, 60), scale=255)  # a black edge stays black


def ink_of(paper: Array) -> Array:
    """Binarise a page whose paper is even.

    Ink is what is dark, and what is darker than its surroundings by more than the noise: thin lines of a small or
    blurred picture are grey.
    """
    threshold, _ = cv2.threshold(paper, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark = cv2.threshold(paper, float(np.clip(threshold, _HALF_COVERED, 205)), 1, cv2.THRESH_BINARY_INV)[1]
    part = paper[::3, : paper.shape[1] // 2]
    noise = 1.48 * float(np.median(cv2.absdiff(part, cv2.medianBlur(part, 3))))
    least = max(_LEAST_DARKER, _NOISE * noise)
    way = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    return cv2.bitwise_or(dark, cv2.adaptiveThreshold(paper, 1, *way, _SURROUNDINGS_PX, least))


def without_solid(ink: Array, spacing_px: float) -> Array:
    """Take away what is too solid for music: black edges, a dark table, a thumb."""
    side = max(3, round(_SOLID * spacing_px))
    solid = cv2.erode(ink, np.ones((side, side), np.uint8))
    if not solid.any():
        return ink
    grown = cv2.dilate(solid, np.ones((side + 4, side + 4), np.uint8))
    return ink & (1 - grown)


def line_points(ink: Array) -> LinePoints:
    """Find where columns cross lines at equal distances, as only staves are crossed."""
    columns = np.ascontiguousarray(ink[:, ::_COLUMN_STEP].T)
    count, height = columns.shape
    padded = np.zeros((count, height + 2), np.int8)
    padded[:, 1:-1] = columns
    change = np.diff(padded.ravel())
    begins, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    column = begins // (height + 2)
    middle = (begins + ends) / 2 - column * (height + 2)
    thick = (ends - begins).astype(float)
    gap = np.diff(middle)
    gap[np.diff(column) != 0] = np.inf
    first, second, third = gap[:-2], gap[1:-1], gap[2:]
    with np.errstate(invalid="ignore"):
        period = (first + second + third) / 3
        tolerance = 0.08 * period + 0.6
        even = (np.abs(first - period) < tolerance) & (np.abs(second - period) < tolerance)
        even &= np.abs(third - period) < tolerance
    even &= (period > _SHORTEST_SPACING_PX) & (period < _LONGEST_SPACING_PX)
    widest = np.max([thick[:-3], thick[1:-2], thick[2:-1], thick[3:]], axis=0)
    even &= widest < np.maximum(_THICKEST_LINE * np.where(even, period, 0), 2.5)
    starts = np.flatnonzero(even)
    runs = (starts[:, None] + np.arange(4)[None]).ravel()
    runs, first_use = np.unique(runs, return_index=True)
    return LinePoints(
        x_px=column[runs] * _COLUMN_STEP,
        y_px=middle[runs].astype(np.int64),
        period_px=period[starts][first_use // 4],
        thickness_px=thick[runs],
    )


def line_scale(points: LinePoints) -> LineScale:
    """The commonest distance of lines and their thickness; 0 px where no staff was crossed."""
    if len(points.x_px) == 0:
        return LineScale(0.0, 0.0, 0)
    histogram = np.bincount(np.rint(points.period_px * 2).astype(int), minlength=2 * _LONGEST_SPACING_PX + 4)
    smooth = np.convolve(histogram, [1.0, 2.0, 3.0, 2.0, 1.0], "same")
    peak = int(np.argmax(smooth)) / 2
    near = np.abs(points.period_px - peak) <= max(1.0, 0.06 * peak)
    return LineScale(
        spacing_px=float(np.mean(points.period_px[near])),
        thickness_px=float(np.median(points.thickness_px[near])),
        votes=int(near.sum()),
    )


def thin_lines(ink: Array, scale: LineScale) -> Array:
    """Ink in vertical runs no longer than about two lines, where it goes on sideways for more than a spacing."""
    tall = round(1.8 * scale.thickness_px) + 2
    thin = ink & (1 - cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((tall, 1), np.uint8)))
    bridged = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((1, round(0.8 * scale.spacing_px) | 1), np.uint8))
    bridged = cv2.dilate(bridged, np.ones((3, 1), np.uint8))
    return cv2.morphologyEx(bridged, cv2.MORPH_OPEN, np.ones((1, max(7, round(1.4 * scale.spacing_px))), np.uint8))
