"""Lets the policy of a read-once network learn with fixed encoders, whose features are computed once."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.learn.features import Features, observe
from standpartner.learn.mirrored import judged, later_loss, pair_log_probability, places_told
from standpartner.learn.rollout import Acted, Rollout
from standpartner.networks.heads import soft_target
from standpartner.networks.policy import PolicyHead, Said
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
            **said_by_name(decided.said),
        }
        return Acted(observed, decided.action, decided.value, decided.memory)

    def replay(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Judge all states of a rollout again; see `Actor.replay`."""
        return replay(self.network.policy, rollout, observed=rollout.observed)

    def places_loss(self, rollout: Rollout, *, bound_px: float) -> Tensor:
        """Return the loss of the tracker, in nat, by the places that a rollout's rewards tell.

        Where the music is, frames judge together. Where it will be, the judgement of later frames teaches.

        Args:
            rollout: The rollout, of which the truth is not used.
            bound_px: The bound of the rules.
        """
        policy, shape = self.network.policy, rollout.fresh.shape
        said = say_again(policy, rollout)
        places = places_told(rollout, rollout.observed["speed_px"].cumsum(0), bound_px=bound_px)
        pair = pair_log_probability(said.track.unflatten(0, shape), places.columns)
        loss, probable = judged(pair, places)
        if said.ahead is None:
            return loss
        return loss + later_loss(said.ahead.unflatten(0, shape), places, probable, frames=policy.ahead_frames)


def said_by_name(said: Said) -> dict[str, Tensor]:
    """Return what the tracker said as observations, by name."""
    return {name: logits for name, logits in said._asdict().items() if logits is not None}


def replay(policy: PolicyHead, rollout: Rollout, *, observed: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Run the policy over a rollout again, with gradients; return action logits (T, N, 3) and values (T, N).

    What the tracker said is kept, as it learns by its own losses and not from the policy's.

    Args:
        policy: The policy with its present weights.
        rollout: The rollout, T frames of N episodes.
        observed: The observations maps, locate, track, ahead (if there is one), embedding and speed_px, each
            (T, N, ...).
    """
    flat = {name: values.flatten(0, 1) for name, values in observed.items()}
    said = Said(flat["track"], flat.get("ahead"))
    sensed = policy.sense(flat["maps"], flat["locate"], said, flat["embedding"], flat["speed_px"])
    sensed = sensed.unflatten(0, rollout.fresh.shape)
    state, states = rollout.first_memory[:, : policy.sizes[0]], []
    # Unbinding, unlike indexing, does not cost a gradient as large as all frames for each of them.
    for frame, fresh in zip(sensed.unbind(), policy.begins(rollout.fresh), strict=True):
        state = policy.recurrent(frame, state * ~fresh.unsqueeze(1))
        states.append(state)
    return policy.decide(sensed, torch.stack(states))


def say_again(policy: PolicyHead, rollout: Rollout) -> Said:
    """Run the tracker over a rollout again, with gradients; return what it says, (T * N, 64) each.

    Only the parts that depend on the frame before run frame by frame; the rest is one batch over all frames.
    """
    tracker, observed = policy.tracker, rollout.observed
    belief = rollout.first_memory[:, policy.sizes[0] :]
    moves, beyond, begins = [], belief[:, -1], policy.begins(rollout.fresh)
    for step, fresh in enumerate(begins):
        whole, beyond = tracker.move(beyond * ~fresh, observed["speed_px"][step])
        moves.append((whole, beyond))
    stands = torch.cat([beyond for _, beyond in moves])
    maps, locate, embedding, speed_px = (
        observed[name].flatten(0, 1) for name in ("maps", "locate", "embedding", "speed_px")
    )
    seen = tracker.take_in(maps, locate, embedding, stands).unflatten(0, rollout.fresh.shape)
    kept, beliefs = belief[:, :-1].unflatten(1, (tracker.channels, WINDOW_COLUMNS)), []
    for frame, (whole, _), fresh in zip(seen.unbind(), moves, begins, strict=True):
        kept = tracker.remember(frame, whole, kept * ~fresh[:, None, None])
        beliefs.append(kept)
    return tracker.say(locate, maps, speed_px, torch.cat(beliefs), stands)


def track_loss(policy: PolicyHead, rollout: Rollout) -> Tensor:
    """Return the tracker's cross-entropy over a rollout in nat, with gradients for it, by the truth."""
    track = say_again(policy, rollout).track
    column = (WINDOW_COLUMNS - 1) / 2 - rollout.offset_px.flatten() / COLUMN_STRIDE_PX
    return -(soft_target(column) * track.log_softmax(-1)).sum(-1).mean()
