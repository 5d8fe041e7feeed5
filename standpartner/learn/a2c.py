"""Synchronous advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, the synchronous form of algorithm S3).

Every detail, where it comes from and what each logged number means: docs/algorithms/a2c.md.
"""

from collections.abc import Sequence

import numpy as np

from standpartner.game.tracks import Track
from standpartner.learn.config import A2cConfig
from standpartner.learn.learner import Learner, policy_gradient_loss, weigh
from standpartner.learn.rollout import Actor, rollout_measures


class A2c(Learner):
    """The stage: one call of ``step`` plays a few frames of all episodes and makes one gradient step of them.

    Args:
        actor: the network that plays and learns.
        tracks: what it plays on.
        settings: see A2cConfig.
        seed: see `Learner`.
    """

    name = "a2c"

    def __init__(self, actor: Actor, tracks: Sequence[Track], settings: A2cConfig, *, seed: int) -> None:
        super().__init__(actor, tracks, settings, seed=seed, gradient_steps=settings.steps)
        self.settings = settings

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from it."""
        settings = self.settings
        rollout = self.episodes.collect(np.random.default_rng([self.seed, 5, number]))
        rate = self.optimiser.learning_rate()
        batch = weigh(
            rollout, discount=settings.discount, gae_lambda=settings.gae_lambda, mean_values=settings.mean_values
        )
        loss, logged = policy_gradient_loss(self.actor, batch, settings)
        norm = self.optimiser.step(loss)
        return logged | {"gradient_norm": norm, "learning_rate": rate} | rollout_measures(rollout)
