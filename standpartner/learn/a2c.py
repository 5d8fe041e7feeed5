"""Synchronous advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, the synchronous form of algorithm S3).

Every detail, where it comes from and what each logged number means: docs/algorithms/a2c.md.
"""

from dataclasses import dataclass

import numpy as np

from standpartner.learn.bounds import Share
from standpartner.learn.learner import Learner, RewardConfig
from standpartner.learn.rollout import Rollout


@dataclass(frozen=True)
class A2cConfig(RewardConfig):
    """The settings of A2C; a rollout is followed by one gradient step. The defaults are the paper's.

    Attributes:
        gae_lambda: The lambda of the advantages: 1 for n-step returns, less for generalised advantage estimation.
    """

    gae_lambda: Share = 1.0


class A2c(Learner[A2cConfig]):
    """The stage: one call of ``step`` plays a few frames of all episodes and makes one gradient step of them."""

    name = "a2c"
    stream = 5

    def learn_from(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """See `Learner.learn_from`."""
        return self.climb(self.weigh(rollout, gae_lambda=self.settings.gae_lambda))
