"""Agents as a follower uses them, with the search beside them: on straight performances and on those with jumps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats, hear_recording
from standpartner.evaluate.jumps.performances import JumpPerformance
from standpartner.evaluate.measures.episodes import Episode, followed
from standpartner.follow.pursuit import Pursuit, PursuitConfig
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track


@dataclass(frozen=True, eq=False)
class Pursued:
    """What came of one performance, a number for each frame from that of the first onset to that of the last.

    Attributes:
        position_px: (frames,) strip x.
        searched: (frames,) probability that the search gives to the music being within reach of it.
        tracked: (frames,) what the agent's tracker gives to that.
        jumped: (frames,) bool, the agent was put elsewhere in this frame.
    """

    position_px: NDArray[np.float64]
    searched: NDArray[np.float64]
    tracked: NDArray[np.float64]
    jumped: NDArray[np.bool_]


def pursue(
    agent: Agent,
    view: Floats,
    embeddings: Floats,
    *,
    start_px: float,
    width_px: int,
    config: PursuitConfig | None = None,
) -> Pursued:
    """Follow one performance.

    Args:
        agent: who does.
        view: of the strip, from ``agent.read``.
        embeddings: (frames, features) from the first onset's frame on.
        start_px: where the music begins.
        width_px: of the strip.
        config: with jumping switched off the agent is left to itself.
    """
    pursuit = Pursuit(agent, view, width_px=width_px, start_px=start_px, config=config)
    steps = [pursuit.step(embeddings[frame : frame + 1]) for frame in range(len(embeddings))]
    return Pursued(
        position_px=np.array([step.position_px for step in steps]),
        searched=np.array([step.searched for step in steps]),
        tracked=np.array([step.tracked for step in steps]),
        jumped=np.array([step.jumped_from_px is not None for step in steps]),
    )


def pursue_track(
    agent: Agent, track: Track, *, view: Floats | None = None, config: PursuitConfig | None = None
) -> Pursued:
    """Follow a track from its first onset to its last; ``view`` of its strip, if it was read before."""
    heard = hear_recording(agent, track.spectrogram[: track.last_frame + 1])[0]
    return pursue(
        agent,
        agent.read(track.strip) if view is None else view,
        heard[track.first_frame :],
        start_px=float(track.onset_x_px[0]),
        width_px=track.strip.shape[1],
        config=config,
    )


def pursue_jumps(agent: Agent, performance: JumpPerformance, *, config: PursuitConfig | None = None) -> Pursued:
    """Follow a performance with jumps from its first onset to its last."""
    first, last = performance.onset_frames[[0, -1]]
    heard = hear_recording(agent, performance.spectrogram[: last + 1])[0]
    return pursue(
        agent,
        agent.read(performance.score.strip),
        heard[first:],
        start_px=float(performance.score.onsets.x_px[performance.onset[0]]),
        width_px=performance.score.width_px,
        config=config,
    )


def pursuit_episodes(agent: Agent, tracks: Sequence[Track], *, game: GameConfig) -> list[Episode]:
    """Follow every track; being lost is judged by the game's bound, and nothing stops."""
    views = {id(track.strip): track.strip for track in tracks}
    read = {name: agent.read(strip) for name, strip in views.items()}
    return [
        followed(track, pursue_track(agent, track, view=read[id(track.strip)]).position_px, bound_px=game.bound_px)
        for track in tracks
    ]
