"""Plays many episodes for some frames and keeps what a learner needs, for networks of any kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.game.batched import BatchedGame
from standpartner.game.rules import CONFIGS
from standpartner.game.tracks import Track
from standpartner.learn.bounds import Amount, Count, Positive, Share
from standpartner.learn.returns import generalised_advantages

Teacher = Callable[[BatchedGame], np.ndarray]
LATEST_START = 0.9  # episodes that start anywhere start in this share of the performance
LOSSES_KEPT = 512
EPISODES = "episodes/"  # the prefix of their names in a checkpoint
AGAIN_FRAMES = (30, 160)  # the range of frames before a loss in which an episode starts that tries again


@dataclass(frozen=True)
class EpisodeConfig:
    """The settings of training episodes, which imitation and the learners from reward share.

    Attributes:
        episodes: The number of episodes played side by side.
        frames: The number of frames of one rollout; with 0 it is one whole episode of each.
        anywhere: The share of episodes that start somewhere on the true path instead of at the first onset.
        offset_px: The standard deviation, in strip px, of the position error of episodes that start anywhere.
        again: The share of episodes that start some seconds before a moment at which an earlier one was lost.
        game: The name of the game's configuration ("piano", "nottingham").
    """

    episodes: Positive = 128
    frames: Count = 32
    anywhere: Share = 0.6
    offset_px: Amount = 12.0
    again: Share = 0.0
    game: str = "piano"


PAPER_EPISODES: Final = EpisodeConfig(episodes=8, frames=15, anywhere=0.0)


@dataclass(frozen=True)
class Acted:
    """The output of a network for the present state of n episodes.

    Attributes:
        observed: The observations that a replay needs, by name, each (n, ...).
        logits: The logits of the actions, (n, actions).
        value: The values of the states, (n,).
        memory: The memory to be passed in with the next state, (n, memory_size).
    """

    observed: dict[str, Tensor]
    logits: Tensor
    value: Tensor
    memory: Tensor


class Actor(Protocol):
    """The protocol of networks for learners: they play, and judge again, with gradients, what they played.

    Without an update in between, a replay gives the same probabilities as the play.

    Attributes:
        stands_alone: Whether the network judges every frame by itself, so that a replay needs no whole episodes.
    """

    stands_alone: bool

    def learned(self) -> Iterable[tuple[str, nn.Parameter]]:
        """Return the parameters that learn, with their names in the network."""
        ...

    def empty_memory(self, count: int) -> Tensor:
        """Return the memory at the start of episodes: zeros, (count, memory_size)."""
        ...

    def prepare(self) -> None:
        """Prepare to act with the present weights; called before each rollout."""
        ...

    def act(self, game: BatchedGame, memory: Tensor, *, which: np.ndarray | None = None) -> Acted:
        """Judge the present states, without gradients.

        Args:
            game: The game in its present state.
            memory: The memory of the frame before, (n, memory_size).
            which: The indices of the episodes, (n,); None for all.
        """
        ...

    def replay(self, rollout: "Rollout") -> tuple[Tensor, Tensor]:
        """Judge all states of a rollout again, with gradients.

        Returns:
            The action logits, (T, N, actions), and the values, (T, N).
        """
        ...


@dataclass(frozen=True)
class Rollout:
    """T frames of N episodes. ``first_memory`` is (N, memory_size), and all else is (T, N, ...).

    Attributes:
        observed: The observations that the network needs for a replay, by name.
        offset_px: The window's centre minus the truth at the observation, in strip px.
        first_memory: The memory before the first frame.
        fresh: Whether an episode starts at this frame, with empty memory.
        played: Whether the frame belongs to an episode. It does not after the end of one that is not replaced at once.
        action: The index of the action taken.
        log_probability: The logarithm of that action's probability when it was taken.
        value: The value of the state, when it was seen.
        next_value: The value of the state after the step; 0 after a terminated episode.
        reward: The reward of the step.
        ended: Whether the episode terminated or was truncated by the step.
        lost: Whether the episode terminated because the agent was lost.
        finished: Whether it terminated because the music was over.
        taught: The index of the action that the teacher would have taken (-1 without a teacher).
        error_px: The position minus the truth after the step, in strip px.
    """

    observed: dict[str, Tensor]
    offset_px: Tensor
    first_memory: Tensor
    fresh: Tensor
    played: Tensor
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

    def advantages(self, *, discount: float, gae_lambda: float, mean_values: bool = True) -> Tensor:
        """Return the generalised advantages, (T, N); plus ``value`` they are the targets of the value.

        Args:
            discount: The discount gamma.
            gae_lambda: The lambda of `generalised_advantages`.
            mean_values: Whether rewards count (1 - discount), so that a value is the mean reward to come, from 0 to 1,
                for every discount. If not, it is the discounted sum.
        """
        return generalised_advantages(
            self.reward * (1 - discount) if mean_values else self.reward,
            self.value,
            next_values=self.next_value,
            ended=self.ended,
            discount=discount,
            gae_lambda=gae_lambda,
        )

    def part(self, episodes: Tensor) -> "Rollout":
        """Return only some of the episodes."""
        return Rollout(
            observed={name: values[:, episodes] for name, values in self.observed.items()},
            first_memory=self.first_memory[episodes],
            **{name: getattr(self, name)[:, episodes] for name in _PLAIN},
        )

    def alone(self) -> "Rollout":
        """Return the M frames that were played, each as an episode of its own, with arrays (1, M, ...)."""
        kept = self.played.flatten()

        def flat(values: Tensor) -> Tensor:
            return values.flatten(0, 1)[kept].unsqueeze(0)

        return Rollout(
            observed={name: flat(values) for name, values in self.observed.items()},
            first_memory=self.first_memory.new_zeros(int(kept.sum()), 0),
            **{name: flat(getattr(self, name)) for name in _PLAIN},
        )


_PLAIN = tuple(field.name for field in fields(Rollout) if field.name not in ("observed", "first_memory"))


class Episodes:
    """Plays episodes that go on from rollout to rollout; one that ends is replaced by a new one at once.

    With ``config.frames`` 0 a rollout is one whole episode of each instead, and those that end first wait.

    Args:
        actor: The network that plays, with its present weights at each rollout.
        tracks: The tracks to play.
        config: The settings of the episodes.
    """

    def __init__(self, actor: Actor, tracks: Sequence[Track], config: EpisodeConfig) -> None:
        self.actor, self.config = actor, config
        self.game = BatchedGame(tracks, CONFIGS[config.game], n_episodes=config.episodes)
        self.memory = actor.empty_memory(config.episodes)
        self.fresh = np.ones(config.episodes, dtype=bool)
        self.losses = np.zeros((LOSSES_KEPT, 2), np.int64)  # the track and frame of the latest losses, in a ring
        self.loss_count = np.zeros(1, np.int64)

    def _start(self, which: np.ndarray, rng: np.random.Generator) -> None:
        """Start new episodes: at the first onset, or on the path with the truth's speed and some error."""
        if not len(which):
            return
        track, frame, anywhere = self._draw_starts(len(which), rng)
        spread_px = self.config.offset_px
        self.game.reset_near_music(which, track, start_frame=frame, anywhere=anywhere, spread_px=spread_px, rng=rng)
        self.fresh[which] = True

    def _draw_starts(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw tracks, frames, and whether these lie anywhere on the path, not at the first onset, (count,) each.

        Losses are rare: an agent that loses a piece in a hundred would hardly ever meet the places where it fails. So
        some episodes start where an earlier one was about to be lost.
        """
        config, known = self.config, min(int(self.loss_count[0]), LOSSES_KEPT)
        track = rng.integers(len(self.game.tracks), size=count)
        first, last = self.game.first_frames[track], self.game.last_frames[track]
        share = np.where(rng.random(count) < config.anywhere, rng.uniform(0, LATEST_START, count), 0.0)
        frame = first + np.floor(share * (last - first)).astype(np.int64)
        again = (rng.random(count) < config.again) & (known > 0)
        loss = self.losses[rng.integers(max(known, 1), size=count)]
        before = loss[:, 1] - rng.integers(*AGAIN_FRAMES, size=count)
        track = np.where(again, loss[:, 0], track)
        frame = np.where(again, np.maximum(before, self.game.first_frames[track]), frame)
        return track, frame, (share > 0) | again

    def _remember_losses(self, lost: np.ndarray) -> None:
        """Keep where episodes (indices) were lost, unless they had only just begun."""
        game = self.game
        lost = lost[game.frame[lost] - game.start_frame[lost] >= AGAIN_FRAMES[0]]
        places = (self.loss_count[0] + np.arange(len(lost))) % LOSSES_KEPT
        self.losses[places] = np.stack([game.track[lost], game.frame[lost]], axis=1)
        self.loss_count[0] += len(lost)

    def collect(self, rng: np.random.Generator, *, teacher: Teacher | None = None, greedy: float = 0.0) -> Rollout:
        """Play ``config.frames`` frames, or whole episodes if that is 0.

        Args:
            rng: The generator of actions and new episodes.
            teacher: The teacher, which gives the action that it would take in every state.
            greedy: The share of actions that are the most probable one instead of drawn.
        """
        self.actor.prepare()
        first_memory = self.memory.clone()
        self._start(np.flatnonzero(~self.game.running), rng)
        steps = [self._step(rng, teacher, greedy)]
        while self._goes_on(len(steps)):
            if self.config.frames:
                self._start(np.flatnonzero(~self.game.running), rng)
            steps.append(self._step(rng, teacher, greedy))
        observed, columns = (_stack(rows) for rows in zip(*steps, strict=True))
        following = torch.cat([columns["value"][1:], self._value()[None]])
        bootstrap = columns.pop("bootstrap")
        next_value = torch.where(columns["ended"], bootstrap, following)
        return Rollout(observed=observed, first_memory=first_memory, next_value=next_value, **columns)

    def _goes_on(self, frames: int) -> bool:
        return frames < self.config.frames if self.config.frames else bool(self.game.running.any())

    def _value(self, which: np.ndarray | None = None) -> Tensor:
        """Return the values of the present states of some episodes, without stepping their memory."""
        memory = self.memory * ~torch.as_tensor(self.fresh).unsqueeze(1)
        return self.actor.act(self.game, memory if which is None else memory[which], which=which).value

    def _step(
        self, rng: np.random.Generator, teacher: Teacher | None, greedy: float
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Play one frame of every episode: what was observed, and the other columns of a rollout."""
        game = self.game
        fresh, played = torch.as_tensor(self.fresh.copy()), torch.as_tensor(game.running.copy())
        acted = self.actor.act(game, self.memory * ~fresh.unsqueeze(1))
        self.memory = acted.memory
        log_probabilities = acted.logits.log_softmax(1)
        noise = rng.gumbel(size=log_probabilities.shape) * (rng.random((len(fresh), 1)) >= greedy)
        action = np.argmax(log_probabilities.numpy(force=True) + noise, axis=1)
        offset_px = torch.as_tensor(game.error_px.astype(np.float32))
        taught = teacher(game) if teacher else np.full(len(action), -1)
        result = game.step(action)
        self._remember_losses(np.flatnonzero(result.lost))
        self.fresh[:] = False
        ended = result.terminated | result.truncated
        bootstrap = torch.zeros(len(action))
        if result.truncated.any():
            cut = np.flatnonzero(result.truncated)
            bootstrap[torch.as_tensor(cut)] = self._value(cut)
        chosen = torch.as_tensor(action)
        return acted.observed, {
            "offset_px": offset_px,
            "fresh": fresh,
            "played": played,
            "action": chosen,
            "log_probability": log_probabilities.gather(1, chosen[:, None])[:, 0],
            "value": acted.value,
            "bootstrap": bootstrap,
            "reward": torch.as_tensor(result.reward),
            "ended": torch.as_tensor(ended),
            "lost": torch.as_tensor(result.lost),
            "finished": torch.as_tensor(result.finished),
            "taught": torch.as_tensor(taught),
            "error_px": torch.as_tensor(result.error_px.astype(np.float32)),
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

    _OWN_ARRAYS = ("fresh", "losses", "loss_count")

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of all episodes, as tensors by name."""
        arrays = {name: torch.as_tensor(getattr(self.game, name).copy()) for name in self._GAME_ARRAYS}
        arrays |= {name: torch.as_tensor(getattr(self, name).copy()) for name in self._OWN_ARRAYS}
        return {EPISODES + name: array for name, array in arrays.items()} | {EPISODES + "memory": self.memory}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state_dict``."""
        for name in self._GAME_ARRAYS:
            getattr(self.game, name)[:] = tensors[EPISODES + name].numpy(force=True)
        self.memory = tensors[EPISODES + "memory"].to(self.memory.device, copy=True)
        for name in self._OWN_ARRAYS:
            getattr(self, name)[:] = tensors[EPISODES + name].numpy(force=True)


def _stack(rows: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def shuffled(number: int, rng: np.random.Generator, *, count: int = 1, size: int = 0) -> list[Tensor]:
    """Return 0, 1, ... number - 1 in random order, in ``count`` equal parts or in parts of a size."""
    order = rng.permutation(number)
    split = np.split(order, range(size, number, size)) if size else np.array_split(order, count)
    return [torch.as_tensor(part) for part in split]


def rollout_measures(rollout: Rollout) -> dict[str, float]:
    """Measure how well the episodes went: frames played, mean reward, error and how they ended."""
    played, ended, lost = rollout.played.sum(), rollout.ended.sum(), rollout.lost.sum()
    return {
        "episode/frames": float(played),
        "episode/reward": float(rollout.reward.sum() / played),
        "episode/error_px": float(rollout.error_px[rollout.played & ~rollout.lost].abs().mean()),
        "episode/lost_per_1000_frames": float(1000 * lost / played),
        "episode/finished_share": float(rollout.finished.sum() / ended) if ended else float("nan"),
    }
