"""Second stage: the tracker learns where the music is, the policy imitates the oracle, both on the policy's own states.

This is dataset aggregation (Ross et al. 2011). The oracle sees the truth; the policy sees what the fixed encoders make
of score and sound. Because the policy itself plays, both learn what to do where its own mistakes lead it.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.networks import ReadOnceNetwork
from standpartner.game.players import OraclePlayer
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import TrainingSet
from standpartner.learn.features import Features
from standpartner.learn.optimise import Optimiser
from standpartner.learn.rollout import Episodes, Rollout, replay, rollout_measures, track_loss


class Imitate:
    """The stage: one call of ``step`` plays a rollout and learns from it once."""

    name = "imitate"

    def __init__(self, network: ReadOnceNetwork, data: TrainingSet, features: Features, *, config: TrainConfig) -> None:
        self.network, self.config, self.steps = network, config, config.imitate.steps
        self.episodes = Episodes(network, data, features, config=config.imitate.episode)
        named = [(f"policy.{n}", p) for n, p in network.policy.named_parameters()]
        passes = config.imitate.minibatches
        self.optimiser = Optimiser(named, config.imitate.optimiser, steps=self.steps * passes)

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from the oracle's advice."""
        settings = self.config.imitate
        rng = np.random.default_rng([self.config.seed, 3, number])
        rollout = self.episodes.collect(rng, teacher=OraclePlayer().act, greedy=0.5)
        returns = rollout.value + rollout.advantages(discount=settings.discount, gae_lambda=1.0)
        rate, logs = self.optimiser.learning_rate(), []
        for part in np.array_split(rng.permutation(settings.episode.episodes), settings.minibatches):
            chosen = torch.from_numpy(part)
            logs.append(self._learn(rollout.part(chosen), returns[:, chosen]))
        means = {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
        return means | {"learning_rate": rate} | rollout_measures(rollout)

    def _learn(self, rollout: Rollout, returns: Tensor) -> dict[str, float]:
        logits, values = replay(self.network.policy, rollout)
        policy_loss = functional.cross_entropy(logits.flatten(0, 1), rollout.taught.flatten())
        value_loss = functional.mse_loss(values, returns)
        where_loss = track_loss(self.network.policy, rollout)
        settings = self.config.imitate
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

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        return self.optimiser.state() | self.episodes.state()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.optimiser.load(tensors)
        self.episodes.load(tensors)
