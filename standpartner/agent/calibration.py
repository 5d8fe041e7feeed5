"""How sure an agent may be of its place: what its search and its tracker believe, weighed where the truth is known."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import AgentError, ConfigError

_SMALLEST: Final = 1e-4  # probabilities are taken from here to 1 minus it
_STEPS: Final = 50
_HALVINGS: Final = 30
_RIDGE: Final = 1e-3  # pulls towards the weights of an agent that is not calibrated

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Weights of two witnesses' log odds in those of their joint verdict (Platt scaling with two inputs).

    The search knows the whole score and the last two seconds, the tracker the window and all that led there.

    Attributes:
        search: weight of the log odds that the search gives to the position.
        tracker: weight of those that the agent's tracker gives to it.
        bias: log odds where both are undecided.
    """

    search: float = 0.5
    tracker: float = 0.5
    bias: float = 0.0

    def confidence(self, searched: ArrayLike, tracked: ArrayLike) -> Floats:
        """Probability that the music is where the agent is, by what search and tracker give to that; same shape."""
        odds = self.search * _log_odds(searched) + self.tracker * _log_odds(tracked) + self.bias
        return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))

    @classmethod
    def fit(cls, searched: ArrayLike, tracked: ArrayLike, right: ArrayLike) -> Self:
        """The weights under which what happened is most likely.

        Args:
            searched: (n,) probabilities that the search gave.
            tracked: (n,) those that the tracker gave.
            right: (n,) whether the music was there.

        Raises:
            ConfigError: the three do not fit together or are empty.
        """
        odds = [np.atleast_1d(_log_odds(given)) for given in (searched, tracked)]
        truth = np.atleast_1d(np.asarray(right, np.float64))
        if truth.ndim != 1 or not len(truth) or any(given.shape != truth.shape for given in odds):
            shapes = f"{odds[0].shape}, {odds[1].shape} and {truth.shape}"
            raise ConfigError(f"expected as many probabilities of either kind as outcomes, got {shapes}")
        inputs, weights = np.stack([*odds, np.ones_like(truth)], axis=1), _NOT_CALIBRATED
        for _ in range(_STEPS):
            weights = _newton_step(inputs, truth, weights)
        return cls(*weights.tolist())

    def to_json(self) -> dict[str, float]:
        """Plain dictionary for ``agent.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Rebuild from ``to_json``; without values, that of an agent that is not calibrated.

        Raises:
            AgentError: these are no such values.
        """
        if values is None:
            return cls()
        try:
            return cls(**{name: float(values[name]) for name in ("search", "tracker", "bias")})
        except (TypeError, KeyError, ValueError) as error:
            raise AgentError(
                f"expected a calibration with search, tracker and bias, got {values}; calibrate again"
            ) from error


_NOT_CALIBRATED: Final = np.array(list(asdict(Calibration()).values()))


def _unlikelihood(inputs: Floats, truth: Floats, weights: Floats) -> float:
    """Mean negative log-likelihood in nat, and the pull."""
    odds = inputs @ weights
    return float((np.logaddexp(0, odds) - truth * odds).mean() + _RIDGE / 2 * ((weights - _NOT_CALIBRATED) ** 2).sum())


def _newton_step(inputs: Floats, truth: Floats, weights: Floats) -> Floats:
    """One of Newton's steps, halved until it goes downhill: where an agent is wrongly sure, a whole one leaps away."""
    given = np.exp(-np.logaddexp(0, -inputs @ weights))
    gradient = inputs.T @ (given - truth) / len(truth) + _RIDGE * (weights - _NOT_CALIBRATED)
    curvature = (inputs * (given * (1 - given))[:, None]).T @ inputs / len(truth) + _RIDGE * np.eye(len(weights))
    step, before = np.linalg.solve(curvature, gradient), _unlikelihood(inputs, truth, weights)
    for size in 0.5 ** np.arange(_HALVINGS):
        if _unlikelihood(inputs, truth, weights - size * step) <= before:
            return weights - size * step
    return weights


def _log_odds(probability: ArrayLike) -> Floats:
    inside = np.clip(np.asarray(probability, np.float64), _SMALLEST, 1.0 - _SMALLEST)
    return np.asarray(np.log(inside / (1.0 - inside)))
