"""What REINFORCE, A2C and PPO share beside rollout and returns: parts of a batch, terms of the loss, their state."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.game.tracks import Track
from standpartner.learn.config import A2cConfig, PpoConfig, ReinforceConfig
from standpartner.learn.optimise import Optimiser
from standpartner.learn.rollout import Actor, Episodes, Rollout


@dataclass(frozen=True)
class Batch:
    """A rollout with what its actions turned out to be worth; (T, N) like its columns.

    Attributes:
        rollout: what was played.
        advantages: how much better than expected.
        returns: targets of the value.
    """

    rollout: Rollout
    advantages: Tensor
    returns: Tensor

    def part(self, episodes: Tensor) -> "Batch":
        """Only some of the episodes."""
        return Batch(self.rollout.part(episodes), self.advantages[:, episodes], self.returns[:, episodes])

    def alone(self) -> "Batch":
        """See `Rollout.alone`."""
        kept = self.rollout.played
        return Batch(self.rollout.alone(), self.advantages[kept][None], self.returns[kept][None])

    def parts(self, rng: np.random.Generator, *, count: int = 1, size: int = 0) -> list["Batch"]:
        """All episodes in random order, in so many equal parts, or in parts of a size (the last may be smaller)."""
        return [self.part(episodes) for episodes in shuffled(self.returns.shape[1], rng, count=count, size=size)]


def weigh(rollout: Rollout, *, discount: float, gae_lambda: float, mean_values: bool) -> Batch:
    """What the actions of a rollout were worth; see `Rollout.advantages`."""
    advantages = rollout.advantages(discount=discount, gae_lambda=gae_lambda, mean_values=mean_values)
    return Batch(rollout, advantages, rollout.value + advantages)


class Learner:
    """A stage that learns from reward; subclasses add ``step``.

    Args:
        actor: the network that plays and learns.
        tracks: what it plays on.
        settings: of the stage.
        seed: every random draw is a function of (seed, stage, step).
        gradient_steps: how many there will be, as far as the learning rate has to know.
    """

    def __init__(
        self,
        actor: Actor,
        tracks: Sequence[Track],
        settings: PpoConfig | A2cConfig | ReinforceConfig,
        *,
        seed: int,
        gradient_steps: int,
    ) -> None:
        self.actor, self.seed, self.steps = actor, seed, settings.steps
        self.episodes = Episodes(actor, tracks, settings.episode)
        self.optimiser = Optimiser(actor.learned(), settings.optimiser, steps=gradient_steps)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        return self.optimiser.state() | self.episodes.state()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.optimiser.load(tensors)
        self.episodes.load(tensors)


def shuffled(number: int, rng: np.random.Generator, *, count: int = 1, size: int = 0) -> list[Tensor]:
    """0, 1, ... number - 1 in random order, in parts as `Batch.parts` has them."""
    order = rng.permutation(number)
    split = np.split(order, range(size, number, size)) if size else np.array_split(order, count)
    return [torch.as_tensor(part) for part in split]


def judge(logits: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """(..., actions), (...) -> log-probability of the action taken (...), entropy of the policy (...) in nat."""
    log_probabilities = logits.log_softmax(-1)
    chosen = log_probabilities.gather(-1, action.unsqueeze(-1)).squeeze(-1)
    return chosen, -(log_probabilities.exp() * log_probabilities).sum(-1)


def policy_gradient_loss(
    actor: Actor, batch: Batch, settings: A2cConfig | ReinforceConfig
) -> tuple[Tensor, dict[str, float]]:
    """The loss of A2C and of REINFORCE with a baseline, and what to log.

    Actions that brought more than the value expected become more probable; the value learns what they brought.

    Args:
        actor: with its weights as they are now.
        batch: T frames of N episodes.
        settings: weights of the terms.
    """
    played = batch.rollout.played
    logits, values = (judged[played] for judged in actor.replay(batch.rollout))
    action, returns = batch.rollout.action[played], batch.returns[played]
    advantages = returns - values.detach()
    chosen, entropies = judge(logits, action)
    policy_loss, entropy = -(chosen * advantages).mean(), entropies.mean()
    value_loss = functional.mse_loss(values, returns)
    logged = {
        "loss/policy": float(policy_loss.detach()),
        "loss/value": float(value_loss.detach()),
        "loss/entropy": float(entropy.detach()),
        "value/explained": explained(values.detach(), returns),
    }
    return policy_loss + settings.value_weight * value_loss - settings.entropy * entropy, logged


def explained(values: Tensor, returns: Tensor) -> float:
    """Share of the returns' variance that the values explain; 1 is perfect, 0 no better than their mean."""
    return float(1 - (returns - values).var(correction=0) / returns.var(correction=0).clamp(min=1e-12))


def means(logs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of every logged number over the gradient steps of a rollout."""
    return {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
