"""Plays many episodes of the game at once, as arrays, without a Python loop over episodes in a step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from standpartner.errors import GameError
from standpartner.game import rules
from standpartner.game.rules import BoolArray, GameConfig, IntArray
from standpartner.game.tracks import Track

FASTEST_START_PX = 24  # strip px a frame
FURTHEST_START = 0.8  # the largest distance from the music at which an episode starts, in bounds


@dataclass(frozen=True, eq=False)
class StepResult:
    """The results of one step, one entry per episode; an episode that had ended before has zeros and False.

    Attributes:
        reward: The reward of the step, float32 (n,).
        lost: Whether the agent is out of bounds after this step, bool (n,).
        finished: Whether this step reached the last onset and the agent was never lost, bool (n,).
        terminated: Whether this step ended the episode by the rules, bool (n,): lost, finished, or the last onset
            reached while lost in a game that does not stop when lost.
        truncated: Whether this step hit the time limit and did not terminate the episode, bool (n,).
        error_px: Position minus target in strip px, float64 (n,); an ended episode keeps its last one.
    """

    reward: npt.NDArray[np.float32]
    lost: BoolArray
    finished: BoolArray
    terminated: BoolArray
    truncated: BoolArray
    error_px: npt.NDArray[np.float64]

    def state(self, episode: int) -> str:
        """Return the state of an episode that was running before: following, lost, finished or out of time."""
        if self.lost[episode]:
            return "lost"
        if self.finished[episode]:
            return "finished"
        return "out of time" if self.truncated[episode] else "following"


class BatchedGame:
    """Plays ``n_episodes`` games side by side, each on one of the tracks.

    No episode runs until `reset`; one that has ended stays frozen until the caller resets it. The state arrays are
    public to be read; only `reset`, `put` and `step` may write them.

    Attributes:
        tracks: The tracks that episodes are played on.
        config: The rules.
        first_frames: The frame of each track's first onset, int64 (tracks,).
        last_frames: The frame of each track's last onset, int64 (tracks,).
        track: The index of each episode's track, int64 (n,).
        position_px: The agent's x on the strip in px, float64 (n,).
        speed: The reading speed in strip px per frame, float64 (n,).
        frame: The current frame of the performance, int64 (n,).
        running: Whether the episode has not ended yet, bool (n,).
        lost_frame: The frame at which the agent was lost first, int64 (n,), -1 if never.
        error_px: Position minus target in strip px, float64 (n,).
        start_frame: The frame at which the episode started, int64 (n,).
        start_position_px: The strip x at which the episode started in px, float64 (n,).
    """

    def __init__(
        self, tracks: Sequence[Track], config: GameConfig, *, n_episodes: int = 1, stop_when_lost: bool = True
    ) -> None:
        """Prepare the game; call `reset` before the first step.

        Args:
            tracks: The tracks to play on, at least one.
            config: The rules.
            n_episodes: The number of episodes that are played at once.
            stop_when_lost: Whether to end an episode when the agent is lost (the game). False goes on to the last
                onset, with reward 0 while lost (the later papers' measure).

        Raises:
            GameError: There is no track or no episode.
        """
        if not tracks or n_episodes < 1:
            raise GameError(f"a game needs a track and an episode, got {len(tracks)} tracks and {n_episodes} episodes")
        self.tracks = tuple(tracks)
        self.config = config
        self.stop_when_lost = stop_when_lost
        self._prepare_tracks()
        self.track = np.zeros(n_episodes, dtype=np.int64)
        self.position_px = np.zeros(n_episodes)
        self.speed = np.zeros(n_episodes)
        self.frame = np.zeros(n_episodes, dtype=np.int64)
        self.running = np.zeros(n_episodes, dtype=bool)
        self.lost_frame = np.full(n_episodes, -1, dtype=np.int64)
        self.error_px = np.zeros(n_episodes)
        self.start_frame = np.zeros(n_episodes, dtype=np.int64)
        self.start_position_px = np.zeros(n_episodes)

    def _prepare_tracks(self) -> None:
        lengths = [len(track.targets) for track in self.tracks]
        self._targets = np.concatenate([track.targets for track in self.tracks])
        self._offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        self.first_frames = np.array([track.first_frame for track in self.tracks])
        self.last_frames = np.array([track.last_frame for track in self.tracks])
        self._first_x_px = np.array([track.onset_x_px[0] for track in self.tracks], dtype=np.float64)
        self._widths_px = np.array([track.strip.shape[1] for track in self.tracks])
        self._speed_changes = np.array(self.config.actions)

    @property
    def n_episodes(self) -> int:
        """The number of episodes that are played at once."""
        return len(self.frame)

    @property
    def target_px(self) -> npt.NDArray[np.float64]:
        """The true strip x at each episode's frame in px, float64 (n,)."""
        return self._targets[self._offsets[self.track] + self.frame].astype(np.float64)

    @property
    def last_frame(self) -> IntArray:
        """The frame of the last onset of each episode's track, int64 (n,)."""
        return self.last_frames[self.track]

    def targets_ahead(self, horizon: int) -> npt.NDArray[np.float64]:
        """Return the true strip x of the next frames; the last onset's x is repeated after the end.

        Args:
            horizon: The number of frames, 1 or more.

        Returns:
            The targets in strip px, float64 (n, horizon), with entry k for frame + 1 + k.
        """
        frames = self.frame[:, None] + np.arange(1, horizon + 1)
        frames = np.minimum(frames, self.last_frame[:, None])
        return self._targets[self._offsets[self.track][:, None] + frames].astype(np.float64)

    def reset(
        self,
        indices: npt.ArrayLike,
        tracks: npt.ArrayLike,
        *,
        start_frame: npt.ArrayLike | None = None,
        start_position: npt.ArrayLike | None = None,
        start_speed: npt.ArrayLike | None = None,
    ) -> None:
        """Start episodes afresh; the others are left alone. Every argument is one value or (k,).

        Args:
            indices: The numbers of the episodes.
            tracks: The index of the track for each of them.
            start_frame: The first frame; by default that of the first onset.
            start_position: The start in strip px; by default the target at ``start_frame``, or the first onset's x
                without one.
            start_speed: The speed at the start in strip px per frame, by default 0.

        Raises:
            GameError: An index is out of range, or a start frame is not from the first onset to before the last.
        """
        which = np.atleast_1d(np.asarray(indices, dtype=np.int64))
        chosen = np.broadcast_to(np.asarray(tracks, dtype=np.int64), which.shape)
        _check_range("episode indices", which, self.n_episodes)
        _check_range("track indices", chosen, len(self.tracks))
        frame = self._checked_start_frame(chosen, start_frame)
        self.track[which] = chosen
        self.frame[which] = self.start_frame[which] = frame
        targets = self._targets[self._offsets[chosen] + frame].astype(np.float64)
        if start_position is None:
            start_position = self._first_x_px[chosen] if start_frame is None else targets
        self.position_px[which] = start_position
        self.start_position_px[which] = start_position
        self.speed[which] = 0.0 if start_speed is None else start_speed
        self.error_px[which] = self.position_px[which] - targets
        self.lost_frame[which] = -1
        self.running[which] = True

    def reset_near_music(
        self,
        indices: IntArray,
        tracks: IntArray,
        *,
        start_frame: IntArray,
        anywhere: BoolArray,
        spread_px: float,
        rng: np.random.Generator,
    ) -> None:
        """Start episodes near the music: only the game knows where it is, and does not tell how far off they start.

        Args:
            indices: The numbers of the episodes, (k,).
            tracks: The index of the track for each of them, (k,).
            start_frame: The first frames, (k,).
            anywhere: Whether an episode starts some px off the music, and half of these with the music's speed, bool
                (k,). The others start exactly there, with speed 0.
            spread_px: The standard deviation of the distance from the music, which is at most 0.8 of the bound, in
                strip px.
            rng: The generator of speeds and distances.

        Raises:
            GameError: As in `reset`.
        """
        target = self._targets[self._offsets[tracks] + start_frame].astype(np.float64)
        ahead = self._targets[self._offsets[tracks] + start_frame + 1].astype(np.float64)
        moving = anywhere & (rng.random(len(indices)) < 0.5)
        speed = np.where(moving, np.clip(np.round(ahead - target), 0, FASTEST_START_PX), 0.0)
        error = np.where(anywhere, np.round(rng.normal(0, spread_px, len(indices))), 0.0)
        furthest = FURTHEST_START * self.config.bound_px
        position = target + np.clip(error, -furthest, furthest)
        self.reset(indices, tracks, start_frame=start_frame, start_position=position, start_speed=speed)

    def _checked_start_frame(self, chosen: IntArray, start_frame: npt.ArrayLike | None) -> IntArray:
        first, last = self.first_frames[chosen], self.last_frames[chosen]
        if start_frame is None:
            return first
        frame = np.broadcast_to(np.asarray(start_frame, dtype=np.int64), chosen.shape)
        wrong = (frame < first) | (frame >= last)
        if wrong.any():
            k = int(np.argmax(wrong))
            raise GameError(f"start frame must be from {first[k]} to {last[k] - 1} on this track, got {frame[k]}")
        return frame

    def put(self, indices: npt.ArrayLike, *, position_px: npt.ArrayLike, speed: npt.ArrayLike) -> None:
        """Put the agent of running episodes elsewhere in their present frames. Every argument is one value or (k,).

        Args:
            indices: The numbers of the episodes.
            position_px: The places on the strip in px; they are kept on it.
            speed: The reading speeds in strip px per frame.
        """
        which = np.atleast_1d(np.asarray(indices, dtype=np.int64))
        self.position_px[which] = np.clip(position_px, 0.0, self._widths_px[self.track[which]] - 1.0)
        self.speed[which] = speed
        self.error_px[which] = (self.position_px - self.target_px)[which]

    def step(self, actions: npt.ArrayLike) -> StepResult:
        """Play one frame of every running episode.

        Args:
            actions: The indices into ``config.actions``, int (n,); those of ended episodes are ignored.

        Returns:
            The step's result.

        Raises:
            GameError: Actions have the wrong shape or type, or an index is out of range.
        """
        chosen = np.asarray(actions)
        if chosen.shape != self.frame.shape or not np.issubdtype(chosen.dtype, np.integer):
            raise GameError(f"actions must be int {self.frame.shape}, got {chosen.dtype} {chosen.shape}")
        _check_range("actions", chosen, len(self.config.actions))
        active = self.running.copy()
        self._move(chosen, active)
        lost = active & rules.is_lost(self.error_px, self.config.bound_px)
        self.lost_frame[lost & (self.lost_frame < 0)] = self.frame[lost & (self.lost_frame < 0)]
        at_end = active & (self.frame >= self.last_frame)
        terminated = at_end | lost if self.stop_when_lost else at_end
        truncated = self._out_of_time(active & ~terminated)
        self.running &= ~(terminated | truncated)
        return StepResult(
            reward=np.where(active, rules.reward(self.error_px, self.config.bound_px), 0.0).astype(np.float32),
            lost=lost,
            finished=at_end & (self.lost_frame < 0),
            terminated=terminated,
            truncated=truncated,
            error_px=self.error_px.copy(),
        )

    def _move(self, actions: IntArray, active: BoolArray) -> None:
        speed = rules.next_speed(self.speed, self._speed_changes[actions])
        position = np.clip(rules.next_position(self.position_px, speed), 0.0, self._widths_px[self.track] - 1.0)
        self.speed = np.where(active, speed, self.speed)
        self.position_px = np.where(active, position, self.position_px)
        self.frame = self.frame + active
        self.error_px = self.position_px - self.target_px

    def _out_of_time(self, candidates: BoolArray) -> BoolArray:
        if self.config.time_limit_frames is None:
            return np.zeros_like(candidates)
        return candidates & (self.frame - self.start_frame >= self.config.time_limit_frames)


def _check_range(label: str, values: IntArray, count: int) -> None:
    if values.size and (values.min() < 0 or values.max() >= count):
        raise GameError(f"{label} must be from 0 to {count - 1}, got {values.min()} to {values.max()}")
