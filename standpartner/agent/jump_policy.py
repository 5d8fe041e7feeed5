"""The weights of an agent's learned decision when to jump: a small network that corrects the log odds of a rule.

They are learned from reward by `standpartner.learn.jumps` and used by `standpartner.follow.jump_decision`.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import AgentError

_AVERAGED: Final = ("found", "tracked", "located", "tracked now", "found against here", "found speed", "speed change")
INPUTS: Final = (
    *_AVERAGED,
    *(f"{name}, averaged" for name in _AVERAGED),
    *("led", "led, logarithm", "since", "distance, signed", "distance", "gathered", "evidence"),
)
"""The names of the inputs in their order; `standpartner.follow.jump_decision` computes them."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JumpPolicy:
    """A network of one hidden layer that says how much the log odds of jumping differ from a rule's.

    Attributes:
        hidden: The weights of the hidden units, (units, inputs).
        hidden_bias: The biases of the hidden units, (units,).
        out: The weights of the output, (units,).
        out_bias: The bias of the output.
        threshold: The probability of jumping above which the follower jumps.
    """

    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: float
    threshold: float = 0.7

    def __post_init__(self) -> None:
        units = len(self.out)
        shapes = np.shape(self.hidden), np.shape(self.hidden_bias), np.shape(self.out)
        expected = (units, len(INPUTS)), (units,), (units,)
        if shapes != expected:
            raise AgentError(f"expected a jump policy with weights of the shapes {expected}, got {shapes}; learn again")
        numbers = np.concatenate([np.ravel(self.hidden), self.hidden_bias, self.out, [self.out_bias]])
        if not np.isfinite(numbers).all() or not 0 < self.threshold < 1:
            raise AgentError("expected a jump policy with finite weights and a threshold from 0 to 1; learn again")

    def correction(self, inputs: Floats) -> Floats:
        """Return what is added to the rule's log odds, (...), for inputs in the order of `INPUTS`, (..., inputs)."""
        return np.asarray(np.tanh(inputs @ self.hidden.T + self.hidden_bias) @ self.out + self.out_bias)

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary for ``agent.json``."""
        return {
            "inputs": list(INPUTS),
            "hidden": self.hidden.tolist(),
            "hidden_bias": self.hidden_bias.tolist(),
            "out": self.out.tolist(),
            "out_bias": self.out_bias,
            "threshold": self.threshold,
        }

    @classmethod
    def from_json(cls, values: Any) -> Self | None:
        """Rebuild the policy from ``to_json``; None stands for an agent that has learned none.

        Raises:
            AgentError: The values are not those of a policy, or it was learned with other inputs.
        """
        if values is None:
            return None
        try:
            inputs = tuple(values["inputs"])
            hidden, hidden_bias, out = (np.array(values[name], np.float64) for name in ("hidden", "hidden_bias", "out"))
            out_bias, threshold = float(values["out_bias"]), float(values["threshold"])
        except (TypeError, KeyError, ValueError) as error:
            raise AgentError(f"expected the weights of a jump policy, got others ({error!r}); learn again") from error
        if inputs != INPUTS or out.ndim != 1:
            raise AgentError(f"expected a jump policy with the inputs {INPUTS}, got {inputs}; learn again")
        return cls(hidden, hidden_bias, out, out_bias, threshold)
