"""Calibrating an agent's confidence where the truth is known, and measuring on other pieces what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.calibration import Calibration
from standpartner.agent.search import SearchConfig
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.jump_run import play_with_jumps, style_of
from standpartner.evaluate.pursuits import Pursued, pursue_jumps, pursue_track
from standpartner.evaluate.reliability import Reliability, reliability
from standpartner.piece import Piece


@dataclass(frozen=True)
class CalibrationConfig:
    """What to calibrate on.

    Attributes:
        agent: name or folder.
        split: of the corpora; every other piece is fitted to, the others are measured.
        limit: at most so many pieces of each corpus.
        seed: of the jumps.
    """

    agent: str
    split: str = "valid"
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What came of it.

    Attributes:
        calibration: fitted on the first half.
        before: diagram of the search's own probabilities on the second half.
        after: that of the calibrated ones.
        pieces: fitted to, measured.
    """

    calibration: Calibration
    before: Reliability
    after: Reliability
    pieces: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of all of it."""
        diagrams = {
            name: {
                "expected_calibration_error": diagram.expected_error,
                "frames": diagram.count.tolist(),
                "confidence": [None if np.isnan(x) else x for x in diagram.confidence.tolist()],
                "right": [None if np.isnan(x) else x for x in diagram.right.tolist()],
            }
            for name, diagram in (("before", self.before), ("after", self.after))
        }
        return {"calibration": self.calibration.to_json(), "pieces": list(self.pieces), **diagrams}


def calibrate(config: CalibrationConfig, corpora: Sequence[Corpus]) -> Calibrated:
    """Follow every piece twice, once straight and once with random jumps; fit on half of the pieces.

    A frame is right if the position is within the search's reach, 48 strip px (1.7 cm), of the music.

    Raises:
        ConfigError: there are fewer than two pieces.
        CorpusError: a corpus is not built.
        AgentError: there is no such agent, or it cannot follow.
        MissingExtraError: a soundfont or a synthesiser is not installed.
    """
    agent = load_agent(config.agent)
    agent.calibration = Calibration()
    pieces = chain.from_iterable(corpus.pieces(config.split, limit=config.limit) for corpus in corpora)
    judged = [_judge(agent, piece, config) for piece in pieces]
    if len(judged) < 2:
        raise ConfigError(f"expected at least two pieces to calibrate on, got {len(judged)}; build or allow more")
    (sure, right), (other_sure, other_right) = (_joined(judged[half::2]) for half in (0, 1))
    fitted = Calibration.fit(sure, right)
    return Calibrated(
        fitted,
        reliability(other_sure, other_right),
        reliability(fitted.apply(other_sure), other_right),
        pieces=(len(judged[0::2]), len(judged[1::2])),
    )


def _judge(agent: Agent, piece: Piece, config: CalibrationConfig) -> NDArray[np.float64]:
    """(frames, 2) confidence, and 1 where the position was right."""
    track = piece.tracks()[0]
    pursued = pursue_track(agent, track)
    frames = track.first_frame + np.arange(len(pursued.position_px))
    parts: list[tuple[Pursued, NDArray[np.floating]]] = [(pursued, track.targets[frames])]
    performance = play_with_jumps(piece, "random", style=style_of(config.split), seed=config.seed)
    if performance is not None:
        pursued = pursue_jumps(agent, performance)
        frames = performance.onset_frames[0] + np.arange(len(pursued.position_px))
        parts.append((pursued, performance.targets_at(frames)))
    reach_px = SearchConfig().reach_px
    return np.concatenate(
        [
            np.stack([one.confidence, np.abs(one.position_px - target_px) <= reach_px], axis=1)
            for one, target_px in parts
        ]
    )


def _joined(judged: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    both = np.concatenate(judged)
    return both[:, 0], both[:, 1] > 0
