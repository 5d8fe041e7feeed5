"""What the measures need of one play of one piece, and how to record it from a game."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError
from standpartner.game.batched import BatchedGame
from standpartner.game.players import Player
from standpartner.game.rules import GameConfig, is_lost, onset_frame, target_x_px
from standpartner.game.tracks import Track


@dataclass(frozen=True, eq=False)
class Episode:
    """One play of one piece from its first onset's frame on.

    Attributes:
        name: PIECE or PIECE/PERFORMANCE, unique within a run.
        onset_s: (n,) second of each onset, never decreasing, n at least 1.
        onset_x_px: (n,) true strip x of each onset, never decreasing.
        position_px: (frames,) predicted strip x, entry 0 at the first onset's frame and then one per frame. A run
            that stops when lost ends with the lost frame, one that is cut off with the last frame it saw. What comes
            after the last onset's frame is not looked at.
        lost_frame: frame of the performance at which the agent was lost first; None if it never was.
        system_left_px: (systems,) left edges of the systems on the strip, never decreasing; None if not known.
        bar_left_px: (bars,) left edges of the bars, alike.

    Raises:
        ConfigError: an array is empty, of the wrong shape, not finite or out of order, or the lost frame is not one of
            the frames predicted.
    """

    name: str
    onset_s: npt.NDArray[np.floating]
    onset_x_px: npt.NDArray[np.floating]
    position_px: npt.NDArray[np.floating]
    lost_frame: int | None = None
    system_left_px: npt.NDArray[np.floating] | None = None
    bar_left_px: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        shapes = np.shape(self.onset_s), np.shape(self.onset_x_px), np.shape(self.position_px)
        if shapes[0] != shapes[1] or any(len(shape) != 1 or shape[0] < 1 for shape in shapes):
            raise ConfigError(
                f"episode {self.name!r}: expected onset_s (n,), onset_x_px (n,) and position_px (frames,), not empty, "
                f"got {shapes}"
            )
        if not all(np.all(np.isfinite(values)) for values in (self.onset_s, self.onset_x_px, self.position_px)):
            raise ConfigError(f"episode {self.name!r}: onsets and positions must be finite; fill in missing positions")
        if np.any(np.diff(self.onset_s) < 0) or np.any(np.diff(self.onset_x_px) < 0):
            raise ConfigError(f"episode {self.name!r}: onset_s and onset_x_px must never decrease; sort the onsets")
        if self.lost_frame is not None and not self.first_frame <= self.lost_frame <= self.end_frame:
            raise ConfigError(
                f"episode {self.name!r}: lost_frame must be one of the frames predicted, {self.first_frame} to "
                f"{self.end_frame}, got {self.lost_frame}; count frames from the start of the recording"
            )
        for label in ("system_left_px", "bar_left_px"):
            edges = getattr(self, label)
            if edges is not None and (np.ndim(edges) != 1 or not len(edges) or np.any(np.diff(edges) < 0)):
                raise ConfigError(f"episode {self.name!r}: {label} must be (places,), not empty, and never decrease")

    @property
    def piece(self) -> str:
        """Name of the piece, the unit of resampling: performances of one piece are not independent of each other."""
        return self.name.rpartition("/")[0] or self.name

    @cached_property
    def onset_frames(self) -> npt.NDArray[np.integer]:
        """(n,) frame of each onset."""
        return onset_frame(self.onset_s)

    @property
    def first_frame(self) -> int:
        """Frame of the first onset and of ``position_px[0]``."""
        return int(self.onset_frames[0])

    @property
    def last_frame(self) -> int:
        """Frame of the last onset."""
        return int(self.onset_frames[-1])

    @property
    def end_frame(self) -> int:
        """Last frame with a prediction."""
        return self.first_frame + len(self.position_px) - 1

    def positions_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Predicted strip x at frames that have a prediction."""
        return np.asarray(self.position_px, dtype=np.float64)[frames - self.first_frame]

    def targets_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """True strip x at frames."""
        return np.asarray(target_x_px(frames, self.onset_s, onset_x_px=self.onset_x_px), dtype=np.float64)


def followed(track: Track, position_px: npt.NDArray[np.floating], *, bound_px: float) -> Episode:
    """The episode of a follower that plays no game: lost where it is further away than a game's bound.

    Args:
        track: what was followed.
        position_px: (frames,) strip x from the first onset's frame to the last one's.
        bound_px: of the game.
    """
    frames = np.arange(track.first_frame, track.first_frame + len(position_px))
    lost = np.flatnonzero(is_lost(position_px - track.targets[frames], bound_px))
    return Episode(
        name=track.name,
        onset_s=track.onset_s,
        onset_x_px=track.onset_x_px,
        position_px=position_px,
        lost_frame=int(frames[lost[0]]) if len(lost) else None,
    )


def play_episodes(
    player: Player, tracks: Sequence[Track], *, config: GameConfig, stop_when_lost: bool = False
) -> list[Episode]:
    """Let a player play every track once, all side by side; see `play_runs`.

    Returns:
        One episode per track, in the tracks' order.
    """
    return play_runs(player, tracks, config=config, stop_when_lost=stop_when_lost)[0]


def play_runs(
    player: Player, tracks: Sequence[Track], *, config: GameConfig, runs: int = 1, stop_when_lost: bool = False
) -> list[list[Episode]]:
    """Let a player play every track some times, all runs of all tracks side by side in one game.

    Args:
        player: chooses the actions; the game's episodes are the tracks in their order, run after run.
        tracks: what is played.
        config: the rules.
        runs: how often each track is played.
        stop_when_lost: see `BatchedGame`; False serves all measures.

    Returns:
        For each run, one episode per track, in the tracks' order.

    Raises:
        GameError: there is no track or no run.
    """
    game = BatchedGame(tracks, config, n_episodes=len(tracks) * runs, stop_when_lost=stop_when_lost)
    game.reset(np.arange(game.n_episodes), np.tile(np.arange(len(tracks)), runs))
    positions = [game.position_px.copy()]
    while game.running.any():
        game.step(player.act(game))
        positions.append(game.position_px.copy())
    table = np.stack(positions)
    episodes = [_recorded(game, k, table[:, k]) for k in range(game.n_episodes)]
    return [episodes[start : start + len(tracks)] for start in range(0, len(episodes), len(tracks))]


def _recorded(game: BatchedGame, number: int, position_px: npt.NDArray[np.float64]) -> Episode:
    track = game.tracks[game.track[number]]
    return Episode(
        name=track.name,
        onset_s=track.onset_s,
        onset_x_px=track.onset_x_px,
        position_px=position_px[: int(game.frame[number]) - track.first_frame + 1],
        lost_frame=int(game.lost_frame[number]) if game.lost_frame[number] >= 0 else None,
    )
