"""How doubtful it is that the bars of a system are right, as `tools/fit_barlines.py` measures it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import Patch

_LEAST: Final = 1e-4
_MOST_RATIO: Final = 6.0  # of widths of bars


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against the bars of a system.

    Attributes:
        chance: The chance that the networks give to all its strokes being taken for what they are.
        disagreeing: How many of the two other tones give another number of bars.
        widths: Widths of its bars in spacings.
        is_open: Whether its right end has no barline.
    """

    chance: float
    disagreeing: int
    widths: Array
    is_open: bool

    @property
    def values(self) -> Array:
        """The evidence as numbers, (5,): all are larger where bars are more doubtful."""
        doubt = float(np.clip(1 - self.chance, _LEAST, 1 - _LEAST))
        inner = self.widths[1:-1] if len(self.widths) > 3 else self.widths  # the first and last may be part of a bar
        usual = max(float(np.median(self.widths)), 0.1)
        narrow = float(np.clip(usual / max(inner.min(), 0.1), 1, _MOST_RATIO))
        wide = float(np.clip(self.widths.max() / usual, 1, _MOST_RATIO))
        return np.array(
            [np.log(doubt / (1 - doubt)), self.disagreeing, np.log(narrow), np.log(wide), float(self.is_open)]
        )


def other_tones(patch: Patch) -> Iterator[Patch]:
    """The patch with heavier and with lighter ink: what reads otherwise there is doubtful."""
    yield replace(patch, ink=np.asarray(cv2.dilate(patch.ink, np.ones((2, 2), np.uint8)), np.uint8))
    core = np.asarray(cv2.erode(patch.ink, np.ones((1, 2), np.uint8)), np.uint8)
    lost = patch.ink & (1 - np.asarray(cv2.dilate(core, np.ones((1, 5), np.uint8)), np.uint8))
    yield replace(patch, ink=core | lost)  # a line one px thin stays


def system_doubt(evidence: Evidence) -> float:
    """The probability that the number of bars is wrong."""
    weights, bias = loaded_weights()
    return float(1 / (1 + np.exp(-(evidence.values @ weights + bias))))


@cache
def loaded_weights() -> tuple[Array, float]:
    """The weights of the evidence and the bias."""
    text = (resources.files("standpartner.score.print") / "barlines.json").read_text(encoding="utf-8")
    table = json.loads(text)["doubt"]
    return np.array(table["weights"]), float(table["bias"])
