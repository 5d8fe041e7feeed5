"""Measures staves that were found to a fraction of a px, from the grey of their lines."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.staves import LINES, Staff

_STEP: Final = 0.25  # px between the rows that are looked at
_NEAR: Final = 0.35  # spacings about a line that are its own
_MOST_COLUMNS: Final = 1500
_LEAST_DARK: Final = 25.0  # grey levels by which every line must be darker than what is beside it
_MOST_STRETCH: Final = 0.03  # by which the distance of lines may change
_MOST_SHIFT: Final = 0.25  # spacings by which a staff may move


def measure_staves(paper: Array, staves: Sequence[Staff]) -> list[Staff]:
    """Measure the height and the distance of the lines of staves.

    What is found in ink has an error of half a px, which makes a strip too long or too short by one part in a hundred.
    The middle of a line's grey is exact.

    Args:
        paper: The level page, uint8, 255 is white.
        staves: Its staves.

    Returns:
        The same staves, with y in px from the upper edge of the page's first row; those with faint lines unchanged.
    """
    return [_measured(paper, staff) for staff in staves]


def _measured(paper: Array, staff: Staff) -> Staff:
    columns = np.linspace(staff.left_px, staff.right_px, min(_MOST_COLUMNS, max(2, int(staff.length_px))))
    rows = np.arange(-2.5 * staff.spacing_px, 2.5 * staff.spacing_px, _STEP)
    down = (staff.middle(columns)[None] + rows[:, None]).astype(np.float32)
    across = np.broadcast_to(columns[None], down.shape).astype(np.float32)
    grey = cv2.remap(paper, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    dark = 255.0 - np.median(grey, axis=1)  # notes hide a line in few columns
    found = [_line(rows, dark, line * staff.spacing_px, _NEAR * staff.spacing_px) for line in LINES]
    if any(place is None for place in found):
        return staff
    spacing_px, offset = np.polyfit(LINES, np.array(found, float), 1)
    if abs(spacing_px / staff.spacing_px - 1) > _MOST_STRETCH or abs(offset) > _MOST_SHIFT * staff.spacing_px:
        return staff
    return replace(staff, y_px=staff.y_px + offset + 0.5, spacing_px=float(spacing_px))


def _line(rows: Array, dark: Array, expected: float, near: float) -> float | None:
    """The middle of the dark of a line, or None if it is faint."""
    inside = np.abs(rows - expected) <= near
    weight = dark[inside] - dark[inside].min()
    if weight.max() < _LEAST_DARK:
        return None
    return float((rows[inside] * weight).sum() / weight.sum())
