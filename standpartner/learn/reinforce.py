"""Learns by REINFORCE with a baseline (Williams 1992; Sutton and Barto 2018, section 13.4).

docs/algorithms/reinforce.md explains every detail, its source and each logged number.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Self

import numpy as np

from standpartner.errors import ConfigError
from standpartner.learn.bounds import Amount, Count
from standpartner.learn.learner import Learner, RewardConfig, means
from standpartner.learn.rollout import EpisodeConfig, Rollout
from standpartner.learn.team import Team


@dataclass(frozen=True)
class ReinforceConfig(RewardConfig):
    """The settings of REINFORCE; a rollout of whole episodes is followed by one pass over their frames.

    The defaults are the paper's, whose code has no entropy bonus here.

    Attributes:
        samples: The frames that one gradient step uses; 0 takes the whole rollout, which a network with memory needs.
    """

    samples: Count = 32
    entropy: Amount = 0.0
    episode: EpisodeConfig = field(default_factory=partial(EpisodeConfig, episodes=1, frames=0, anywhere=0.0))

    def __post_init__(self) -> None:
        if self.episode.frames or self.optimiser.decay:
            raise ConfigError(
                "REINFORCE plays whole episodes and does not know beforehand how many gradient steps they make: "
                f"set episode.frames to 0, got {self.episode.frames}, and optimiser.decay to false"
            )

    def share(self, team: Team, where: str) -> Self:
        """Return one process's part; see `StageConfig.share`."""
        if self.samples:
            raise ConfigError(f"{where}.samples: several processes need 0, as their episodes are not equally long")
        return super().share(team, where)


class Reinforce(Learner[ReinforceConfig]):
    """The stage of REINFORCE. One call of ``step`` plays whole episodes and learns from all their frames once."""

    name = "reinforce"
    stream = 6

    def learn_from(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Learn once from all frames of a rollout; see `Learner.learn_from`."""
        batch, size = self.weigh(rollout, gae_lambda=1.0), self.settings.samples
        parts = batch.alone().parts(rng, size=size) if size else [batch]
        return means([self.climb(part) for part in parts])
