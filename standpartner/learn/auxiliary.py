"""An auxiliary loss beside a learner's own, with gradient steps on each rollout and on earlier ones that are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from torch import Tensor

from standpartner.learn.optimise import Optimiser
from standpartner.learn.rollout import EPISODES, Rollout, shuffled

_KEPT = EPISODES + "kept/"  # the prefix of their names in a checkpoint


class Kept:
    """Keeps the newest rollouts, to learn from them again.

    Args:
        size: The number of rollouts that are kept.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.rollouts: list[Rollout] = []

    def add(self, rollout: Rollout) -> None:
        """Keep a rollout, in the place of the oldest one if there are enough."""
        self.rollouts = [*self.rollouts, rollout][-self.size :] if self.size else []

    def state_dict(self) -> dict[str, Tensor]:
        """Return all rollouts as tensors by name, oldest first."""
        tensors = {}
        for number, rollout in enumerate(self.rollouts):
            for name in _COLUMNS:
                tensors[f"{_KEPT}{number}/{name}"] = getattr(rollout, name)
            for name, values in rollout.observed.items():
                tensors[f"{_KEPT}{number}/observed/{name}"] = values
        return tensors

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state_dict``."""
        self.rollouts = []
        while f"{_KEPT}{len(self.rollouts)}/reward" in tensors:
            begin = f"{_KEPT}{len(self.rollouts)}/"
            columns = {name: tensors[begin + name].clone() for name in _COLUMNS}
            seen = begin + "observed/"
            observed = {name.removeprefix(seen): tensors[name].clone() for name in tensors if name.startswith(seen)}
            self.rollouts.append(Rollout(observed=observed, **columns))


_COLUMNS = tuple(field.name for field in fields(Rollout) if field.name != "observed")


@dataclass(frozen=True)
class AuxiliaryLoss:
    """An auxiliary loss of a part of a rollout.

    Attributes:
        name: The name under which the loss is logged.
        loss: The loss of a rollout, with gradients for some of the parameters that learn.
        parts: The equal parts of a rollout's episodes, each of which makes one gradient step.
        replay: The number of earlier rollouts that are kept. One of them, drawn at random, makes as many steps.
    """

    name: str
    loss: Callable[[Rollout], Tensor]
    parts: int
    replay: int = 0

    @property
    def passes(self) -> int:
        """The number of gradient steps for each rollout."""
        return self.parts * (2 if self.replay else 1)

    def learn(self, rollout: Rollout, kept: Kept, optimiser: Optimiser, rng: np.random.Generator) -> dict[str, float]:
        """Make the gradient steps of a new rollout, and keep it; return the number to log."""
        logged = {f"loss/{self.name}": self._steps(rollout, optimiser, rng)}
        if kept.rollouts:
            again = kept.rollouts[rng.integers(len(kept.rollouts))]
            logged[f"loss/{self.name}_again"] = self._steps(again, optimiser, rng)
        kept.add(rollout)
        return logged

    def _steps(self, rollout: Rollout, optimiser: Optimiser, rng: np.random.Generator) -> float:
        losses = []
        for episodes in shuffled(rollout.fresh.shape[1], rng, count=self.parts):
            loss = self.loss(rollout.part(episodes))
            optimiser.step(loss)
            losses.append(float(loss.detach()))
        return float(np.mean(losses))
