"""Measures pictures of printed music: how thick, dark, sharp, broken and dirty the print is.

Lengths are given as shares of the distance between two staff lines, so that pictures of any size compare.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.degrade.fields import Field
from standpartner.errors import ScoreError
from standpartner.score.model import Image
from standpartner.score.tables import Bools, Floats, Ints

LINES: Final = 5
_LONGEST_RUN_PX: Final = 120  # the longest run in the search of the spacing
_SLAB_SPACES: Final = 4.0  # the width of the slabs in which staff lines are sought; short, so that lines may lean
_LINE_SHARE: Final = 0.6  # the share of a slab's columns that are inked in a row of a staff line
_SPECK_SPACES: Final = 0.22  # specks are smaller than the square of this; augmentation dots are larger
_SOLID: Final = 10  # the percentile of dark greys that is taken for solid ink
_LINES_THERE: Final = 2  # a column belongs to a staff if this many of its lines have ink
_MARGIN_SHARE: Final = 0.04  # the share of the page at each side that is left out, because of black scanner edges


@dataclass(frozen=True)
class PrintStatistics:
    """The measures of one page.

    Attributes:
        spacing_px: The distance of two staff lines in px.
        line_thickness: The median thickness of staff lines, in spacings.
        line_spread: The 90th less the 10th percentile of that thickness, in spacings.
        stem_thickness: The most common length of horizontal black runs between .05 and .5 spacings.
        black_run: The median length of all vertical black runs, in spacings.
        long_black_run: The 90th percentile of these lengths.
        paper_grey: The median grey of the paper, 0 to 255.
        ink_grey: The grey of solid ink, the 10th percentile of all that is dark.
        middle_share: The share of pixels between paper and ink (a quarter to three quarters of the way) among all that
            are darker than a quarter of the way.
        edge_width: The width of the edge between ink and paper in spacings.
        broken_share: The share of a staff line's columns without ink where two lines of its staff have some.
        specks: The number of specks on an area of 1 000 square spacings.
    """

    spacing_px: float
    line_thickness: float
    line_spread: float
    stem_thickness: float
    black_run: float
    long_black_run: float
    paper_grey: float
    ink_grey: float
    middle_share: float
    edge_width: float
    broken_share: float
    specks: float


def print_statistics(page: Image) -> PrintStatistics:
    """Measure the print of a page.

    Args:
        page: The page, uint8 (height, width), 255 is white, with staff lines nearly level.

    Raises:
        ScoreError: No staff is found on the page.
    """
    page = _without_margin(page)
    paper, ink = _levels(page)
    black = page < (paper + ink) / 2
    spacing = staff_spacing_px(black)
    darkness = ((paper - page.astype(np.float32)) / np.float32(paper - ink)).clip(0, 1)
    thickness, broken = _staff_lines(black, darkness, spacing)
    vertical = _run_lengths(black.T) / spacing
    horizontal = _run_lengths(black) / spacing
    return PrintStatistics(
        spacing_px=spacing,
        line_thickness=float(np.median(thickness)),
        line_spread=float(np.subtract(*np.percentile(thickness, [90, 10]))),
        stem_thickness=_mode(horizontal, lowest=0.05, highest=0.5),
        black_run=float(np.median(vertical)),
        long_black_run=float(np.percentile(vertical, 90)),
        paper_grey=paper,
        ink_grey=ink,
        middle_share=float(np.sum((darkness > 0.25) & (darkness < 0.75)) / np.sum(darkness > 0.25)),
        edge_width=_edge_width(darkness) / spacing,
        broken_share=broken,
        specks=_specks(black, spacing),
    )


def staff_spacing_px(black: Bools) -> float:
    """Return the distance of two staff lines in px: the most common sum of a black run and the white run below it.

    Args:
        black: The ink, bool (height, width).

    Raises:
        ScoreError: There are no such runs.
    """
    edges = np.flatnonzero(np.diff(_padded(black.T).ravel()))
    lengths = np.diff(edges)  # black and white runs in turn, down each column, one column after the other
    sums = lengths[:-1:2] + lengths[1::2]
    sums = sums[sums < _LONGEST_RUN_PX]
    if not len(sums):
        raise ScoreError("expected a page with staff lines, found no two lines below each other")
    counts = np.convolve(np.bincount(sums, minlength=_LONGEST_RUN_PX + 2), [1, 1, 1], mode="same")
    best = int(counts[4:].argmax()) + 4
    near = sums[np.abs(sums - best) <= 1]
    return float(near.mean())


def _without_margin(page: Image) -> Image:
    down, across = (round(_MARGIN_SHARE * size) for size in page.shape)
    return page[down : page.shape[0] - down, across : page.shape[1] - across]


def _levels(page: Image) -> tuple[float, float]:
    """Return the greys of paper and solid ink: the median above, and a low percentile below, Otsu's threshold."""
    threshold, _ = cv2.threshold(page, 0, 255, cv2.THRESH_OTSU)
    light = page > threshold
    if light.all() or not light.any():
        raise ScoreError("expected a page with ink on paper, found a blank one")
    return float(np.median(page[light])), float(np.percentile(page[~light], _SOLID))


