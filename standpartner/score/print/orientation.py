"""Tells whether a page stands on its head: clefs stand at the left ends of staves, not at the right ones."""

import io
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final

import cv2
import numpy as np
from PIL import Image as PilImage

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import BESIDE, SPACE_PX, cut_patch
from standpartner.score.print.staves import Staff

LEFT_END_PX: Final = 4 * SPACE_PX
_LOOSE_PX: Final = 3 * SPACE_PX  # by which a clef may stand further right


def left_end(ink: Array, staff: Staff, *, from_right: bool = False) -> Array:
    """Ink at the left end of a staff, lines 12 px apart; or at its right end, turned by 180 degrees."""
    patch = cut_patch(ink, [staff], thickness_px=1.0).ink
    if from_right:
        patch = patch[::-1, ::-1]
    start = round(BESIDE * SPACE_PX)
    return patch[SPACE_PX:-SPACE_PX, start : start + LEFT_END_PX + _LOOSE_PX]


def upside_down_gain(ink: Array, staves: Sequence[Staff]) -> float:
    """How much better clefs fit the right ends of staves, turned round, than the left ends, -1 to 1."""
    if not staves:
        return 0.0
    upright = np.mean([_clef_likeness(left_end(ink, staff)) for staff in staves])
    turned = np.mean([_clef_likeness(left_end(ink, staff, from_right=True)) for staff in staves])
    return float(turned - upright)


def _clef_likeness(end: Array) -> float:
    picture = cv2.GaussianBlur(end.astype(np.float32), (0, 0), 1.5)
    if picture.shape[1] <= LEFT_END_PX:
        return 0.0
    fits = [cv2.matchTemplate(picture, clef, cv2.TM_CCOEFF_NORMED).max() for clef in _clefs()]
    return float(max(fits))


@cache
def _clefs() -> list[Array]:
    data = (resources.files("standpartner.score.print") / "clefs.png").read_bytes()
    both = 1 - np.asarray(PilImage.open(io.BytesIO(data)), dtype=np.float32) / 255
    height = len(both) // 2
    margin = SPACE_PX // 2  # so that they may stand higher or lower
    return [
        cv2.GaussianBlur(both[row + margin : row + height - margin], (0, 0), 1.5).astype(np.float32)
        for row in (0, height)
    ]
