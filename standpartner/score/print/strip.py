"""Cuts systems out of straight pages: staves straight, lines 7 px apart, 160 rows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.constants import STAFF_SPACING_PX, STRIP_HEIGHT_PX
from standpartner.score.model import Image
from standpartner.score.print.arrays import Array
from standpartner.score.print.staves import Staff

_OVER: Final = 3  # samples a px in both directions
_LEAST_MARGIN: Final = 2.0  # spacings above and below the staves that stay on the strip
_LEAST_GAP: Final = 4.0  # spacings between staves that are kept


@dataclass(frozen=True)
class StripCut:
    """A system on the strip, uint8 (160, width), and the page px of each strip px and of its first and last row."""

    image: Image
    scale: float
    top_px: float
    bottom_px: float


def cut_system(paper: Image, staves: Sequence[Staff], *, left_px: float, right_px: float) -> StripCut:
    """Cut a system of one or more staves out of its page.

    Where the staves stand so far apart that they would leave the strip, the paper between them is squeezed.
    """
    scale = float(np.mean([staff.spacing_px for staff in staves])) / STAFF_SPACING_PX
    width = max(1, round((right_px - left_px) / scale))
    x_px = left_px + (np.arange(width * _OVER) + 0.5) / _OVER * scale
    rows = (np.arange(STRIP_HEIGHT_PX * _OVER) + 0.5) / _OVER
    page_y = _page_rows(staves, x_px, rows, scale)
    across = np.broadcast_to(x_px[None] - 0.5, page_y.shape).astype(np.float32)
    fine = cv2.remap(paper, across, (page_y - 0.5).astype(np.float32), cv2.INTER_LINEAR, borderValue=255)
    image = fine.reshape(STRIP_HEIGHT_PX, _OVER, width, _OVER).mean((1, 3), dtype=np.float32)
    middle = float(np.median(page_y.mean(0)))
    half = STRIP_HEIGHT_PX / 2 * scale
    return StripCut(np.rint(image).astype(np.uint8), scale, middle - half, middle + half)


def _page_rows(staves: Sequence[Staff], x_px: Array, rows: Array, scale: float) -> Array:
    """The row of the page for each row of the strip and each place, (rows, places)."""
    edges = [staff.middle(x_px) + side * 2 * staff.spacing_px for staff in staves for side in (-1, 1)]
    sizes = [float(np.median(lower - upper)) / scale for upper, lower in itertools.pairwise(edges)]
    spare = STRIP_HEIGHT_PX - 2 * _LEAST_MARGIN * STAFF_SPACING_PX - sum(sizes)
    gaps = sum(sizes[1::2])
    if spare < 0 and gaps > 0:
        least = _LEAST_GAP * STAFF_SPACING_PX * len(sizes[1::2])
        share = max((gaps + spare) / gaps, min(1.0, least / gaps))
        sizes = [size * share if index % 2 else size for index, size in enumerate(sizes)]
    first = (STRIP_HEIGHT_PX - sum(sizes)) / 2
    marks = first + np.concatenate([[0.0], np.cumsum(sizes)])
    part = np.clip(np.searchsorted(marks, rows, side="right") - 1, 0, len(sizes) - 1)
    inside = ((rows - marks[part]) / np.array(sizes)[part])[:, None]
    curves = np.array(edges)
    page = curves[part] * (1 - inside) + curves[part + 1] * inside
    above, below = rows < marks[0], rows > marks[-1]
    page[above] = curves[0] + (rows[above, None] - marks[0]) * scale
    page[below] = curves[-1] + (rows[below, None] - marks[-1]) * scale
    return page
