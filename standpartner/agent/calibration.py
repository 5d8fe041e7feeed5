"""What a probability is worth: a correction of an agent's own probabilities, fitted where the truth is known."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import AgentError, ConfigError

_SMALLEST = 1e-4  # probabilities are taken from here to 1 minus it
_STEPS = 50
_HALVINGS = 30
_UNCHANGED = np.array([1.0, 0.0])
_RIDGE = 1e-3  # pulls towards no correction where everything is right or everything wrong


@dataclass(frozen=True)
class Calibration:
    """A straight line through log odds (Platt, 1999).

    Attributes:
        slope: of the corrected log odds over those given; below 1 the agent was too sure of itself.
        bias: corrected log odds where those given are 0.
    """

    slope: float = 1.0
    bias: float = 0.0

    def apply(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Corrected probabilities, same shape."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.slope * _log_odds(probability) - self.bias)))

    @classmethod
    def fit(cls, probability: ArrayLike, right: ArrayLike) -> Self:
        """The line under which what happened is most likely.

        Args:
            probability: (n,) as given.
            right: (n,) whether what they are about was so.

        Raises:
            ConfigError: the two do not fit together or are empty.
        """
        odds, truth = np.atleast_1d(_log_odds(probability)), np.atleast_1d(np.asarray(right, np.float64))
        if odds.ndim != 1 or odds.shape != truth.shape or not len(odds):
            raise ConfigError(f"expected as many probabilities as outcomes, got {odds.shape} and {truth.shape}")
        inputs, weights = np.stack([odds, np.ones_like(odds)], axis=1), _UNCHANGED
        for _ in range(_STEPS):
            weights = _newton_step(inputs, truth, weights)
        return cls(slope=float(weights[0]), bias=float(weights[1]))

    def to_json(self) -> dict[str, float]:
        """Plain dictionary for ``agent.json``."""
        return {"slope": self.slope, "bias": self.bias}

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Rebuild from ``to_json``; no correction without values.

        Raises:
            AgentError: these are no such values.
        """
        if values is None:
            return cls()
        try:
            return cls(slope=float(values["slope"]), bias=float(values["bias"]))
        except (TypeError, KeyError, ValueError) as error:
            raise AgentError(f"expected a calibration with slope and bias, got {values}; calibrate again") from error


def _unlikelihood(inputs: NDArray[np.float64], truth: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Mean negative log-likelihood in nat, and what pulls towards no correction."""
    odds = inputs @ weights
    return float((np.logaddexp(0, odds) - truth * odds).mean() + _RIDGE / 2 * ((weights - _UNCHANGED) ** 2).sum())


def _newton_step(
    inputs: NDArray[np.float64], truth: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One of Newton's steps, halved until it goes downhill: where an agent is wrongly sure, a whole one leaps away."""
    given = np.exp(-np.logaddexp(0, -inputs @ weights))
    gradient = inputs.T @ (given - truth) / len(truth) + _RIDGE * (weights - _UNCHANGED)
    curvature = (inputs * (given * (1 - given))[:, None]).T @ inputs / len(truth) + _RIDGE * np.eye(2)
    step, before = np.linalg.solve(curvature, gradient), _unlikelihood(inputs, truth, weights)
    for size in 0.5 ** np.arange(_HALVINGS):
        if _unlikelihood(inputs, truth, weights - size * step) <= before:
            return weights - size * step
    return weights


def _log_odds(probability: ArrayLike) -> NDArray[np.float64]:
    inside = np.clip(np.asarray(probability, np.float64), _SMALLEST, 1.0 - _SMALLEST)
    return np.asarray(np.log(inside / (1.0 - inside)))
