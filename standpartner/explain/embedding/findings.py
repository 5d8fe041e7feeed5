"""Computes the paper's three findings about its embedding (TISMIR 2019, section on the embedding space).

C1: the value is high at beginnings of pieces. C2: it is low at endings, where little reward remains. C3: near clefs,
at the starts of systems, it is spread: high and low.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals
from standpartner.explain.embedding.points import Points

EDGE_S: Final = 2.0  # the length of beginnings and endings
CLEF_PX: Final = 60.0  # the width of clef, key and the first notes of a system


@dataclass(frozen=True)
class Finding:
    """The comparison of the values in a group of frames with those in all others.

    Attributes:
        name: The name of the finding.
        frames: The number of frames in the group.
        rest: The number of other frames.
        mean: The mean value in the group.
        mean_rest: The mean value in the other frames.
        effect: Cohen's d: the difference of the means over the pooled standard deviation.
        effect_interval: The 95 % interval of the effect, by a bootstrap over pieces.
        spread_ratio: The standard deviation in the group over that of the others.
        spread_interval: The 95 % interval of the ratio, by the same bootstrap.
        expected: The paper's finding: "high", "low" or "spread".
        holds: The answer "yes" if the interval lies wholly on the side that the paper found, else "no".
    """

    name: str
    frames: int
    rest: int
    mean: float
    mean_rest: float
    effect: float
    effect_interval: tuple[float, float]
    spread_ratio: float
    spread_interval: tuple[float, float]
    expected: str
    holds: str

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary for a JSON file."""
        return asdict(self)


def find_all(points: Points, *, seed: int = 0) -> list[Finding]:
    """Compute C1, C2 and C3 for the frames of some episodes. For C3, beginnings and endings are left out of both sides.

    Args:
        points: The points of all frames.
        seed: The seed of the bootstrap.
    """
    begins, ends = points.begun_s < EDGE_S, points.left_s < EDGE_S
    between = points.select(np.flatnonzero(~begins & ~ends))
    return [
        _finding("C1 beginnings", points, begins, expected="high", seed=seed),
        _finding("C2 endings", points, ends, expected="low", seed=seed),
        _finding("C3 near clefs", between, between.system_px < CLEF_PX, expected="spread", seed=seed),
    ]


def _finding(name: str, points: Points, inside: npt.NDArray[np.bool_], *, expected: str, seed: int) -> Finding:
    tallies = np.stack(
        [np.concatenate([_tally(points, points.episode == k, inside), _tally(points, points.episode == k, ~inside)])
         for k in np.unique(points.episode)]
        or [np.zeros(6)]  # an agent that is always lost at once has no frames between
    )  # fmt: skip
    effect, ratio = _compare(tallies.sum(axis=0))
    effects, ratios = _compare(resampled_totals(tallies, seed))
    effect_ends, ratio_ends = percentile_interval(effects), percentile_interval(ratios)
    holds = {"high": effect_ends[0] > 0, "low": effect_ends[1] < 0, "spread": ratio_ends[0] > 1}[expected]
    return Finding(
        name=name,
        frames=int(inside.sum()),
        rest=int((~inside).sum()),
        mean=float(points.value[inside].mean()) if inside.any() else float("nan"),
        mean_rest=float(points.value[~inside].mean()) if (~inside).any() else float("nan"),
        effect=float(effect),
        effect_interval=effect_ends,
        spread_ratio=float(ratio),
        spread_interval=ratio_ends,
        expected=expected,
        holds="yes" if holds else "no",
    )


def _tally(points: Points, own: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the count, sum and sum of squares of the values of one piece's frames in a group."""
    values = points.value[own & inside].astype(np.float64)
    return np.array([len(values), values.sum(), np.square(values).sum()])


def _compare(totals: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute Cohen's d and the ratio of standard deviations from two groups' tallies (..., 6); NaN if one is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        n, total, squares = totals[..., 0::3], totals[..., 1::3], totals[..., 2::3]
        mean = total / n
        variance = np.maximum(squares / n - np.square(mean), 0.0)
        pooled = np.sqrt((n * variance).sum(axis=-1) / n.sum(axis=-1))
        effect = (mean[..., 0] - mean[..., 1]) / pooled
        return effect, np.sqrt(variance[..., 0] / variance[..., 1])
