"""The tone of a strip cut from print: heavy ink is made as light as that of the engraving that agents learned from.

Chosen by measurement on scanned editions and on strips made to look like scans, see docs/print.md.
"""

from typing import Final

import cv2
import numpy as np

from standpartner.constants import STAFF_SPACING_PX
from standpartner.score.model import Image

LIGHT_LINE: Final = 0.13  # thickness of staff lines in spacings up to which ink is left as it is
HIGHEST_EXPONENT: Final = 2.0
_BLUR_PX: Final = 0.5  # the spread of the blur of heavy ink
_LINES: Final = 5
_FREE_SHARE: Final = 40  # per cent of the columns that surely show nothing on a staff line but the line


def line_thickness(strip: Image, *, staves: int) -> float:
    """Measure how thick the staff lines of a system are.

    In each row the darkness of most columns is that of the staff line alone; summed over rows it is the lines'
    thickness, to a fraction of a pixel.

    Args:
        strip: uint8 (160, width), one system, 255 is white.
        staves: The number of staves on it.

    Returns:
        The thickness in staff spacings.
    """
    darkness = np.percentile(1 - strip.astype(np.float32) / 255, _FREE_SHARE, axis=1)
    return float(darkness.sum() / (_LINES * staves * STAFF_SPACING_PX))


def lighten(strip: Image, *, staves: int) -> Image:
    """Make the ink of a system lighter if its staff lines are heavier than `LIGHT_LINE`.

    The ink, 0 to 1, is blurred a little and raised to the power of the thickness divided by `LIGHT_LINE`.

    Args:
        strip: uint8 (160, width), one system, 255 is white.
        staves: The number of staves on it.

    Returns:
        uint8 (160, width).
    """
    exponent = min(HIGHEST_EXPONENT, line_thickness(strip, staves=staves) / LIGHT_LINE)
    if exponent <= 1:
        return strip
    ink = cv2.GaussianBlur(1 - strip.astype(np.float32) / 255, (0, 0), _BLUR_PX)
    return np.rint(255 * (1 - np.power(ink, exponent))).astype(np.uint8)
