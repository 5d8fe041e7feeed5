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
LOSSES_KEPT = 512
AGAIN_FRAMES = (30, 160)  # how long before a loss an episode starts that tries it again


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
    """Run the tracker over a rollout again: its cross-entropy in nat, and gradients for it.

    Only what depends on the frame before goes frame by frame; the rest is one batch over all frames.
    """
    tracker, (frames, episodes) = policy.tracker, rollout.speed_px.shape
    belief = rollout.first_memory[:, policy.sizes[0] :]
    moves, beyond = [], belief[:, -1]
    for step in range(frames):
        whole, beyond = tracker.move(beyond * ~rollout.fresh[step], rollout.speed_px[step])
        moves.append((whole, beyond))
    stands = torch.cat([beyond for _, beyond in moves])
    maps, locate, embedding = (values.flatten(0, 1) for values in (rollout.maps, rollout.locate, rollout.embedding))
    seen = tracker.take_in(maps, locate, embedding, stands).unflatten(0, (frames, episodes))
    kept, beliefs = belief[:, :-1].unflatten(1, (tracker.channels, WINDOW_COLUMNS)), []
    for step, (whole, _) in enumerate(moves):
        kept = tracker.remember(seen[step], whole, kept * ~rollout.fresh[step][:, None, None])
        beliefs.append(kept)
    track = tracker.say(locate, torch.cat(beliefs), stands)
    column = (WINDOW_COLUMNS - 1) / 2 - rollout.offset_px.flatten() / COLUMN_STRIDE_PX
    return -(soft_target(column) * track.log_softmax(-1)).sum(-1).mean()


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
        self.losses = np.zeros((LOSSES_KEPT, 2), np.int64)  # track and frame of the latest ones, in a ring
        self.loss_count = np.zeros(1, np.int64)
        self._first = np.array([track.first_frame for track in tracks])
        self._last = np.array([track.last_frame for track in tracks])

    def _start(self, which: np.ndarray, rng: np.random.Generator) -> None:
        """Start new episodes: at the first onset, or on the path with the truth's speed and some error."""
        if not len(which):
            return
        config, game = self.config, self.game
        track, frame, anywhere = self._draw_starts(len(which), rng)
        target = np.array([game.tracks[t].targets[f] for t, f in zip(track, frame, strict=True)], np.float64)
        ahead = np.array([game.tracks[t].targets[f + 1] for t, f in zip(track, frame, strict=True)], np.float64)
        moving = anywhere & (rng.random(len(which)) < 0.5)
        speed = np.where(moving, np.clip(np.round(ahead - target), 0, 24), 0.0)
        error = np.where(anywhere, np.round(rng.normal(0, config.offset_px, len(which))), 0.0)
        error = np.clip(error, -0.8 * game.config.bound_px, 0.8 * game.config.bound_px)
        game.reset(which, track, start_frame=frame, start_position=target + error, start_speed=speed)
        self.fresh[which] = True

    def _draw_starts(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(count,) tracks, frames, and whether these lie anywhere on the path, not at the first onset.

        Losses are rare: an agent that loses a piece in a hundred would hardly ever meet what it fails at. So some
        episodes start where an earlier one was about to be lost.
        """
        config, known = self.config, min(int(self.loss_count[0]), LOSSES_KEPT)
        track = rng.integers(len(self.game.tracks), size=count)
        share = np.where(rng.random(count) < config.anywhere, rng.uniform(0, LATEST_START, count), 0.0)
        frame = self._first[track] + np.floor(share * (self._last[track] - self._first[track])).astype(np.int64)
        again = (rng.random(count) < config.again) & (known > 0)
        loss = self.losses[rng.integers(max(known, 1), size=count)]
        before = loss[:, 1] - rng.integers(*AGAIN_FRAMES, size=count)
        track = np.where(again, loss[:, 0], track)
        frame = np.where(again, np.maximum(before, self._first[track]), frame)
        return track, frame, (share > 0) | again

    def _remember_losses(self, lost: np.ndarray) -> None:
        """Keep where episodes (indices) were lost, unless they had only just begun."""
        game = self.game
        lost = lost[game.frame[lost] - game.start_frame[lost] >= AGAIN_FRAMES[0]]
        places = (self.loss_count[0] + np.arange(len(lost))) % LOSSES_KEPT
        self.losses[places] = np.stack([game.track[lost], game.frame[lost]], axis=1)
        self.loss_count[0] += len(lost)

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
        self._remember_losses(np.flatnonzero(result.lost))
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
            "episodes/losses": torch.from_numpy(self.losses.copy()),
            "episodes/loss_count": torch.from_numpy(self.loss_count.copy()),
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        for name in self._GAME_ARRAYS:
            getattr(self.game, name)[:] = tensors[f"episodes/{name}"].numpy()
        self.memory = tensors["episodes/memory"].clone()
        for name in ("fresh", "losses", "loss_count"):
            getattr(self, name)[:] = tensors[f"episodes/{name}"].numpy()


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
