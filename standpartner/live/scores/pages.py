"""Puts the pages of a score into another order, finds their margins, and maps places on them to the strip."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np

from standpartner.errors import ConfigError, ScoreError
from standpartner.score import Bars, Printed, Score, Systems
from standpartner.score.model import Image, printed_measure

_CELL_PX: Final = 8
_DARK: Final = 160
_LEAST_INK: Final = 0.02  # the share of a cell that is dark
_LEAST_CELLS: Final = 3  # fewer inked cells in a row or column are specks
_MARGIN: Final = 0.012


def in_order(score: Score, order: Sequence[int]) -> Score:
    """Return a printed score with its pages in another order.

    Args:
        score: The score as it was read.
        order: The pages, counted from 1, in the order in which they are played; a page may be left out.

    Raises:
        ScoreError: A page is named twice or is not there, none is named, or the score is notation.
    """
    natural = list(range(1, len(score.pages) + 1))
    if list(order) == natural:
        return score
    if not order or len(set(order)) != len(order) or not set(order) <= set(natural):
        raise ScoreError(f"expected each page from 1 to {len(natural)} at most once in the order of pages, got {order}")
    if not isinstance(score.music, Printed):
        raise ScoreError("the pages of notation have their order; put the pages of printed music into another order")
    return _reordered(score, score.music, np.array(order) - 1)


def _reordered(score: Score, music: Printed, order: np.ndarray) -> Score:
    """Take pages (counted from 0) in an order."""
    table, bars = score.systems, music.bars
    systems = np.concatenate([np.flatnonzero(table.page == page) for page in order])
    if not len(systems):
        raise ScoreError("the pages that are left have no staves; keep one with music")
    widths = (table.strip_right_px - table.strip_left_px)[systems]
    right = np.cumsum(widths)
    left = right - widths
    shown = {name: getattr(table, name)[systems] for name, _ in table.columns()}
    shown["page"] = np.array([int(np.flatnonzero(order == page)[0]) for page in table.page[systems]])
    shown |= {"strip_left_px": left, "strip_right_px": right}
    pieces = [score.strip[:, int(table.strip_left_px[k]) : int(table.strip_right_px[k])] for k in systems]
    offset = music.begin_px - table.strip_left_px[0]
    begin = left[0] + min(max(offset, 0.0), 0.9 * widths[0])
    moved = None if bars is None else _moved_bars(bars, table, systems, left)
    end = float(right[-1] if moved is None else moved.strip_right_px[-1])
    return replace(
        score,
        strip=np.concatenate(pieces, axis=1),
        pages=tuple(score.pages[page] for page in order),
        systems=Systems(**shown),
        music=Printed(float(min(begin, 0.9 * end)), end, moved),
    )


def _moved_bars(bars: Bars, table: Systems, systems: np.ndarray, left: np.ndarray) -> Bars | None:
    rows = [np.flatnonzero(bars.system == system) for system in systems]
    chosen = np.concatenate(rows)
    if not len(chosen):
        return None
    shift = np.concatenate([np.full(len(row), left[k] - table.strip_left_px[systems[k]]) for k, row in enumerate(rows)])
    first = str(bars.label[0])
    start = int(first) if first.isdecimal() else 1
    return Bars(
        label=np.array([str(start + k) for k in range(len(chosen))]),
        strip_left_px=bars.strip_left_px[chosen] + shift,
        strip_right_px=bars.strip_right_px[chosen] + shift,
        system=np.concatenate([np.full(len(row), k) for k, row in enumerate(rows)]),
        doubt=bars.doubt[chosen],
    )


def crop_of(page: Image, boxes_px: Sequence[tuple[float, float, float, float]]) -> dict[str, float]:
    """Return the part of a page that has ink.

    Args:
        page: The page, uint8 (height, width), 255 is white.
        boxes_px: The left, top, right and bottom of systems, which are always kept.

    Returns:
        ``left``, ``top``, ``right`` and ``bottom`` as shares of width and height.
    """
    height, width = page.shape
    dark = (page < _DARK).astype(np.float32)
    cells = cv2.resize(dark, (max(1, width // _CELL_PX), max(1, height // _CELL_PX)), interpolation=cv2.INTER_AREA)
    inked = cells > _LEAST_INK
    edges: list[tuple[float, float]] = []
    for axis, (first, last) in enumerate(((0, 2), (1, 3))):
        lines = np.flatnonzero(inked.sum(axis=axis) >= _LEAST_CELLS)
        size = width if axis == 0 else height
        low = [box[first] / size for box in boxes_px]
        high = [box[last] / size for box in boxes_px]
        if len(lines):
            count = inked.shape[1 - axis]
            low.append(lines[0] / count)
            high.append((lines[-1] + 1) / count)
        edges.append((max(0.0, min(low, default=0.0) - _MARGIN), min(1.0, max(high, default=1.0) + _MARGIN)))
    (left, right), (top, bottom) = edges
    return {"left": round(left, 4), "top": round(top, 4), "right": round(right, 4), "bottom": round(bottom, 4)}


def systems_table(score: Score) -> list[dict[str, Any]]:
    """Return the systems with their boxes on the pages, ready for JSON."""
    table = score.systems
    return [
        {
            "system": k + 1,
            "page": int(table.page[k]) + 1,
            "left_px": round(float(table.page_left_px[k]), 1),
            "top_px": round(float(table.page_top_px[k]), 1),
            "right_px": round(float(table.page_right_px[k]), 1),
            "bottom_px": round(float(table.page_bottom_px[k]), 1),
            "staves": int(table.staves[k]),
            "doubt": round(float(table.doubt[k]), 4),
        }
        for k in range(len(table))
    ]


def bars_table(score: Score) -> list[dict[str, Any]]:
    """Return the bars with their place on the pages, ready for JSON; empty where they are unknown."""
    bars = score.bars
    if bars is None:
        return []
    doubt = bars.doubt if isinstance(bars, Bars) else np.zeros(len(bars))
    left, right = score.place(bars.strip_left_px), score.place(np.nextafter(bars.strip_right_px, 0))
    return [
        {
            "bar": k + 1,
            "measure": printed_measure(str(bars.label[k])),
            "system": int(bars.system[k]) + 1,
            "page": int(left.page[k]) + 1,
            "left_px": round(float(left.page_x_px[k]), 1),
            "right_px": round(float(right.page_x_px[k]), 1),
            "doubt": round(float(doubt[k]), 4),
        }
        for k in range(len(bars))
    ]


def bar_left_px(score: Score, bar: int) -> float:
    """Return the strip px where a bar, counted from 1, begins.

    Raises:
        ConfigError: There is no such bar.
    """
    count = 0 if score.bars is None else len(score.bars)
    if score.bars is None or not 1 <= bar <= count:
        raise ConfigError(f"there is no bar {bar}; the score has {count} known bars")
    return max(score.begin_px, float(score.bars.strip_left_px[bar - 1]))


def page_span_px(score: Score, page: int) -> tuple[float, float] | None:
    """Return the first and last strip px of a page, counted from 1; None for one without music."""
    rows = np.flatnonzero(score.systems.page == page - 1)
    if not len(rows):
        return None
    return float(score.systems.strip_left_px[rows[0]]), float(score.systems.strip_right_px[rows[-1]])


def strip_x_of(score: Score, page: int, *, page_x: float, page_y: float) -> float:
    """Return the strip px at a place on a page, in the system that is nearest to it.

    Args:
        score: The score.
        page: The page, counted from 1.
        page_x: The share of the page's width.
        page_y: The share of the page's height.

    Raises:
        ConfigError: There is no such page, or it has no music.
    """
    table = score.systems
    rows = np.flatnonzero(table.page == page - 1)
    if not len(rows):
        raise ConfigError(f"there is no music on page {page}; the score has {len(score.pages)} pages")
    height, width = score.pages[page - 1].shape
    x, y = page_x * width, page_y * height
    outside = np.maximum(table.page_top_px[rows] - y, y - table.page_bottom_px[rows]).clip(min=0)
    system = rows[int(np.argmin(outside))]
    left, right = table.page_left_px[system], table.page_right_px[system]
    within = float(np.clip((x - left) / (right - left), 0.0, 1.0 - 1e-9))
    start, end = table.strip_left_px[system], table.strip_right_px[system]
    return max(score.begin_px, float(start + within * (end - start)))
