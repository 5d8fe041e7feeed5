"""Agents as a follower uses them, with the search beside them, on performances in the score's order or with jumps."""

from collections.abc import Sequence

import numpy as np

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.listening import hear_recording
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import episode_of_positions
from standpartner.evaluate.players.player import FollowedFrames, HeardPerformance, PlayConfig, TrackPlayer
from standpartner.follow.pursuit import Pursuit, PursuitConfig
from standpartner.game.tracks import Track


def follow_frames(
    agent: Agent,
    view: Floats,
    embeddings: Floats,
    *,
    start_px: float,
    width_px: int,
    config: PursuitConfig | None = None,
) -> FollowedFrames:
    """Follow one performance that was read and heard before.

    Args:
        agent: The agent that follows.
        view: What it sees of the strip, from ``agent.read``.
        embeddings: (frames, features) from the first onset's frame on.
        start_px: The strip x at which the music begins.
        width_px: The width of the strip.
        config: When the agent is put elsewhere; with jumping switched off it is left to itself.
    """
    pursuit = Pursuit(agent, view, width_px=width_px, start_px=start_px, config=config)
    steps = [pursuit.step(embeddings[frame : frame + 1]) for frame in range(len(embeddings))]
    return FollowedFrames(
        position_px=np.array([step.position_px for step in steps]),
        searched=np.array([step.searched for step in steps]),
        tracked=np.array([step.tracked for step in steps]),
        jumped=np.array([step.jumped_from_px is not None for step in steps]),
    )


def follow_performance(
    agent: Agent, performance: HeardPerformance, *, view: Floats | None = None, config: PursuitConfig | None = None
) -> FollowedFrames:
    """Follow a performance from its first onset to its last.

    Args:
        agent: The agent that follows.
        performance: The performance.
        view: What the agent sees of the strip, if it was read before.
        config: See `follow_frames`.
    """
    embeddings = hear_recording(agent, performance.spectrogram[: performance.last_frame + 1])[0]
    return follow_frames(
        agent,
        agent.read(performance.strip) if view is None else view,
        embeddings[performance.first_frame :],
        start_px=performance.start_px,
        width_px=performance.strip.shape[1],
        config=config,
    )


class FollowerPlayer(TrackPlayer):
    """An agent with the search of the whole score beside it, as the follower uses it. It plays no game.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, f"follower:{agent.name}"

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Follow once; being lost is judged by the game's bound. See `Player.play`."""
        strips = {id(track.strip): track.strip for track in tracks}
        views = {key: self.agent.read(strip) for key, strip in strips.items()}
        followed = [follow_performance(self.agent, track, view=views[id(track.strip)]) for track in tracks]
        bound_px = config.game.bound_px
        return [
            [
                episode_of_positions(track, one.position_px, bound_px=bound_px)
                for track, one in zip(tracks, followed, strict=True)
            ]
        ]

    def follow(self, performance: HeardPerformance) -> FollowedFrames:
        """See `Player.follow`."""
        return follow_performance(self.agent, performance)
