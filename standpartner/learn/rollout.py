"""Playing many episodes for a while and keeping what a learner needs."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.networks import PolicyHead, ReadOnceNetwork
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import CONFIGS
from standpartner.learn.config import EpisodeConfig
from standpartner.learn.data import TrainingSet
from standpartner.learn.features import Features, observe
from standpartner.learn.pretrain import soft_target
from standpartner.learn.returns import generalised_advantages

Teacher = Callable[[BatchedGame], np.ndarray]
LATEST_START = 0.9  # episodes that start anywhere start in this share of the performance


@dataclass(frozen=True)
class Rollout:
    """T frames of N episodes; ``first_memory`` is (N, memory_size), everything else (T, N, ...).

    Attributes:
        maps, locate, embedding, speed_px: the observations.
        track: logits of the tracker as it was.
        offset_px: the window's centre minus the truth when it was observed.
        first_memory: recurrent state before the first frame.
        fresh: an episode starts at this frame, with empty memory.
        action: index of the action taken.
        log_probability: of that action when it was taken.
        value: of the state, when it was seen.
        next_value: of the state after the step; 0 after a terminated episode.
        reward: of the step.
        ended: the episode terminated or was truncated by the step.
        lost, finished: why it terminated.
        taught: index of the action that the teacher would have taken (-1 without a teacher).
        error_px: position minus truth after the step.
    """

    maps: Tensor
    locate: Tensor
    embedding: Tensor
    speed_px: Tensor
    track: Tensor
    offset_px: Tensor
    first_memory: Tensor
    fresh: Tensor
    action: Tensor
    log_probability: Tensor
    value: Tensor
    next_value: Tensor
    reward: Tensor
    ended: Tensor
    lost: Tensor
    finished: Tensor
    taught: Tensor
    error_px: Tensor

    def advantages(self, *, discount: float, gae_lambda: float) -> Tensor:
        """(T, N) generalised advantages; plus ``value`` they are the targets of the value.

        Rewards count (1 - discount), so that a value is the mean reward to come, from 0 to 1, for every discount.
        """
        return generalised_advantages(
            self.reward * (1 - discount),
            self.value,
            next_values=self.next_value,
            ended=self.ended,
            discount=discount,
            gae_lambda=gae_lambda,
        )

    def part(self, episodes: Tensor) -> "Rollout":
        """Only some of the episodes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Rollout(**{k: v[episodes] if k == "first_memory" else v[:, episodes] for k, v in values.items()})


def replay(policy: PolicyHead, rollout: Rollout) -> tuple[Tensor, Tensor]:
    """Run the policy over a rollout again, with gradients: action logits (T, N, 3) and values (T, N).

    The tracker is taken as it was: it learns from the truth (``track_loss``), not from rewards.
    """
    frames, episodes = rollout.speed_px.shape
    observed = rollout.maps, rollout.locate, rollout.track, rollout.embedding, rollout.speed_px
    sensed = policy.sense(*(values.flatten(0, 1) for values in observed)).unflatten(0, (frames, episodes))
    state, states = rollout.first_memory[:, : policy.sizes[0]], []
    for step in range(frames):
        state = policy.recurrent(sensed[step], state * ~rollout.fresh[step].unsqueeze(1))
        states.append(state)
    return policy.decide(sensed, torch.stack(states))


def track_loss(policy: PolicyHead, rollout: Rollout) -> Tensor:
    """Run the tracker over a rollout again: its cross-entropy in nat, and gradients for it."""
    belief, tracks = rollout.first_memory[:, policy.sizes[0] :], []
    for step in range(len(rollout.fresh)):
        belief = belief * ~rollout.fresh[step].unsqueeze(1)
        observed = rollout.maps[step], rollout.locate[step], rollout.embedding[step], rollout.speed_px[step]
        track, belief = policy.tracker(*observed, belief)
        tracks.append(track)
    column = (WINDOW_COLUMNS - 1) / 2 - rollout.offset_px / COLUMN_STRIDE_PX
    return -(soft_target(column) * torch.stack(tracks).log_softmax(-1)).sum(-1).mean()