def _padded(rows: Bools) -> Ints:
    return np.pad(rows, ((0, 0), (1, 1))).astype(np.int8)


def _run_lengths(rows: Bools) -> Ints:
    """Return the lengths of the runs of True in every row."""
    change = np.diff(_padded(rows), axis=1)
    starts, ends = np.nonzero(change.ravel() > 0)[0], np.nonzero(change.ravel() < 0)[0]
    return ends - starts


def _mode(values: Floats, *, lowest: float, highest: float) -> float:
    counts, edges = np.histogram(values, bins=30, range=(lowest, highest))
    best = int(counts.argmax())
    return float((edges[best] + edges[best + 1]) / 2)


def _edge_width(darkness: Field) -> float:
    """Return the width of edges in px: 1 for a step, n for a ramp of n pixels."""
    steps = np.abs(np.diff(darkness, axis=0))
    steps = steps[steps > 0.04]
    return float(steps.sum() / np.square(steps).sum())


def _staff_lines(black: Bools, darkness: Field, spacing: float) -> tuple[Floats, float]:
    """Return the thicknesses of staff lines in spacings, and the share of their columns without ink."""
    width = max(8, round(_SLAB_SPACES * spacing))
    thickness: list[Floats] = []
    seen = inked = 0
    reach = max(1, round(0.15 * spacing))
    for left in range(0, black.shape[1] - width + 1, width):
        here = slice(left, left + width)
        for rows in _staves(black[:, here], spacing):
            near = np.stack([black[max(0, row - reach) : row + reach + 1, here].any(axis=0) for row in rows])
            there = near.sum(axis=0) >= _LINES_THERE
            seen, inked = seen + LINES * int(there.sum()), inked + int(near[:, there].sum())
            for row in rows:
                lengths = _thicknesses(black[:, here], darkness[:, here], row, reach=reach)
                thickness.append(lengths[lengths < 0.4 * spacing] / spacing)
    if not any(map(len, thickness)):
        raise ScoreError("expected a page with staves of five lines, found none; is it turned or too small?")
    return np.concatenate(thickness), 1 - inked / seen


def _staves(slab: Bools, spacing: float) -> list[list[int]]:
    """Return the five rows of every staff in a slab, which are inked along the slab at the spacing."""
    share = slab.mean(axis=1)
    near = np.maximum.reduce([np.roll(share, shift) for shift in (-1, 0, 1)])
    offsets = np.rint(np.arange(LINES) * spacing).astype(int)
    if len(near) <= offsets[-1]:
        return []
    comb = np.minimum.reduce([near[offset : len(near) - offsets[-1] + offset] for offset in offsets])
    tops: list[int] = []
    for top in np.argsort(-comb)[: np.count_nonzero(comb >= _LINE_SHARE)].tolist():
        if all(abs(top - other) >= offsets[-1] for other in tops):
            tops.append(top)
    return [[_strongest(share, int(top + offset)) for offset in offsets] for top in tops]


def _strongest(share: Floats, row: int) -> int:
    """Return the row with most ink among a row and its neighbours."""
    low = max(0, row - 1)
    return low + int(share[low : row + 2].argmax())


def _thicknesses(black: Bools, darkness: Field, row: int, *, reach: int) -> Floats:
    """Return the thickness of a staff line in px, in the columns where it has ink and stands free."""
    low, high = max(0, row - 2 * reach), min(len(black), row + 2 * reach + 1)
    free = black[row] & ~black[low] & ~black[high - 1]
    return darkness[low:high, free].sum(axis=0).astype(np.float64)


def _specks(black: Bools, spacing: float) -> float:
    _, _, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=8)
    small = stats[1:, cv2.CC_STAT_AREA] < (_SPECK_SPACES * spacing) ** 2
    return float(small.sum() / black.size * spacing**2 * 1000)
