"""Fits an agent's confidence where it is known whether its position was right (Platt scaling with two inputs)."""

from dataclasses import astuple
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.agent.calibration import Calibration, log_odds
from standpartner.errors import ConfigError, MissingExtraError

_RIDGE: Final = 1e-3  # pulls towards the weights of an agent that is not calibrated
_GRADIENT: Final = 1e-9  # the fit ends when the gradient is below this

Floats = NDArray[np.float64]


def fit_calibration(searched: ArrayLike, tracked: ArrayLike, right: ArrayLike) -> Calibration:
    """Fit the weights under which the observed outcomes are most likely.

    Args:
        searched: The probabilities that the search gave to the position, (n,).
        tracked: The probabilities that the tracker gave to the position, (n,).
        right: Whether the music was at the position, bool (n,).

    Raises:
        ConfigError: The three arrays differ in length or are empty.
        MissingExtraError: SciPy is not installed.
    """
    odds = [np.atleast_1d(log_odds(given)) for given in (searched, tracked)]
    truth = np.atleast_1d(np.asarray(right, np.float64))
    if truth.ndim != 1 or not len(truth) or any(given.shape != truth.shape for given in odds):
        shapes = f"{odds[0].shape}, {odds[1].shape} and {truth.shape}"
        raise ConfigError(f"expected as many probabilities of either kind as outcomes, got {shapes}")
    return Calibration(*_most_likely(np.stack([*odds, np.ones_like(truth)], axis=1), truth).tolist())


def _most_likely(inputs: Floats, truth: Floats) -> Floats:
    """Return the weights, (3,), of inputs, (n, 3), with the least regularised mean negative log-likelihood."""
    try:
        from scipy.optimize import minimize
        from scipy.special import expit
    except ImportError as error:
        raise MissingExtraError("SciPy", 'pip install "standpartner[synth]"') from error
    start = np.array(astuple(Calibration()))

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds, off = inputs @ weights, weights - start
        value = (np.logaddexp(0.0, odds) - truth * odds).mean() + _RIDGE / 2 * (off @ off)
        return float(value), inputs.T @ (expit(odds) - truth) / len(truth) + _RIDGE * off

    weights: Floats = minimize(loss, start, jac=True, method="BFGS", options={"gtol": _GRADIENT}).x
    return weights
