"""Records what agent and search say in each frame of performances, while the agent goes late.

So it is known for each frame what staying brings, and whether the place found was right. A piece is recorded once
played straight from some place on, and once with random jumps. Signs of repeats are not used.
"""

from dataclasses import astuple, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent
from standpartner.agent.bundle import Floats as Singles
from standpartner.agent.config import FRONT_FRAMES
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import PEOPLE_STYLE
from standpartner.evaluate.jumps.run import play_with_jumps
from standpartner.evaluate.players.player import HeardPerformance
from standpartner.follow.jump_decision import JumpFrame
from standpartner.follow.pursuit import Pursuit
from standpartner.piece import Piece

COLUMNS: Final = ("target_px", "jumped", *(field.name for field in fields(JumpFrame)))
_LATE: Final = 8.0  # the evidence that must have gathered; the rule asks for 2.5
_MOST_FRAMES: Final = 100 * FRAME_RATE_HZ  # of each performance

Floats = NDArray[np.float64]


class _LateRule:
    """Goes late, and keeps what it was asked."""

    def __init__(self) -> None:
        self.frames: list[JumpFrame] = []

    def goes(self, frame: JumpFrame) -> bool:
        """Take in a frame and return whether the agent goes."""
        self.frames.append(frame)
        return frame.gathered > _LATE

    def begin(self) -> None:
        """Begin anew, as the agent was put elsewhere."""


def record_piece(agent: Agent, piece: Piece, *, seed: int) -> list[Floats]:
    """Record a piece.

    Args:
        agent: The agent that follows.
        piece: The piece in the sound in which it is heard.
        seed: The seed of the performance, the place where it begins, and the jumps.

    Returns:
        The record of a performance, and where the piece is long enough for jumps one with jumps. A record has a row of
        `COLUMNS` for each frame.

    Raises:
        AgentError: The agent cannot follow.
        MissingExtraError: A soundfont or a synthesiser is not installed.
    """
    rng = np.random.default_rng(seed_of(piece.name, "jump record", str(seed)))
    view, tracks = agent.read(piece.score.strip), piece.tracks()
    track = tracks[rng.integers(len(tracks))]
    latest = max(track.first_frame, track.last_frame - _MOST_FRAMES)
    first_frame = int(rng.integers(track.first_frame, latest + 1))
    records = [record(agent, view, track, first_frame=first_frame)]
    jumping = play_with_jumps(piece, "random", style=PEOPLE_STYLE, seed=seed)
    if jumping is not None:
        records.append(record(agent, view, jumping, first_frame=jumping.first_frame))
    return records


def record(agent: Agent, view: Singles, performance: HeardPerformance, *, first_frame: int) -> Floats:
    """Follow a performance by the late rule for at most 100 s.

    Args:
        agent: The agent that follows.
        view: The agent's view of the strip from ``agent.read``.
        performance: The performance.
        first_frame: The frame in which following begins, at the true place.

    Returns:
        A row of `COLUMNS` for each frame, (frames, columns).
    """
    last_frame = min(performance.last_frame + 1, first_frame + _MOST_FRAMES)
    heard_from = max(0, first_frame - agent.config.history_frames - FRONT_FRAMES)
    heard, _ = hear_recording(agent, performance.spectrogram[heard_from:last_frame])
    targets_px, rule = performance.targets_at(np.arange(first_frame, last_frame)), _LateRule()
    width_px = performance.strip.shape[1]
    pursuit = Pursuit(agent, view, width_px=width_px, start_px=float(targets_px[0]), decision=rule)
    steps = [pursuit.step(heard[[frame]]) for frame in range(first_frame - heard_from, last_frame - heard_from)]
    jumped = [step.jumped_from_px is not None for step in steps]
    return np.column_stack([targets_px, jumped, [astuple(frame) for frame in rule.frames]])
