"""Holds what REINFORCE, A2C and PPO share: settings, a step, parts of a batch and terms of the loss."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from torch import Tensor
from torch.nn import functional

from standpartner.agent.config import AnyNetworkConfig, NetworkConfig
from standpartner.errors import ConfigError
from standpartner.game.tracks import Track
from standpartner.learn.auxiliary import AuxiliaryLoss, Kept
from standpartner.learn.bounds import Amount, Count, Share
from standpartner.learn.optimise import PAPER_OPTIMISER, Optimiser, OptimiserConfig
from standpartner.learn.rollout import (
    PAPER_EPISODES,
    Actor,
    EpisodeConfig,
    Episodes,
    Rollout,
    rollout_measures,
    shuffled,
)
from standpartner.learn.stage import READ_ONCE, EpisodeStageConfig, Stage, abilities


@dataclass(frozen=True)
class PlacesConfig:
    """The settings of learning from the places that rewards tell; see docs/algorithms/mirrored.md.

    Attributes:
        parts: The equal parts of a rollout's episodes, each of which makes one gradient step; 0 does without.
        replay: The number of earlier rollouts that are kept and learned from again. They are part of checkpoints.
    """

    parts: Count = 0
    replay: Count = 0


@dataclass(frozen=True)
class RewardConfig(EpisodeStageConfig):
    """The settings of a learner from reward; the defaults are the paper's.

    Attributes:
        steps: The number of rollouts.
        discount: The discount gamma.
        mean_values: Whether a value is the mean reward to come, not the discounted sum (see `Rollout.advantages`).
        entropy: The weight of the entropy bonus.
        value_weight: The weight of the value loss.
        encoders: Whether a read-once network's encoders learn from the reward, too.
        places: The settings of learning from the places that rewards tell: with fixed encoders the tracker learns from
            them, with learning ones the locate head and the encoders under it, in a window network all but its policy.
        episode: The settings of the episodes.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 1_000_000
    discount: Share = 0.9
    mean_values: bool = False
    entropy: Amount = 0.05
    value_weight: Amount = 0.5
    encoders: bool = False
    places: PlacesConfig = PlacesConfig()
    episode: EpisodeConfig = PAPER_EPISODES
    optimiser: OptimiserConfig = PAPER_OPTIMISER

    @property
    def changes_encoders(self) -> bool:
        """Whether a read-once network's encoders learn."""
        return self.encoders

    def check(self, network: AnyNetworkConfig, where: str) -> None:
        """Check that network and settings fit; see `StageConfig.check`."""
        super().check(network, where)
        read_once = READ_ONCE in abilities(network)
        samples, track = getattr(self, "samples", 0), getattr(self, "track", False)
        if read_once and samples:
            raise ConfigError(
                f"{where}.samples: a read-once network has a memory; set samples to 0 so that it learns from episodes"
            )
        if not read_once and (self.encoders or track):
            raise ConfigError(f"{where}: encoders and track belong to a read-once network; leave them out")
        if self.encoders and isinstance(network, NetworkConfig) and network.carried:
            raise ConfigError(
                f"{where}.encoders: they learn from cuts of the strip, which lack what is carried from further left; "
                "set network.carried to 0, or encoders to false"
            )
        says = read_once or bool(getattr(network, "places", False))
        if self.places.parts and not says:
            raise ConfigError(f"{where}.places: this network does not say where the music is; set network.places, too")
        if track and self.places.parts:
            raise ConfigError(f"{where}: the tracker learns from the truth (track) or from rewards (places), not both")


SettingsT = TypeVar("SettingsT", bound=RewardConfig)


@dataclass(frozen=True)
class Batch:
    """A rollout with the advantages and returns of its actions, (T, N) like its columns.

    Attributes:
        rollout: The rollout that was played.
        advantages: The advantages of the actions over the expected value.
        returns: The targets of the value.
    """

    rollout: Rollout
    advantages: Tensor
    returns: Tensor

    def part(self, episodes: Tensor) -> "Batch":
        """Return only some of the episodes."""
        return Batch(self.rollout.part(episodes), self.advantages[:, episodes], self.returns[:, episodes])

    def alone(self) -> "Batch":
        """Return every frame as an episode of its own; see `Rollout.alone`."""
        kept = self.rollout.played
        return Batch(self.rollout.alone(), self.advantages[kept][None], self.returns[kept][None])

    def parts(self, rng: np.random.Generator, *, count: int = 1, size: int = 0) -> list["Batch"]:
        """Return all episodes in random order in ``count`` equal parts, or in parts of a size (the last is smaller)."""
        return [self.part(episodes) for episodes in shuffled(self.returns.shape[1], rng, count=count, size=size)]


