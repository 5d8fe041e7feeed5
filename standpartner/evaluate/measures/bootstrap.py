"""Bootstrap intervals over pieces: how far a number might move if other pieces of the same kind had been played."""

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError

RESAMPLES = 2_000
LEVEL = 0.95


def resampled_totals(
    tallies: npt.NDArray[np.float64], seed: int, *, resamples: int = RESAMPLES
) -> npt.NDArray[np.float64]:
    """Column sums over pieces drawn with replacement.

    Args:
        tallies: (pieces, columns) sums and counts per piece; a measure is a function of their totals.
        seed: same seed, same draws.
        resamples: how many draws of as many pieces as there are.

    Returns:
        float64 (resamples, columns).

    Raises:
        ConfigError: there is no piece or no resample.
    """
    if tallies.ndim != 2 or not len(tallies) or resamples < 1:
        raise ConfigError(
            f"a bootstrap needs tallies (pieces, columns) and resamples, got {tallies.shape}, {resamples}"
        )
    pieces = len(tallies)
    times_drawn = np.random.default_rng(seed).multinomial(pieces, np.full(pieces, 1 / pieces), size=resamples)
    return np.asarray(times_drawn @ tallies)


def percentile_interval(values: npt.NDArray[np.float64], level: float = LEVEL) -> tuple[float, float]:
    """Central interval of resampled values; resamples without a value (NaN) are left out.

    Args:
        values: (resamples,).
        level: share of the values inside.

    Returns:
        Lower and upper end; both NaN if no resample has a value.

    Raises:
        ConfigError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"the level of an interval must be between 0 and 1, got {level}")
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