class Episodes:
    """Episodes that go on from rollout to rollout; one that ends is replaced by a new one at once.

    Args:
        network: its locate head and policy are used as they are at each rollout.
        data: the tracks.
        features: of the same data.
        config: see EpisodeConfig.
    """

    def __init__(
        self, network: ReadOnceNetwork, data: TrainingSet, features: Features, *, config: EpisodeConfig
    ) -> None:
        self.network, self.features, self.config = network, features, config
        tracks = [performance.track for performance in data.performances]
        self.game = BatchedGame(tracks, CONFIGS[config.game], n_episodes=config.episodes)
        self.memory = torch.zeros(config.episodes, network.config.memory_size)
        self.fresh = np.ones(config.episodes, dtype=bool)
        self._first = np.array([track.first_frame for track in tracks])
        self._last = np.array([track.last_frame for track in tracks])

    def _start(self, which: np.ndarray, rng: np.random.Generator) -> None:
        """Start new episodes: at the first onset, or anywhere on the path with the truth's speed and some error."""
        if not len(which):
            return
        config, game = self.config, self.game
        track = rng.integers(len(game.tracks), size=len(which))
        share = np.where(rng.random(len(which)) < config.anywhere, rng.uniform(0, LATEST_START, len(which)), 0.0)
        frame = self._first[track] + np.floor(share * (self._last[track] - self._first[track])).astype(np.int64)
        target = np.array([game.tracks[t].targets[f] for t, f in zip(track, frame, strict=True)], np.float64)
        ahead = np.array([game.tracks[t].targets[f + 1] for t, f in zip(track, frame, strict=True)], np.float64)
        moving = (share > 0) & (rng.random(len(which)) < 0.5)
        speed = np.where(moving, np.clip(np.round(ahead - target), 0, 24), 0.0)
        error = np.where(share > 0, np.round(rng.normal(0, config.offset_px, len(which))), 0.0)
        error = np.clip(error, -0.8 * game.config.bound_px, 0.8 * game.config.bound_px)
        game.reset(which, track, start_frame=frame, start_position=target + error, start_speed=speed)
        self.fresh[which] = True

    def collect(self, rng: np.random.Generator, *, teacher: Teacher | None = None, greedy: float = 0.0) -> Rollout:
        """Play ``config.frames`` frames.

        Args:
            rng: draws actions and new episodes.
            teacher: asked at every state what it would do.
            greedy: share of actions that are the most probable one instead of drawn.
        """
        first_memory = self.memory.clone()
        rows = [self._step(rng, teacher, greedy) for _ in range(self.config.frames)]
        columns = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        last = self._value(np.arange(self.game.n_episodes))
        following = torch.cat([columns["value"][1:], last[None]])
        bootstrap = columns.pop("bootstrap")
        next_value = torch.where(columns["ended"], bootstrap, following)
        return Rollout(first_memory=first_memory, next_value=next_value, **columns)

    def _value(self, which: np.ndarray) -> Tensor:
        """Values of the present states of some episodes, without stepping their memory."""
        with torch.no_grad():
            seen = observe(self.network, self.features, self.game)
            memory = self.memory * ~torch.from_numpy(self.fresh).unsqueeze(1)
            decided = self.network.policy(seen.maps, seen.locate, seen.embedding, seen.speed_px, memory)
        return decided.value[torch.from_numpy(which)]

    def _step(self, rng: np.random.Generator, teacher: Teacher | None, greedy: float) -> dict[str, Tensor]:
        game, policy = self.game, self.network.policy
        self._start(np.flatnonzero(~game.running), rng)
        seen = observe(self.network, self.features, game)
        fresh = torch.from_numpy(self.fresh.copy())
        with torch.no_grad():
            memory = self.memory * ~fresh.unsqueeze(1)
            decided = policy(seen.maps, seen.locate, seen.embedding, seen.speed_px, memory)
        self.memory = decided.memory
        log_probabilities = decided.action.log_softmax(1)
        noise = rng.gumbel(size=log_probabilities.shape) * (rng.random((len(memory), 1)) >= greedy)
        action = np.argmax(log_probabilities.numpy() + noise, axis=1)
        offset_px = torch.from_numpy(game.error_px.astype(np.float32))
        taught = teacher(game) if teacher else np.full(len(action), -1)
        result = game.step(action)
        self.fresh[:] = False
        ended = result.terminated | result.truncated
        bootstrap = torch.zeros(len(action))
        if result.truncated.any():
            cut = np.flatnonzero(result.truncated)
            bootstrap[torch.from_numpy(cut)] = self._value(cut)
        chosen = torch.from_numpy(action)
        return {
            "maps": seen.maps,
            "locate": seen.locate,
            "embedding": seen.embedding,
            "speed_px": seen.speed_px,
            "track": decided.track,
            "offset_px": offset_px,
            "fresh": fresh,
            "action": chosen,
            "log_probability": log_probabilities.gather(1, chosen[:, None])[:, 0],
            "value": decided.value,
            "bootstrap": bootstrap,
            "reward": torch.from_numpy(result.reward),
            "ended": torch.from_numpy(ended),
            "lost": torch.from_numpy(result.lost),
            "finished": torch.from_numpy(result.finished),
            "taught": torch.from_numpy(taught),
            "error_px": torch.from_numpy(result.error_px.astype(np.float32)),
        }

    _GAME_ARRAYS = (
        "track",
        "position_px",
        "speed",
        "frame",
        "running",
        "lost_frame",
        "error_px",
        "start_frame",
        "start_position_px",
    )

    def state(self) -> dict[str, Tensor]:
        """Where all episodes stand, as tensors by name."""
        arrays = {name: torch.from_numpy(getattr(self.game, name).copy()) for name in self._GAME_ARRAYS}
        return {f"episodes/{k}": v for k, v in arrays.items()} | {
            "episodes/memory": self.memory,
            "episodes/fresh": torch.from_numpy(self.fresh.copy()),
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        for name in self._GAME_ARRAYS:
            getattr(self.game, name)[:] = tensors[f"episodes/{name}"].numpy()
        self.memory = tensors["episodes/memory"].clone()
        self.fresh[:] = tensors["episodes/fresh"].numpy()


def rollout_measures(rollout: Rollout) -> dict[str, float]:
    """How well the episodes went: mean reward, error and how they ended."""
    ended = rollout.ended.sum()
    lost = rollout.lost.sum()
    return {
        "episode/reward": float(rollout.reward.mean()),
        "episode/error_px": float(rollout.error_px[~rollout.lost].abs().mean()),
        "episode/lost_per_1000_frames": float(1000 * lost / rollout.reward.numel()),
        "episode/finished_share": float(rollout.finished.sum() / ended) if ended else float("nan"),
    }