def weigh(rollout: Rollout, *, discount: float, gae_lambda: float, mean_values: bool) -> Batch:
    """Compute the advantages and returns of a rollout; see `Rollout.advantages`."""
    advantages = rollout.advantages(discount=discount, gae_lambda=gae_lambda, mean_values=mean_values)
    return Batch(rollout, advantages, rollout.value + advantages)


class Learner(Stage, Generic[SettingsT]):
    """The base of stages that learn from reward: a step plays a rollout and learns from it.

    Args:
        actor: The network that plays and learns.
        tracks: The tracks to play on.
        settings: The settings of the stage.
        seed: The seed; every random draw is a function of (seed, stage, step).
        auxiliary: The auxiliary loss, whose gradient steps on a rollout come before the learner's own.
    """

    stream: ClassVar[int]
    """The number of the stage's random draws among all."""

    def __init__(
        self,
        actor: Actor,
        tracks: Sequence[Track],
        settings: SettingsT,
        *,
        seed: int,
        auxiliary: AuxiliaryLoss | None = None,
    ) -> None:
        self.actor, self.settings, self.auxiliary = actor, settings, auxiliary
        self.episodes = Episodes(actor, tracks, settings.episode)
        self.kept = Kept(auxiliary.replay if auxiliary else 0)
        passes = self.passes() + (auxiliary.passes if auxiliary else 0)
        optimiser = Optimiser(actor.learned(), settings.optimiser, steps=settings.steps * passes)
        super().__init__(settings, optimiser, seed=seed, parts=(self.episodes, self.kept))

    def passes(self) -> int:
        """Return the number of gradient steps of a rollout, which the learning rate depends on."""
        return 1

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from it."""
        rng = np.random.default_rng([self.seed, self.stream, number])
        rollout = self.episodes.collect(rng)
        rate = self.optimiser.learning_rate()
        logged = self.auxiliary.learn(rollout, self.kept, self.optimiser, rng) if self.auxiliary else {}
        return self.learn_from(rollout, rng) | logged | {"learning_rate": rate} | rollout_measures(rollout)

    @abstractmethod
    def learn_from(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Learn from a rollout with the random draws of ``rng``, and return the numbers to log."""

    def weigh(self, rollout: Rollout, *, gae_lambda: float) -> Batch:
        """Compute the advantages and returns of a rollout by the settings."""
        settings = self.settings
        return weigh(rollout, discount=settings.discount, gae_lambda=gae_lambda, mean_values=settings.mean_values)

    def climb(self, batch: Batch) -> dict[str, float]:
        """Make one step along the policy gradient, and return the numbers to log."""
        loss, logged = policy_gradient_loss(self.actor, batch, self.settings)
        return logged | {"gradient_norm": self.optimiser.step(loss)}


def judge(logits: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log-probability of the actions taken, and the entropy of the policy in nat.

    Args:
        logits: The logits of all actions, (..., actions).
        action: The indices of the actions taken, (...).

    Returns:
        The log-probabilities, (...), and the entropies, (...).
    """
    log_probabilities = logits.log_softmax(-1)
    chosen = log_probabilities.gather(-1, action.unsqueeze(-1)).squeeze(-1)
    return chosen, -(log_probabilities.exp() * log_probabilities).sum(-1)


def policy_gradient_loss(actor: Actor, batch: Batch, settings: RewardConfig) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of A2C and of REINFORCE with a baseline, and the numbers to log.

    Actions with a higher return than the value become more probable, and the value learns the returns.

    Args:
        actor: The network with its present weights.
        batch: The batch, T frames of N episodes.
        settings: The weights of the terms.
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
    """Return the share of the returns' variance that the values explain; 1 is perfect, 0 no better than their mean."""
    return float(1 - (returns - values).var(correction=0) / returns.var(correction=0).clamp(min=1e-12))


def means(logs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of every logged number over the gradient steps of a rollout."""
    return {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
