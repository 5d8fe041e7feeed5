"""Lets agents follow as in the follower, with the search, performances in the score's order or with jumps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.listening import hear_recording
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import episode_of_positions
from standpartner.evaluate.players.player import FollowedFrames, HeardPerformance, PlayConfig, TrackPlayer
from standpartner.follow.pursuit import Pursuit, PursuitConfig
from standpartner.follow.repeats import RepeatSigns
from standpartner.game.tracks import Track


def follow_frames(
    agent: Agent,
    view: Floats,
    embeddings: Floats,
    *,
    start_px: float,
    width_px: int,
    config: PursuitConfig | None = None,
    signs: RepeatSigns | None = None,
) -> FollowedFrames:
    """Follow one performance whose strip and sound are encoded already.

    Args:
        agent: The agent that follows.
        view: The agent's view of the strip from ``agent.read``.
        embeddings: The embeddings from the first onset's frame on, (frames, features).
        start_px: The strip x at which the music begins in px.
        width_px: The width of the strip in px.
        config: The settings of the pursuit, which say when the agent is put elsewhere; without jumping it is left to
            itself.
        signs: The repeat signs of the score.
    """
    pursuit = Pursuit(agent, view, width_px=width_px, start_px=start_px, config=config, signs=signs)
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
        view: The agent's view of the strip, if it was read before.
        config: The settings of the pursuit; see `follow_frames`.
    """
    config = config or PursuitConfig()
    embeddings = hear_recording(agent, performance.spectrogram[: performance.last_frame + 1])[0]
    view = agent.read(performance.strip) if view is None else view
    return follow_frames(
        agent,
        view,
        embeddings[performance.first_frame :],
        start_px=performance.start_px,
        width_px=performance.strip.shape[1],
        config=config,
        signs=RepeatSigns(agent, performance.strip, view=view, jumps=performance.printed_jumps, config=config.repeats),
    )


class FollowerPlayer(TrackPlayer):
    """Follows with an agent and the search of the whole score, as the follower does. It plays no game.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, f"follower:{agent.name}"

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Follow once; an agent beyond the game's bound is lost. See `Player.play`."""
        strips = {id(track.strip): track.strip for track in tracks}
        views = {key: self.agent.read(strip) for key, strip in strips.items()}
        followed = [
            follow_performance(self.agent, track, view=views[id(track.strip)], config=config.pursuit)
            for track in tracks
        ]
        bound_px = config.game.bound_px
        return [
            [
                replace(episode_of_positions(track, one.position_px, bound_px=bound_px), jumped=one.jumped)
                for track, one in zip(tracks, followed, strict=True)
            ]
        ]

    def follow(self, performance: HeardPerformance, pursuit: PursuitConfig | None = None) -> FollowedFrames:
        """Follow one performance; see `Player.follow`."""
        return follow_performance(self.agent, performance, config=pursuit)
