"""From a page of a file to straight pages: at a fit size, turned so that staves run across, two pages parted."""

import itertools
from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.files import PageSource, limit_scale, page_scale
from standpartner.score.print.ink import LineScale, even_paper, ink_of, line_points, line_scale, without_solid
from standpartner.score.print.straighten import LEAST_VOTES, StraightPage, Turning, straighten
from standpartner.score.print.vector import VectorLines
from standpartner.score.print.vector_staves import are_level

_LEAST_SPACING_PX: Final = 10.0
_MOST_SPACING_PX: Final = 22.0
_GOOD_SPACING_PX: Final = 14.0
_MOST_ZOOM: Final = 3.0
_GUTTER: Final = 3.0  # spacings without staves between two pages
_MIDDLE: Final = (0.35, 0.65)  # of the width: where the gutter is looked for
_CLEAR: Final = 0.6  # of the ink of columns with staves: dense notes hide staves, but have more


def straight_pages(source: PageSource, *, upside_down: bool = False) -> list[StraightPage]:
    """Draw a page of a file and straighten what it shows: one page, or two side by side.

    Args:
        source: The page.
        upside_down: Whether it is to be turned by 180 degrees.
    """
    scale = page_scale(source)
    turns, paper, lines = _turned(source.draw(scale))
    zoom = _zoom(lines)
    if zoom != 1:
        grey = source.draw(limit_scale(source, scale * zoom))
        paper = even_paper(np.ascontiguousarray(np.rot90(grey, turns)))
    if upside_down:
        turns, paper = turns + 2, np.ascontiguousarray(np.rot90(paper, 2))
    height, width = paper.shape
    drawn = None if turns else _drawn(source, (height, width))
    edges = [0, *_gutters(ink_of(paper)), width]
    pages = []
    for left, right in itertools.pairwise(edges):
        turning = Turning(right - left, height, turns, (width, height), left)
        part = None if drawn is None else drawn.placed(1, 1, left=left)
        pages.append(straighten(np.ascontiguousarray(paper[:, left:right]), turning, part))
    return pages


def _drawn(source: PageSource, shape: tuple[int, int]) -> VectorLines | None:
    """The lines of a vector page in px, if they show level staves."""
    lines = source.lines()
    if lines is None:
        return None
    height, width = shape
    lines = lines.placed(width / source.size[0], height / source.size[1], left=0)
    return lines if are_level(lines, width) else None


def _turned(grey: Array) -> tuple[int, Array, LineScale]:
    """Turn a picture by a quarter if its staves run down, and make its paper even."""
    paper = even_paper(grey)
    ink = ink_of(paper)
    across = line_scale(line_points(ink))
    down = line_scale(line_points(np.ascontiguousarray(np.rot90(ink))))
    if down.votes > 2 * across.votes and down.votes >= LEAST_VOTES:
        return 1, np.ascontiguousarray(np.rot90(paper)), down
    return 0, paper, across


def _zoom(lines: LineScale) -> float:
    if lines.votes < LEAST_VOTES or _LEAST_SPACING_PX <= lines.spacing_px <= _MOST_SPACING_PX:
        return 1.0
    return min(_GOOD_SPACING_PX / lines.spacing_px, _MOST_ZOOM)


def _gutters(ink: Array) -> list[int]:
    """The column between two pages that a wide picture shows side by side, if any."""
    height, width = ink.shape
    points = line_points(ink)
    scale = line_scale(points)
    if width < height or scale.votes < 2 * LEAST_VOTES:
        return []
    near = np.abs(points.period_px - scale.spacing_px) < 0.2 * scale.spacing_px
    step = max(1, round(scale.spacing_px))
    count = np.bincount(points.x_px[near] // step, minlength=width // step + 1)
    staves = count > 0.03 * np.percentile(count, 90)
    first, last = (round(share * len(count)) for share in _MIDDLE)
    inked = np.flatnonzero(staves)
    breaks = [
        (before, after)
        for before, after in itertools.pairwise(inked)
        if after - before > _GUTTER and before < last and after > first
    ]
    fullness = without_solid(ink, scale.spacing_px).sum(0)
    usual = np.median(fullness[np.repeat(staves, step)[:width]])
    for before, after in sorted(breaks, key=lambda pair: pair[0] - pair[1]):
        clear = np.percentile(fullness[(before + 1) * step : after * step], 25) < _CLEAR * usual
        if clear and min(count[: before + 1].sum(), count[after:].sum()) > 0.15 * count.sum():
            return [int((before + after + 1) * step // 2)]
    return []
