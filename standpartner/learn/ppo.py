"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) of the game's own reward.

Every detail, where it comes from and what each logged number means: docs/algorithms/ppo.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.game.tracks import Track
from standpartner.learn.config import PpoConfig
from standpartner.learn.learner import Batch, Learner, explained, judge, means, shuffled, weigh
from standpartner.learn.rollout import Actor, Rollout, rollout_measures


def ppo_loss(actor: Actor, batch: Batch, settings: PpoConfig) -> tuple[Tensor, dict[str, float]]:
    """The loss on some episodes of a rollout, and what to log.

    Args:
        actor: with its weights as they are now.
        batch: T frames of N episodes; advantages normalised.
        settings: see PpoConfig.
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


class Ppo(Learner):
    """The stage: one call of ``step`` plays a rollout and improves the policy on it a few times.

    Args:
        actor: the network that plays and learns.
        tracks: what it plays on.
        settings: see PpoConfig.
        seed: see `Learner`.
        helper: another loss of a part of a rollout, which gets gradient steps of its own before the policy's.
    """

    name = "ppo"

    def __init__(
        self,
        actor: Actor,
        tracks: Sequence[Track],
        settings: PpoConfig,
        *,
        seed: int,
        helper: Callable[[Rollout], Tensor] | None = None,
    ) -> None:
        frames = settings.episode.episodes * settings.episode.frames
        parts = -(-frames // settings.samples) if settings.samples else settings.minibatches
        passes = settings.epochs * parts + (settings.minibatches if helper else 0)
        super().__init__(actor, tracks, settings, seed=seed, gradient_steps=settings.steps * passes)
        self.settings, self.helper = settings, helper

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from it."""
        rng = np.random.default_rng([self.seed, 4, number])
        rollout = self.episodes.collect(rng)
        rate = self.optimiser.learning_rate()
        helped = self._help(self.helper, rollout, rng) if self.helper else {}
        return self._improve(rollout, rng) | helped | {"learning_rate": rate} | rollout_measures(rollout)

    def _help(
        self, helper: Callable[[Rollout], Tensor], rollout: Rollout, rng: np.random.Generator
    ) -> dict[str, float]:
        losses = []
        for episodes in shuffled(rollout.fresh.shape[1], rng, count=self.settings.minibatches):
            loss = helper(rollout.part(episodes))
            self.optimiser.step(loss)
            losses.append(float(loss.detach()))
        return {"loss/track": float(np.mean(losses))}

    def _improve(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        settings = self.settings
        batch = weigh(
            rollout, discount=settings.discount, gae_lambda=settings.gae_lambda, mean_values=settings.mean_values
        )
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
