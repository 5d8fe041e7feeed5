"""The calibrated confidence of an agent in its position, from the beliefs of its search and its tracker.

They are fitted where the truth is known, by `standpartner.evaluate.calibration`.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import AgentError

_SMALLEST: Final = 1e-4  # probabilities are clipped to this and to 1 minus it

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """The weights with which two estimates' log odds make the confidence (Platt scaling with two inputs).

    The search knows the whole score and the last seconds, the tracker the window and all that led there.

    Attributes:
        search: The weight of the log odds that the search gives to the position.
        tracker: The weight of the log odds that the agent's tracker gives to the position.
        bias: The log odds where both are undecided.
    """

    search: float = 0.5
    tracker: float = 0.5
    bias: float = 0.0

    def confidence(self, searched: ArrayLike, tracked: ArrayLike) -> Floats:
        """Return the probability that the music is where the agent is.

        Args:
            searched: The probability that the search gives to the agent's position, of any shape.
            tracked: The probability that the tracker gives to it, of the same shape.
        """
        odds = self.search * log_odds(searched) + self.tracker * log_odds(tracked) + self.bias
        return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))

    def to_json(self) -> dict[str, float]:
        """Return a plain dictionary for ``agent.json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Rebuild the calibration from ``to_json``; None gives that of an agent that is not calibrated.

        Raises:
            AgentError: The values are not those of a calibration.
        """
        if values is None:
            return cls()
        try:
            return cls(**{name: float(values[name]) for name in ("search", "tracker", "bias")})
        except (TypeError, KeyError, ValueError) as error:
            raise AgentError(
                f"expected a calibration with search, tracker and bias, got {values}; calibrate again"
            ) from error


def log_odds(probability: ArrayLike) -> Floats:
    """Return the log odds of probabilities, clipped to 0.0001 and 0.9999, in the same shape."""
    inside = np.minimum(np.maximum(np.asarray(probability, np.float64), _SMALLEST), 1.0 - _SMALLEST)
    return np.asarray(np.log(inside / (1.0 - inside)))
