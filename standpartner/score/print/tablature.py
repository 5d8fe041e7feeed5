"""Tells staves of music from tablature, which has six lines at the same distance."""

from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.staves import Staff

_LINES: Final = range(-2, 3)
_BESIDE: Final = (-3, 3)  # where a sixth line would be, in spacings from the middle line
_CLEF: Final = 4.0  # spacings from the left end
_AS_FULL: Final = 0.7  # share of the ink of a staff's own lines from which that of a sixth is a line


def is_tablature(ink: Array, staff: Staff) -> bool:
    """Whether a staff has a sixth line above or below it that is about as full as its own lines.

    It must be as full at the left end, where the clef stands: beams may run along the rest of a staff.
    """
    x_px = np.arange(max(0, round(staff.left_px)), min(ink.shape[1], round(staff.right_px)))
    if not len(x_px):
        return False
    own = np.median([_fullness(ink, staff, x_px, line) for line in _LINES])
    start = x_px[: max(1, round(_CLEF * staff.spacing_px))]
    return any(min(_fullness(ink, staff, part, line) for part in (x_px, start)) > _AS_FULL * own for line in _BESIDE)


def _fullness(ink: Array, staff: Staff, x_px: Array, line: int) -> float:
    """The share of columns that have ink within a quarter of a spacing of a line; beyond the page there is none."""
    middle = staff.middle(x_px) + line * staff.spacing_px
    reach = max(1, round(0.25 * staff.spacing_px))
    rows = (np.rint(middle)[None] + np.arange(-reach, reach + 1)[:, None]).astype(int)
    inside = (rows >= 0) & (rows < len(ink))
    return float((ink[np.clip(rows, 0, len(ink) - 1), x_px[None]] * inside > 0).any(axis=0).mean())
