"""REINFORCE with a baseline (Williams 1992; Sutton and Barto 2018, section 13.4).

Every detail, where it comes from and what each logged number means: docs/algorithms/reinforce.md.
"""

from collections.abc import Sequence

import numpy as np

from standpartner.game.tracks import Track
from standpartner.learn.config import ReinforceConfig
from standpartner.learn.learner import Learner, means, policy_gradient_loss, weigh
from standpartner.learn.rollout import Actor, rollout_measures


class Reinforce(Learner):
    """The stage: one call of ``step`` plays whole episodes and learns from all their frames once.

    Args:
        actor: the network that plays and learns.
        tracks: what it plays on.
        settings: see ReinforceConfig.
        seed: see `Learner`.
    """

    name = "reinforce"

    def __init__(self, actor: Actor, tracks: Sequence[Track], settings: ReinforceConfig, *, seed: int) -> None:
        super().__init__(actor, tracks, settings, seed=seed, gradient_steps=settings.steps)
        self.settings = settings

    def step(self, number: int) -> dict[str, float]:
        """Play the episodes of rollout ``number`` and learn from them."""
        settings = self.settings
        rng = np.random.default_rng([self.seed, 6, number])
        rollout = self.episodes.collect(rng)
        rate, logs = self.optimiser.learning_rate(), []
        batch = weigh(rollout, discount=settings.discount, gae_lambda=1.0, mean_values=settings.mean_values)
        parts = batch.alone().parts(rng, size=settings.samples) if settings.samples else [batch]
        for part in parts:
            loss, logged = policy_gradient_loss(self.actor, part, settings)
            logs.append(logged | {"gradient_norm": self.optimiser.step(loss)})
        return means(logs) | {"learning_rate": rate} | rollout_measures(rollout)
