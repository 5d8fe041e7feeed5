"""Trains the tracker on the truth and the policy on the oracle's actions, both on the policy's own states.

This third stage is dataset aggregation (Ross et al. 2011). The oracle sees the truth; the policy sees the features
of the fixed encoders. Because the policy itself plays, both learn in the states to which its own mistakes lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from torch import Tensor
from torch.nn import functional

from standpartner.game.policies import OraclePolicy
from standpartner.game.tracks import Track
from standpartner.learn.bounds import Amount, Count, Positive, Share
from standpartner.learn.fixed_encoders import FixedEncoders, track_loss
from standpartner.learn.learner import means
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.rollout import EpisodeConfig, Episodes, Rollout, rollout_measures, shuffled
from standpartner.learn.stage import READ_ONCE, EpisodeStageConfig, Stage, refuse_whole_episodes


@dataclass(frozen=True)
class ImitateConfig(EpisodeStageConfig):
    """The settings of the imitation of the oracle on the agent's own states.

    Attributes:
        steps: The number of rollouts, each followed by one gradient step for each of its ``minibatches``.
        minibatches: The number of parts of the episodes, of which one gradient step uses one.
        value_weight: The weight of the value loss (returns of the visited states).
        track_weight: The weight of the tracker's loss.
        discount: The discount of those returns.
        episode: The settings of the episodes.
        optimiser: The settings of the optimiser.
    """

    needs: ClassVar[str] = READ_ONCE

    steps: Count = 1500
    minibatches: Positive = 2
    value_weight: Amount = 0.5
    track_weight: Amount = 1.0
    discount: Share = 0.9
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        refuse_whole_episodes(self.episode)


class Imitate(Stage):
    """The stage of imitation. One call of ``step`` plays a rollout and learns from it once.

    Args:
        actor: The network that plays and learns, tracker included.
        tracks: The tracks to play on.
        settings: The settings of the stage.
        seed: The seed; every random draw is a function of (seed, stage, step).
    """

    name = "imitate"

    def __init__(self, actor: FixedEncoders, tracks: Sequence[Track], settings: ImitateConfig, *, seed: int) -> None:
        self.actor, self.settings = actor, settings
        self.episodes = Episodes(actor, tracks, settings.episode)
        optimiser = Optimiser(actor.learned(), settings.optimiser, steps=settings.steps * settings.minibatches)
        super().__init__(settings, optimiser, seed=seed, parts=(self.episodes,))

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from the oracle's actions."""
        settings = self.settings
        rng = np.random.default_rng([self.seed, 3, number])
        rollout = self.episodes.collect(rng, teacher=OraclePolicy().act, greedy=0.5)
        returns = rollout.value + rollout.advantages(discount=settings.discount, gae_lambda=1.0)
        rate, logs = self.optimiser.learning_rate(), []
        for chosen in shuffled(settings.episode.episodes, rng, count=settings.minibatches):
            logs.append(self._learn(rollout.part(chosen), returns[:, chosen]))
        return means(logs) | {"learning_rate": rate} | rollout_measures(rollout)

    def _learn(self, rollout: Rollout, returns: Tensor) -> dict[str, float]:
        logits, values = self.actor.replay(rollout)
        policy_loss = functional.cross_entropy(logits.flatten(0, 1), rollout.taught.flatten())
        value_loss = functional.mse_loss(values, returns)
        where_loss = track_loss(self.actor.network.policy, rollout)
        settings = self.settings
        norm = self.optimiser.step(
            policy_loss + settings.value_weight * value_loss + settings.track_weight * where_loss
        )
        agreed = float((logits.detach().argmax(-1) == rollout.taught).float().mean())
        return {
            "loss/policy": float(policy_loss.detach()),
            "loss/value": float(value_loss.detach()),
            "loss/track": float(where_loss.detach()),
            "episode/agrees_with_oracle": agreed,
            "gradient_norm": norm,
        }
