"""What a video or a viewer shows: a piece, how it sounds, and an agent's trace through it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Agent, WindowAgent
from standpartner.evaluate.music import piece_music
from standpartner.explain.traces.trace import Overlay, Trace, record_traces
from standpartner.game.rules import GameConfig
from standpartner.piece import Piece
from standpartner.score import Score


@dataclass(frozen=True, eq=False)
class Show:
    """A trace with all that is shown of it.

    Attributes:
        title: of the piece.
        agent: its name.
        trace: what is shown.
        score: pages and systems; None where there is a strip only, which has no page view.
        audio: (n,) mono samples at 22 050 Hz, heard from second 0 of the performance on.
        attribution: of each decision, laid over score and spectrogram; None for none.
    """

    title: str
    agent: str
    trace: Trace
    score: Score | None
    audio: npt.NDArray[np.float32]
    attribution: Overlay | None = None


def show_piece(piece: Piece, agent: Agent | WindowAgent, *, game: GameConfig, performance: str | None = None) -> Show:
    """Let an agent follow a performance of a piece; its sound is that of ``standpartner play``.

    Args:
        piece: as built.
        agent: that acts.
        game: the rules.
        performance: its name; default: the first.

    Raises:
        PieceError: the piece has no such performance.
        AudioError: the performance has no notes.
        AgentError: the agent takes no actions.
        ConfigError: the agent sees other windows than the game shows.
        MissingExtraError: no synthesiser or no soundfont is installed.
    """
    music = piece_music(piece, config=game, performance=performance)
    trace = next(record_traces(agent, [music.track], game=game))
    return Show(music.title, agent.name, trace, piece.score, music.audio)
