"""Lets the policy of a read-once network learn with fixed encoders, whose features are computed once."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.learn.features import Features, observe
from standpartner.learn.pretrain import soft_target
from standpartner.learn.rollout import Acted, Rollout
from standpartner.networks.policy import PolicyHead
from standpartner.networks.read_once import ReadOnceNetwork


class FixedEncoders:
    """Plays with features that are already computed.

    Args:
        network: The network, whose locate head and policy are used as they are.
        features: The features of the tracks that are played, in their order.
        tracker: Whether the tracker is among the parameters that learn.
    """

    stands_alone = False

    def __init__(self, network: ReadOnceNetwork, features: Features, *, tracker: bool = True) -> None:
        self.network, self.features, self.tracker = network, features, tracker

    def learned(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the parameters that learn; see `Actor.learned`."""
        for name, parameter in self.network.policy.named_parameters():
            if self.tracker or not name.startswith("tracker."):
                yield f"policy.{name}", parameter

    def empty_memory(self, count: int) -> Tensor:
        """Return the memory at the start of episodes; see `Actor.empty_memory`."""
        return torch.zeros(count, self.network.config.memory_size)

    def prepare(self) -> None:
        """Do nothing, as the features do not depend on weights that learn; see `Actor.prepare`."""

    def act(self, game: BatchedGame, memory: Tensor, *, which: np.ndarray | None = None) -> Acted:
        """Judge the present states; see `Actor.act`."""
        seen = observe(self.network, self.features, game, which=which)
        with torch.no_grad():
            decided = self.network.policy(seen.maps, seen.locate, seen.embedding, seen.speed_px, memory)
        observed = {
            "maps": seen.maps,
            "locate": seen.locate,
            "embedding": seen.embedding,
            "speed_px": seen.speed_px,
            "track": decided.track,
        }
        return Acted(observed, decided.action, decided.value, decided.memory)

    def replay(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Judge all states of a rollout again; see `Actor.replay`."""
        return replay(self.network.policy, rollout, observed=rollout.observed)


def replay(policy: PolicyHead, rollout: Rollout, *, observed: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Run the policy over a rollout again, with gradients; return action logits (T, N, 3) and values (T, N).

    The tracker's output is kept, as it learns from the truth (``track_loss``) and not from rewards.

    Args:
        policy: The policy with its present weights.
        rollout: The rollout, T frames of N episodes.
        observed: The observations maps, locate, track, embedding and speed_px, each (T, N, ...).
    """
    inputs = (observed[name] for name in ("maps", "locate", "track", "embedding", "speed_px"))
    sensed = policy.sense(*(values.flatten(0, 1) for values in inputs)).unflatten(0, rollout.fresh.shape)
    state, states = rollout.first_memory[:, : policy.sizes[0]], []
    for step, fresh in enumerate(policy.begins(rollout.fresh)):
        state = policy.recurrent(sensed[step], state * ~fresh.unsqueeze(1))
        states.append(state)
    return policy.decide(sensed, torch.stack(states))


def track_loss(policy: PolicyHead, rollout: Rollout) -> Tensor:
    """Run the tracker over a rollout again; return its cross-entropy in nat, with gradients for it.

    Only the parts that depend on the frame before run frame by frame; the rest is one batch over all frames.
    """
    tracker, observed = policy.tracker, rollout.observed
    belief = rollout.first_memory[:, policy.sizes[0] :]
    moves, beyond, begins = [], belief[:, -1], policy.begins(rollout.fresh)
    for step, fresh in enumerate(begins):
        whole, beyond = tracker.move(beyond * ~fresh, observed["speed_px"][step])
        moves.append((whole, beyond))
    stands = torch.cat([beyond for _, beyond in moves])
    maps, locate, embedding = (observed[name].flatten(0, 1) for name in ("maps", "locate", "embedding"))
    seen = tracker.take_in(maps, locate, embedding, stands).unflatten(0, rollout.fresh.shape)
    kept, beliefs = belief[:, :-1].unflatten(1, (tracker.channels, WINDOW_COLUMNS)), []
    for step, (whole, _) in enumerate(moves):
        kept = tracker.remember(seen[step], whole, kept * ~begins[step][:, None, None])
        beliefs.append(kept)
    track = tracker.say(locate, torch.cat(beliefs), stands)
    column = (WINDOW_COLUMNS - 1) / 2 - rollout.offset_px.flatten() / COLUMN_STRIDE_PX
    return -(soft_target(column) * track.log_softmax(-1)).sum(-1).mean()
