"""Makes strips look like print from a scanner, cheaply, while encoders are trained.

`scan` draws a page with care at three times its size. This works on strips at half size, in about a millisecond each:
ink is thicker or thinner, blurred, paler, noisy and specked, and the staff does not lie quite where it should.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from standpartner.degrade.fields import grain
from standpartner.support.ranges import Range, check_ranges, draw

_LEAST_BLUR_PX = 0.2  # a smaller blur is none


@dataclass(frozen=True)
class StripLook:
    """The ranges (lowest, highest) from which each strip draws its look; lengths are in px of the half-size strip.

    Attributes:
        blur_px: The standard deviation of the blur.
        weight: The factor on blurred ink before it is cut off at black; above 1 lines are thicker, below 1 thinner.
        darkness: The darkness of the blackest ink.
        shade: The darkness of the paper.
        noise: The standard deviation of the noise in darkness.
        specks: The number of specks on 1 000 columns of pixels.
        raised_px: The distance by which the staff lies above its place.
    """

    blur_px: Range = (0.0, 0.6)
    weight: Range = (0.8, 1.8)
    darkness: Range = (0.75, 1.0)
    shade: Range = (0.0, 0.05)
    noise: Range = (0.0, 0.02)
    specks: Range = (0.0, 10.0)
    raised_px: Range = (-0.6, 0.6)

    def __post_init__(self) -> None:
        shares = {name: (0.0, 1.0) for name in ("darkness", "shade", "noise")}
        check_ranges(self, within=shares | {"blur_px": (0.0, 5.0), "weight": (0.1, 10.0), "specks": (0.0, 1000.0)})
        check_ranges(self, within={"raised_px": (-10.0, 10.0)})


def print_strip(ink: NDArray[np.float32], look: StripLook, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Make a strip, or a part of one, look printed and scanned.

    Columns stay where they are, so an onset keeps its place.

    Args:
        ink: The ink, float32 (height, width), 1 is black; it is left as it is.
        look: The ranges to draw from.
        rng: The generator; the same state gives the same result.

    Returns:
        The changed ink, float32 (height, width), from 0 to 1.
    """
    height, width = ink.shape
    raised = np.array([[1, 0, 0], [0, 1, -draw(look.raised_px, rng)]], np.float32)
    image = np.asarray(cv2.warpAffine(ink, raised, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    blur_px = draw(look.blur_px, rng)
    if blur_px > _LEAST_BLUR_PX:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur_px), np.float32)
    image = np.minimum(image * np.float32(draw(look.weight, rng)), 1.0)
    for _ in range(rng.poisson(draw(look.specks, rng) * width / 1000)):
        top, left = int(rng.integers(height)), int(rng.integers(width))
        image[top : top + int(rng.integers(1, 3)), left : left + int(rng.integers(1, 3))] = rng.random()
    darkness, shade = draw(look.darkness, rng), draw(look.shade, rng)
    printed = shade + (darkness - shade) * image + draw(look.noise, rng) * grain(ink.shape, rng)
    return np.asarray(printed.clip(0.0, 1.0), np.float32)
