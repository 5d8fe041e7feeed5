"""Makes presentations for videos and the viewer: a piece, its sound, and an agent's trace through it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from standpartner.evaluate.players import AgentPlayer
from standpartner.evaluate.sound import audible_track
from standpartner.explain.traces.trace import Overlay, Trace, record_traces
from standpartner.game.rules import GameConfig
from standpartner.piece import Piece
from standpartner.score import Score


@dataclass(frozen=True, eq=False)
class Presentation:
    """A trace with its piece and its sound.

    Attributes:
        title: The title of the piece.
        agent: The name of the agent.
        trace: The trace that is shown.
        score: The pages and systems; None where there is a strip only, which has no page view.
        audio: The mono samples at 22 050 Hz, float32 (n,), from second 0 of the performance on.
        attribution: The attributions of decisions, laid over score and spectrogram; None for none.
    """

    title: str
    agent: str
    trace: Trace
    score: Score | None
    audio: npt.NDArray[np.float32]
    attribution: Overlay | None = None


def present_piece(
    piece: Piece, player: AgentPlayer, *, game: GameConfig, performance: str | None = None
) -> Presentation:
    """Let an agent follow a performance of a piece; its sound is that of ``standpartner play``.

    Args:
        piece: The piece as it was built.
        player: The agent, which acts.
        game: The rules.
        performance: The name of the performance; the first one by default.

    Raises:
        PieceError: The piece has no such performance.
        AudioError: The performance has no notes.
        AgentError: The agent takes no actions.
        ConfigError: The agent sees other windows than the game shows.
        MissingExtraError: No synthesiser or no soundfont is installed.
    """
    audible = audible_track(piece, config=game, performance=performance)
    trace = next(record_traces(player, [audible.track], game=game))
    return Presentation(audible.title, player.name, trace, piece.score, audible.audio)
