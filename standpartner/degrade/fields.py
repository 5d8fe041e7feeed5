"""Draws smooth random fields for slow changes over a page, such as inking, paper and light."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

_SPREAD_LEFT: Final = 0.76  # the share of the standard deviation that is left after interpolation


def smooth_field(shape: tuple[int, int], cell_px: float, rng: np.random.Generator) -> Field:
    """Draw a smooth random field.

    Args:
        shape: The (height, width) of the field in px.
        cell_px: The distance in px between independent values.
        rng: The generator.

    Returns:
        The field, float32 (height, width), of mean 0 and standard deviation about 1.
    """
    knots = tuple(max(2, int(np.ceil(size / cell_px)) + 1) for size in shape)
    values = rng.standard_normal(knots, dtype=np.float32) / np.float32(_SPREAD_LEFT)
    return np.asarray(cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def grain(shape: tuple[int, int], rng: np.random.Generator) -> Field:
    """Draw independent normal noise, float32 (height, width), of standard deviation 1."""
    return rng.standard_normal(shape, dtype=np.float32)
