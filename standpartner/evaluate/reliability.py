"""How far confidence can be trusted: of the frames with some confidence, how many were right?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import ConfigError

BINS: Final = 10
_SIDE, _MARGIN = 300, 40  # of the picture, in its px


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: bins of equal width from 0 to 1.

    Attributes:
        count: (bins,) cases in each bin.
        confidence: (bins,) their mean confidence; NaN in an empty bin.
        right: (bins,) share of them that was right, alike.
    """

    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def expected_error(self) -> float:
        """Expected calibration error: mean distance of confidence and share right, bins weighted by their cases."""
        filled = self.count > 0
        distance = np.abs(self.confidence - self.right)[filled]
        return float(np.average(distance, weights=self.count[filled]))


def reliability(confidence: ArrayLike, right: ArrayLike) -> Reliability:
    """Sort cases into bins.

    Args:
        confidence: (n,) from 0 to 1.
        right: (n,) bool.

    Raises:
        ConfigError: there is no case, the two differ in length, or a confidence is not from 0 to 1.
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


def draw_reliability(diagrams: dict[str, Reliability], title: str) -> str:
    """An SVG picture: share right over confidence, a line of dots for each diagram; the diagonal is what they claim."""
    colours = ("#999999", "#1b6ca8", "#b8442c")
    size = _SIDE + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size + 20}" font-family="sans-serif" '
        f'font-size="11"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_MARGIN}" y="24" font-size="13">{_escaped(title)}</text>',
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#444"/>',
        f'<path d="M{_MARGIN} {_MARGIN + _SIDE}L{_MARGIN + _SIDE} {_MARGIN}" stroke="#444" stroke-dasharray="4 4"/>',
        f'<text x="{_MARGIN + _SIDE}" y="{_MARGIN + _SIDE + 16}" text-anchor="end">confidence, 0 to 1</text>',
        f'<text x="{_MARGIN - 8}" y="{_MARGIN}" transform="rotate(-90 {_MARGIN - 8} {_MARGIN})" '
        'text-anchor="end">share right, 0 to 1</text>',
    ]
    for number, (name, diagram) in enumerate(diagrams.items()):
        colour = colours[number % len(colours)]
        dots = [
            (_MARGIN + _SIDE * x, _MARGIN + _SIDE * (1 - y), 2 + 8 * np.sqrt(n / diagram.count.sum()))
            for x, y, n in zip(diagram.confidence, diagram.right, diagram.count, strict=True)
            if n
        ]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in dots)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{colour}"/>' for x, y, r in dots]
        label = f"{name}: expected calibration error {diagram.expected_error:.3f}"
        parts.append(
            f'<text x="{_MARGIN + 8}" y="{_MARGIN + 16 * (number + 1)}" fill="{colour}">{_escaped(label)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
