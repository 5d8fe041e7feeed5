"""Third stage: proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) of the game's own reward.

What the logged numbers mean: ``loss/policy`` is the clipped surrogate (equation 7, negated), ``loss/value`` the squared
error of the values, ``loss/entropy`` the policy's entropy in nat, ``ppo/ratio_clipped`` the share of actions whose
probability ratio left the clipping range, ``ppo/kl`` an estimate of the divergence from the policy that played.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.networks import PolicyHead, ReadOnceNetwork
from standpartner.learn.config import PpoConfig, TrainConfig
from standpartner.learn.data import TrainingSet
from standpartner.learn.features import Features
from standpartner.learn.optimise import Optimiser
from standpartner.learn.rollout import Episodes, Rollout, replay, rollout_measures, track_loss


def ppo_loss(
    policy: PolicyHead, rollout: Rollout, *, advantages: Tensor, returns: Tensor, config: PpoConfig
) -> tuple[Tensor, dict[str, float]]:
    """The loss on some episodes of a rollout, and what to log.

    Args:
        policy: as it is now.
        rollout: T frames of N episodes.
        advantages: (T, N), normalised.
        returns: (T, N) targets of the value.
        config: see PpoConfig.
    """
    logits, values = replay(policy, rollout)
    log_probabilities = logits.log_softmax(-1)
    chosen = log_probabilities.gather(-1, rollout.action.unsqueeze(-1)).squeeze(-1)
    ratio = (chosen - rollout.log_probability).exp()
    clipped = ratio.clamp(1 - config.clip, 1 + config.clip)
    policy_loss = -torch.minimum(ratio * advantages, clipped * advantages).mean()
    value_loss = functional.mse_loss(values, returns)
    entropy = -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
    loss = policy_loss + config.value_weight * value_loss - config.entropy * entropy
    with torch.no_grad():
        logged = {
            "loss/policy": float(policy_loss),
            "loss/value": float(value_loss),
            "loss/entropy": float(entropy),
            "ppo/ratio_clipped": float(((ratio - 1).abs() > config.clip).float().mean()),
            "ppo/kl": float(((ratio - 1) - (chosen - rollout.log_probability)).mean()),
        }
    return loss, logged


class Ppo:
    """The stage: one call of ``step`` plays a rollout and improves the policy on it a few times."""

    name = "ppo"

    def __init__(self, network: ReadOnceNetwork, data: TrainingSet, features: Features, *, config: TrainConfig) -> None:
        self.network, self.config, self.steps = network, config, config.ppo.steps
        self.episodes = Episodes(network, data, features, config=config.ppo.episode)
        learned = (
            (name, parameter)
            for name, parameter in network.policy.named_parameters()
            if config.ppo.track or not name.startswith("tracker.")
        )
        passes = (config.ppo.epochs + config.ppo.track) * config.ppo.minibatches
        self.optimiser = Optimiser(
            ((f"policy.{name}", parameter) for name, parameter in learned),
            config.ppo.optimiser,
            steps=self.steps * passes,
        )

    def step(self, number: int) -> dict[str, float]:
        """Play rollout ``number`` and learn from it."""
        rng = np.random.default_rng([self.config.seed, 4, number])
        rollout = self.episodes.collect(rng)
        rate = self.optimiser.learning_rate()
        tracked = self._track(rollout, rng) if self.config.ppo.track else {}
        return self._improve(rollout, rng) | tracked | {"learning_rate": rate} | rollout_measures(rollout)

    def _parts(self, rng: np.random.Generator) -> list[Tensor]:
        """The episodes in random minibatches."""
        settings = self.config.ppo
        parts = np.array_split(rng.permutation(settings.episode.episodes), settings.minibatches)
        return [torch.from_numpy(part) for part in parts]

    def _track(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Teach the tracker where the music was. Its gradient steps are its own: rewards do not reach it."""
        losses = []
        for chosen in self._parts(rng):
            loss = track_loss(self.network.policy, rollout.part(chosen))
            self.optimiser.step(loss)
            losses.append(float(loss.detach()))
        return {"loss/track": float(np.mean(losses))}

    def _improve(self, rollout: Rollout, rng: np.random.Generator) -> dict[str, float]:
        """Improve the policy on a rollout a few times."""
        settings = self.config.ppo
        advantages = rollout.advantages(discount=settings.discount, gae_lambda=settings.gae_lambda)
        returns = rollout.value + advantages
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        logs = []
        for chosen in (part for _ in range(settings.epochs) for part in self._parts(rng)):
            loss, logged = ppo_loss(
                self.network.policy,
                rollout.part(chosen),
                advantages=advantages[:, chosen],
                returns=returns[:, chosen],
                config=settings,
            )
            logs.append(logged | {"gradient_norm": self.optimiser.step(loss)})
        return {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        return self.optimiser.state() | self.episodes.state()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.optimiser.load(tensors)
        self.episodes.load(tensors)
