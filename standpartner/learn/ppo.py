"""Learns by proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) of the game's own reward.

docs/algorithms/ppo.md explains every detail, its source and each logged number.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.learn.bounds import Amount, Count, Positive, Share
from standpartner.learn.learner import Batch, Learner, RewardConfig, explained, judge, means
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.rollout import Actor, EpisodeConfig, Rollout
from standpartner.learn.stage import refuse_whole_episodes


@dataclass(frozen=True)
class PpoConfig(RewardConfig):
    """The settings of PPO with generalised advantage estimation; the defaults suit the read-once network.

    Attributes:
        steps: The number of rollouts, each followed by ``epochs`` passes in ``minibatches`` parts.
        gae_lambda: The lambda of generalised advantage estimation.
        clip: The range of the probability ratio.
        epochs: The passes over a rollout.
        minibatches: The number of parts of the episodes, of which one gradient step uses one.
        samples: The frames that one gradient step uses, drawn from all of a rollout; 0 takes whole episodes by
            ``minibatches``, which a network with memory needs.
        track: Whether the tracker goes on learning from the truth, one pass a rollout.
    """

    steps: Count = 1500
    mean_values: bool = True
    gae_lambda: Share = 0.95
    clip: Amount = 0.2
    epochs: Positive = 3
    minibatches: Positive = 2
    samples: Count = 0
    entropy: Amount = 0.003
    track: bool = False
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    def __post_init__(self) -> None:
        refuse_whole_episodes(self.episode)


def ppo_loss(actor: Actor, batch: Batch, settings: PpoConfig) -> tuple[Tensor, dict[str, float]]:
    """Return the loss on some episodes of a rollout, and the numbers to log.

    Args:
        actor: The network with its present weights.
        batch: The batch, T frames of N episodes, with normalised advantages.
        settings: The settings of the stage.
    """
    rollout, advantages = batch.rollout, batch.advantages
    logits, values = actor.replay(rollout)
    chosen, entropies = judge(logits, rollout.action)
    ratio = (chosen - rollout.log_probability).exp()
    clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
    policy_loss = -torch.minimum(ratio * advantages, clipped * advantages).mean()
    value_loss = functional.mse_loss(values, batch.returns)
    entropy = entropies.mean()
    loss = policy_loss + settings.value_weight * value_loss - settings.entropy * entropy
    with torch.no_grad():
        logged = {
            "loss/policy": float(policy_loss),
            "loss/value": float(value_loss),
            "loss/entropy": float(entropy),
            "value/explained": explained(values, batch.returns),
            "ppo/ratio_clipped": float(((ratio - 1).abs() > settings.clip).float().mean()),
            "ppo/kl": float(((ratio - 1) - (chosen - rollout.log_probability)).mean()),
        }
    return loss, logged


class Ppo(Learner[PpoConfig]):
    """The stage of PPO. One call of ``step`` plays a rollout and improves the policy on it a few times."""

    name = "ppo"
    stream = 4

    def passes(self) -> int:
        """Return the number of gradient steps of a rollout; see `Learner.passes`."""
        settings, frames = self.settings, self.settings.episode.episodes * self.settings.episode.frames
        parts = -(-frames // settings.samples) if settings.samples else settings.minibatches
        return settings.epochs * parts

    def learn_from(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Improve the policy a few times on a rollout; see `Learner.learn_from`."""
        settings = self.settings
        batch = self.weigh(rollout, gae_lambda=settings.gae_lambda)
        advantages = (batch.advantages - batch.advantages.mean()) / (batch.advantages.std() + 1e-8)
        batch = replace(batch, advantages=advantages)
        if settings.samples:
            batch = batch.alone()
        logs = []
        for _ in range(settings.epochs):
            for part in batch.parts(rng, count=settings.minibatches, size=settings.samples):
                loss, logged = ppo_loss(self.actor, part, settings)
                logs.append(logged | {"gradient_norm": self.optimiser.step(loss)})
        return means(logs)
