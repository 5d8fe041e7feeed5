"""The ink of a system on a grid of its own: staves straight, lines 12 px apart, whatever its size on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.score.model import Image
from standpartner.score.print.arrays import Array
from standpartner.score.print.staves import Staff

SPACE_PX: Final = 12  # patch px from line to line
ABOVE: Final = 3.0  # spacings of paper above the first line and below the last
BESIDE: Final = 2.5  # spacings of paper left and right of the staves


@dataclass(frozen=True)
class Patch:
    """A system or part of one, straightened.

    Attributes:
        ink: Image of ink, 0 or 1, (height, width).
        staves: First and last row of the lines of each staff.
        page_x_px: The place on the page of each column, increasing evenly.
        thickness: Thickness of a staff line in patch px.
    """

    ink: Image
    staves: tuple[tuple[int, int], ...]
    page_x_px: Array
    thickness: float

    @property
    def top(self) -> int:
        """Row of the first line of the first staff."""
        return self.staves[0][0]

    @property
    def bottom(self) -> int:
        """Row of the last line of the last staff."""
        return self.staves[-1][1]

    @property
    def zones(self) -> tuple[tuple[int, int], ...]:
        """First row and row after the last of each staff and of each gap between staves, downwards."""
        zones = [(self.staves[0][0], self.staves[0][1] + 1)]
        for (_, above), (first, last) in zip(self.staves, self.staves[1:], strict=False):
            zones += [(above, first + 1), (first, last + 1)]
        return tuple(zones)


def cut_patch(ink: Image, staves: Sequence[Staff], *, thickness_px: float) -> Patch:
    """Straighten the ink about some staves that stand one below the other."""
    spacing_px = float(np.mean([staff.spacing_px for staff in staves]))
    left = min(staff.left_px for staff in staves) - BESIDE * spacing_px
    right = max(staff.right_px for staff in staves) + BESIDE * spacing_px
    page_x = np.arange(left, right, spacing_px / SPACE_PX)
    rows, page_y, bands = [-ABOVE * SPACE_PX], [staves[0].middle(page_x) - (2 + ABOVE) * spacing_px], []
    at = 0.0
    for index, staff in enumerate(staves):
        middle = staff.middle(page_x)
        if index:
            gap = (middle - 2 * staff.spacing_px) - page_y[-1]
            at += max(1.0, float(np.median(gap))) * SPACE_PX / spacing_px
        bands.append((at, at + 4 * SPACE_PX))
        rows += [at, at + 4 * SPACE_PX]
        page_y += [middle - 2 * staff.spacing_px, middle + 2 * staff.spacing_px]
        at += 4 * SPACE_PX
    rows.append(at + ABOVE * SPACE_PX)
    page_y.append(page_y[-1] + ABOVE * spacing_px)
    shift = ABOVE * SPACE_PX
    height = round(at + 2 * shift)
    map_y = _interpolated(np.array(rows) + shift, np.array(page_y), np.arange(height, dtype=float))
    map_x = np.broadcast_to(page_x[None], map_y.shape)
    picture = cv2.remap(
        ink * np.uint8(255), map_x.astype(np.float32) - 0.5, map_y.astype(np.float32) - 0.5, cv2.INTER_LINEAR
    )
    return Patch(
        ink=(picture > 100).astype(np.uint8),
        staves=tuple((round(first + shift), round(last + shift)) for first, last in bands),
        page_x_px=page_x,
        thickness=max(1.0, thickness_px * SPACE_PX / spacing_px),
    )


def _interpolated(rows: Array, page_y: Array, wanted: Array) -> Array:
    """Interpolate between curves: (rows wanted, columns)."""
    part = np.clip(np.searchsorted(rows, wanted, side="right") - 1, 0, len(rows) - 2)
    share = ((wanted - rows[part]) / np.maximum(rows[part + 1] - rows[part], 1e-9))[:, None]
    return page_y[part] * (1 - share) + page_y[part + 1] * share
