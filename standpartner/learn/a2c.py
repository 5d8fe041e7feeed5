"""Learns by synchronous advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, algorithm S3, synchronous).

docs/algorithms/a2c.md explains every detail, its source and each logged number.
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
    """The stage of A2C. One call of ``step`` plays a few frames of all episodes and makes one gradient step."""

    name = "a2c"
    stream = 5

    def learn_from(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Make one gradient step; see `Learner.learn_from`."""
        return self.climb(self.weigh(rollout, gae_lambda=self.settings.gae_lambda))
