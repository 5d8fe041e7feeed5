"""Finds filled heads with stems on a system's patch: where its music begins."""

from typing import Final

import cv2
import numpy as np

from standpartner.score.model import Image
from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import SPACE_PX, Patch

_CLEF: Final = 3.8  # spacings from the left end that the clef takes
_HEAD: Final = (0.85, 0.7)  # spacings that are solid in a filled head
_STEM: Final = 2.4  # spacings by which a stem is longer than its head: no accidental or number is so tall
_BEYOND_HEAD: Final = 0.65  # spacings by which a stem may go beyond the middle of its head


def head_columns(patch: Patch, left: int) -> Array:
    """The columns of filled heads at the end of a stem, after the clef; numbers and accidentals have no such stem."""
    ink = np.asarray(cv2.morphologyEx(patch.ink, cv2.MORPH_CLOSE, np.ones((5, 1), np.uint8)), np.uint8)
    size = round(_HEAD[0] * SPACE_PX), round(_HEAD[1] * SPACE_PX)
    blobs = cv2.erode(patch.ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size))
    long, short = round(_STEM * SPACE_PX), round(_BEYOND_HEAD * SPACE_PX)
    up, up_short = _run(ink, long, last=True), _run(ink, short, last=True)
    down, down_short = _run(ink, long, last=False), _run(ink, short, last=False)
    ends = (up & (1 - down_short)) | (down & (1 - up_short))
    near = cv2.dilate(ends, np.ones((1, round(1.5 * SPACE_PX) | 1), np.uint8)) > 0
    start = left + round(_CLEF * SPACE_PX)
    return start + np.flatnonzero(((blobs > 0) & near)[:, start:].any(0))


def _run(ink: Image, rows: int, *, last: bool) -> Image:
    """Where a pixel is the last or the first of so many rows with ink."""
    anchor = (0, rows - 1 if last else 0)
    return np.asarray(cv2.erode(ink, np.ones((rows, 1), np.uint8), anchor=anchor, borderValue=0), np.uint8)
