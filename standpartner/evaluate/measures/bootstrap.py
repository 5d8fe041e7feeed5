"""Computes bootstrap intervals over pieces: how far a number might move with other pieces of the same kind.

The draws are our own and not those of ``scipy.stats.bootstrap``, whose random numbers give other last digits than the
intervals that were published, and which would need SciPy to evaluate.
"""

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError

RESAMPLES = 2_000
LEVEL = 0.95


def resampled_totals(
    tallies: npt.NDArray[np.float64], seed: int, *, resamples: int = RESAMPLES
) -> npt.NDArray[np.float64]:
    """Sum columns over pieces that are drawn with replacement.

    Args:
        tallies: The sums and counts of each piece, (pieces, columns); a measure is a function of their totals.
        seed: The seed; the same seed gives the same draws.
        resamples: The number of resamples, each with as many pieces as there are.

    Returns:
        The totals of each resample, float64 (resamples, columns).

    Raises:
        ConfigError: There is no piece or no resample.
    """
    if tallies.ndim != 2 or not len(tallies) or resamples < 1:
        raise ConfigError(
            f"a bootstrap needs tallies (pieces, columns) and resamples, got {tallies.shape}, {resamples}"
        )
    pieces = len(tallies)
    times_drawn = np.random.default_rng(seed).multinomial(pieces, np.full(pieces, 1 / pieces), size=resamples)
    return np.asarray(times_drawn @ tallies)


def percentile_interval(values: npt.NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """Return the central interval of resampled values; resamples without a value (NaN) are left out.

    Args:
        values: The value of each resample, (resamples,).
        level: The share of the values inside the interval.

    Returns:
        The lower and the upper end; both are NaN if no resample has a value.

    Raises:
        ConfigError: The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"the level of an interval must be between 0 and 1, got {level}")
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
