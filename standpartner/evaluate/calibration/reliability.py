"""Compares confidence with the share of the frames in which the position was right (reliability diagrams)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import ConfigError
from standpartner.support.figures import new_figure, svg_of
from standpartner.support.palette import SERIES

BINS: Final = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: bins of equal width from 0 to 1.

    Attributes:
        count: The number of cases in each bin, (bins,).
        confidence: The mean confidence of the cases in each bin, (bins,); NaN in an empty bin.
        right: The share of the cases in each bin that were right, (bins,); NaN in an empty bin.
    """

    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """The expected calibration error: the mean distance of confidence and share right, weighted by the cases."""
        filled = self.count > 0
        distance = np.abs(self.confidence - self.right)[filled]
        return float(np.average(distance, weights=self.count[filled]))


def reliability(confidence: ArrayLike, right: ArrayLike) -> Reliability:
    """Sort cases into bins by their confidence.

    Args:
        confidence: The confidences from 0 to 1, (n,).
        right: Whether each case was right, bool (n,).

    Raises:
        ConfigError: There is no case, the two differ in length, or a confidence is not from 0 to 1.
    """
    sure, truth = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if sure.ndim != 1 or sure.shape != truth.shape or not len(sure):
        raise ConfigError(f"expected as many confidences as outcomes, got {sure.shape} and {truth.shape}")
    if not (np.all(sure >= 0) and np.all(sure <= 1)):
        raise ConfigError("expected confidences from 0 to 1")
    which = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(which, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Reliability(
            count,
            np.bincount(which, sure, minlength=BINS) / count,
            np.bincount(which, truth, minlength=BINS) / count,
        )


def draw_reliability(diagrams: Mapping[str, Reliability], title: str) -> str:
    """Draw an SVG picture of the share right over confidence, one dotted line a diagram; the diagonal is ideal.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    figure = new_figure(4.5, 4.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color="#7a7a7a", linewidth=1)
    for (name, diagram), colour in zip(diagrams.items(), SERIES, strict=False):
        filled = diagram.count > 0
        label = f"{name}: expected calibration error {diagram.expected_error:.3f}"
        dots = diagram.confidence[filled], diagram.right[filled]
        axes.plot(*dots, color=colour, linewidth=1, label=label)
        axes.scatter(*dots, s=400 * diagram.count[filled] / diagram.count.sum() + 8, color=colour)
    axes.set(title=title, xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.legend(fontsize=8)
    return svg_of(figure, title)
