"""Calibrating an agent's confidence where the truth is known, and measuring on other pieces what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.calibration import Calibration
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.calibration.reliability import Reliability, reliability
from standpartner.evaluate.jumps.run import play_with_jumps, style_of
from standpartner.evaluate.players.following import Pursued, pursue_jumps, pursue_track
from standpartner.follow.search import SearchConfig
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
        diagrams: of the second half, by whose probabilities they are of: ``search``, ``tracker`` and ``calibrated``.
        pieces: fitted to, measured.
    """

    calibration: Calibration
    diagrams: dict[str, Reliability]
    pieces: tuple[int, int]

    @property
    def reached(self) -> Reliability:
        """The diagram of the calibrated confidence."""
        return self.diagrams["calibrated"]

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of all of it."""
        diagrams = {
            name: {
                "expected_calibration_error": diagram.expected_error,
                "frames": diagram.count.tolist(),
                "confidence": [None if np.isnan(x) else x for x in diagram.confidence.tolist()],
                "right": [None if np.isnan(x) else x for x in diagram.right.tolist()],
            }
            for name, diagram in self.diagrams.items()
        }
        return {"calibration": self.calibration.to_json(), "pieces": list(self.pieces), "diagrams": diagrams}


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
    pieces = chain.from_iterable(corpus.pieces(config.split, limit=config.limit) for corpus in corpora)
    judged = [_judge(agent, piece, config) for piece in pieces]
    if len(judged) < 2:
        raise ConfigError(f"expected at least two pieces to calibrate on, got {len(judged)}; build or allow more")
    fitted, measured = (np.concatenate(judged[half::2]).T for half in (0, 1))
    calibration = Calibration.fit(*fitted)
    searched, tracked, right = measured
    given = {"search": searched, "tracker": tracked, "calibrated": calibration.confidence(searched, tracked)}
    return Calibrated(
        calibration,
        {name: reliability(probability, right) for name, probability in given.items()},
        pieces=(len(judged[0::2]), len(judged[1::2])),
    )


def _judge(agent: Agent, piece: Piece, config: CalibrationConfig) -> NDArray[np.float64]:
    """(frames, 3) what search and tracker gave to the position, and 1 where it was right."""
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
            np.stack([one.searched, one.tracked, np.abs(one.position_px - target_px) <= reach_px], axis=1)
            for one, target_px in parts
        ]
    )
