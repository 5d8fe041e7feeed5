"""Records episodes of a game that a policy plays, or from the positions of a follower that plays no game."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from standpartner.evaluate.measures.episode import Episode
from standpartner.game.batched import BatchedGame
from standpartner.game.policies import Policy
from standpartner.game.rules import GameConfig, is_lost
from standpartner.game.tracks import Track


def episode_of_positions(track: Track, position_px: npt.NDArray[np.floating], *, bound_px: float) -> Episode:
    """Record a follower that plays no game; it is lost where it is further away than a game's bound.

    Args:
        track: The track that was followed.
        position_px: The strip x from the first onset's frame to the last one's, (frames,) px.
        bound_px: The bound of the game.
    """
    frames = np.arange(track.first_frame, track.first_frame + len(position_px))
    lost = np.flatnonzero(is_lost(position_px - track.targets[frames], bound_px))
    return _episode(track, position_px, lost_frame=int(frames[lost[0]]) if len(lost) else -1)


def play_episodes(
    policy: Policy, tracks: Sequence[Track], *, config: GameConfig, stop_when_lost: bool = False
) -> list[Episode]:
    """Play every track once by a policy, all side by side; see `play_runs`.

    Returns:
        One episode per track, in the tracks' order.
    """
    return play_runs(policy, tracks, config=config, stop_when_lost=stop_when_lost)[0]


def play_runs(
    policy: Policy, tracks: Sequence[Track], *, config: GameConfig, runs: int = 1, stop_when_lost: bool = False
) -> list[list[Episode]]:
    """Play every track one or more times by a policy, all runs of all tracks side by side in one game.

    Args:
        policy: The policy that chooses the actions; the game's episodes are the tracks in their order, run after run.
        tracks: The tracks.
        config: The rules.
        runs: The number of times that each track is played.
        stop_when_lost: Whether an episode ends when lost (see `BatchedGame`); False serves all measures.

    Returns:
        One list for each run, with one episode per track in the tracks' order.

    Raises:
        GameError: There is no track or no run.
    """
    game = BatchedGame(tracks, config, n_episodes=len(tracks) * runs, stop_when_lost=stop_when_lost)
    game.reset(np.arange(game.n_episodes), np.tile(np.arange(len(tracks)), runs))
    positions = [game.position_px.copy()]
    while game.running.any():
        game.step(policy.act(game))
        positions.append(game.position_px.copy())
    table = np.stack(positions)
    episodes = [_recorded(game, k, table[:, k]) for k in range(game.n_episodes)]
    return [episodes[start : start + len(tracks)] for start in range(0, len(episodes), len(tracks))]


def _recorded(game: BatchedGame, number: int, position_px: npt.NDArray[np.float64]) -> Episode:
    track = game.tracks[game.track[number]]
    played = position_px[: int(game.frame[number]) - track.first_frame + 1]
    return _episode(track, played, lost_frame=int(game.lost_frame[number]))


def _episode(track: Track, position_px: npt.NDArray[np.floating], *, lost_frame: int) -> Episode:
    """Make an episode of a track; ``lost_frame`` is -1 for never."""
    return Episode(
        name=track.name,
        onset_s=track.onset_s,
        onset_x_px=track.onset_x_px,
        position_px=position_px,
        lost_frame=lost_frame if lost_frame >= 0 else None,
    )
