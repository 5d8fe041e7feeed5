"""Compares two players on the same performances: paired differences with bootstrap intervals over pieces and runs.

Two intervals that overlap do not say that two players are alike, since hard pieces are hard for both. The difference
on each piece says more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import ConfigError
from standpartner.evaluate.measures.bootstrap import RESAMPLES, percentile_interval
from standpartner.evaluate.measures.episode import piece_of

MEASURES: Final = ("r_tue", "r_on", "within_s 0.5", "bar_accuracy", "system_accuracy")
_SAME: Final = ("corpus", "split", "sound", "game", "limit")


@dataclass(frozen=True)
class Difference:
    """A measure of two players on the same performances.

    Attributes:
        measure: The name of the measure.
        first: Its value for the first player, the mean of its reports.
        second: Its value for the second player.
        low: The lower end of the 95 % interval of second minus first.
        high: The upper end.
    """

    measure: str
    first: float
    second: float
    low: float
    high: float


def compare_reports(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> list[Difference]:
    """Compare two players, each by one report or by several, as of trainings with other seeds.

    A resample draws pieces, each with all its performances, and of each player as many of its reports as there are.

    Args:
        first: The reports of one player, as ``standpartner evaluate --json`` writes them.
        second: The reports of the other.
        seed: The seed of the resamples.

    Returns:
        The differences, one for each of `MEASURES` that all reports have.

    Raises:
        ConfigError: There is no report of a player, or they are not of the same performances in the same setting.
    """
    sides = (first, second)
    if not first or not second:
        raise ConfigError(f"expected at least one report of each player, got {len(first)} and {len(second)}")
    reports = [*first, *second]
    _check_same(reports)
    pieces, rng = _pieces(reports[0]), np.random.default_rng(seed)
    drawn = [_draw(rng, len(pieces)), *(_draw(rng, len(side)) for side in sides)]
    differences = []
    for measure in MEASURES:
        if any(_value(row, measure) is None for report in reports for row in report["rows"]):
            continue
        ratios = [_ratios(side, measure, pieces) for side in sides]
        mean, other_mean = (float(each(np.ones((1, len(pieces)))).mean()) for each in ratios)
        one, other = (
            (each(drawn[0]) * times).sum(1) / times.sum(1) for each, times in zip(ratios, drawn[1:], strict=True)
        )
        low, high = percentile_interval(other - one)
        differences.append(Difference(measure, mean, other_mean, low, high))
    return differences


def _draw(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Return how often each of some things is in each resample of as many, (resamples, count)."""
    return rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)


def _ratios(
    reports: Sequence[Mapping[str, Any]], measure: str, pieces: Sequence[Sequence[int]]
) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """Return the function from how often each piece is drawn, (n, pieces), to each report's measure, (n, reports)."""
    sums, weights = (np.array(each).T for each in zip(*(_sums(one, measure, pieces) for one in reports), strict=True))
    return lambda times: (times @ sums) / (times @ weights)


def _sums(
    report: Mapping[str, Any], measure: str, pieces: Sequence[Sequence[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sum and the weight of a ratio in each piece: a performance counts as one, or by its onsets."""
    rows = report["rows"]
    weight = np.array([1.0 if measure == "r_tue" else row["onsets"] for row in rows])
    value = np.array([_value(row, measure) for row in rows], dtype=np.float64) * weight
    return np.array([value[list(own)].sum() for own in pieces]), np.array([weight[list(own)].sum() for own in pieces])


def _value(row: Mapping[str, Any], measure: str) -> float | None:
    name, _, tolerance = measure.partition(" ")
    found = row.get(name)
    value = found.get(tolerance) if tolerance and found else found
    return None if value is None else float(value)


def _pieces(report: Mapping[str, Any]) -> list[list[int]]:
    """Return the numbers of each piece's rows; the rows of a piece begin with its name and a slash."""
    pieces: dict[str, list[int]] = {}
    for number, row in enumerate(report["rows"]):
        pieces.setdefault(piece_of(row["name"]), []).append(number)
    return list(pieces.values())


def _check_same(reports: Sequence[Mapping[str, Any]]) -> None:
    expected = reports[0]
    names = [row["name"] for row in expected["rows"]]
    for report in reports[1:]:
        different = [key for key in _SAME if report[key] != expected[key]]
        if [row["name"] for row in report["rows"]] != names:
            different.append("performances")
        if different:
            raise ConfigError(
                f"the reports of {expected['agent']} and {report['agent']} differ in {', '.join(different)}; "
                "compare players on the same performances in the same setting"
            )
