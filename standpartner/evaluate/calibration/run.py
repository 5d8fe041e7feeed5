"""Calibrates an agent's confidence where the truth is known, and measures how reliable the confidence is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.calibration import Calibration
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.calibration.fit import fit_calibration
from standpartner.evaluate.calibration.reliability import Reliability, reliability
from standpartner.evaluate.jumps.run import play_with_jumps, style_of
from standpartner.evaluate.players.follower import follow_performance
from standpartner.evaluate.players.player import HeardPerformance
from standpartner.follow.search import SearchConfig
from standpartner.piece import Piece

FITTED_SPLITS: Final = ("train", "valid")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationConfig:
    """The agent and the pieces with which a confidence is calibrated or measured.

    Attributes:
        agent: The name or folder of an agent that follows.
        split: The split of the corpora.
        limit: The largest number of pieces of each corpus that are followed; None follows all.
        seed: The seed of the jumps.
    """

    agent: str
    split: str = "valid"
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class MeasuredCalibration:
    """A calibration and how reliable it is.

    Attributes:
        calibration: The weights of the confidence.
        diagrams: The reliability diagrams on the measured pieces, by the source of the probabilities: ``search``,
            ``tracker`` and ``calibrated``.
        pieces: The number of pieces that the weights were fitted to, 0 for an agent's own, and the number that were
            measured.
    """

    calibration: Calibration
    diagrams: dict[str, Reliability]
    pieces: tuple[int, int]

    @property
    def reached(self) -> Reliability:
        """The diagram of the calibrated confidence."""
        return self.diagrams["calibrated"]

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary of all attributes."""
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


def calibrate(config: CalibrationConfig, corpora: Sequence[Corpus]) -> MeasuredCalibration:
    """Fit an agent's confidence on every other piece, and measure it on the pieces between.

    Every piece is followed twice, once straight and once with random jumps. A frame is right if the position is within
    the search's reach, 48 strip px (1.7 cm), of the music.

    Raises:
        ConfigError: There are fewer than two pieces, or they are test pieces, to which nothing may be fitted.
        CorpusError: A corpus is not built.
        AgentError: There is no such agent, or it cannot follow.
        MissingExtraError: A soundfont, a synthesiser or SciPy is not installed.
    """
    if config.split not in FITTED_SPLITS:
        raise ConfigError(
            f"nothing may be fitted to {config.split} pieces; calibrate with --split {' or '.join(FITTED_SPLITS)}, or "
            "measure the agent's own calibration with --measure"
        )
    judged = list(_judged_pieces(load_agent(config.agent), config, corpora))
    if len(judged) < 2:
        raise ConfigError(f"expected at least two pieces to calibrate on, got {len(judged)}; build or allow more")
    fitted, measured = judged[0::2], judged[1::2]
    calibration = fit_calibration(*np.concatenate(fitted).T)
    return _measured(calibration, measured, fitted=len(fitted))


def measure_calibration(config: CalibrationConfig, corpora: Sequence[Corpus]) -> MeasuredCalibration:
    """Measure the calibration that an agent holds on all pieces of a split; nothing is fitted.

    See `calibrate` for how pieces are followed.

    Raises:
        ConfigError: There is no piece.
        CorpusError: A corpus is not built.
        AgentError: There is no such agent, or it cannot follow.
        MissingExtraError: A soundfont or a synthesiser is not installed.
    """
    agent = load_agent(config.agent)
    judged = list(_judged_pieces(agent, config, corpora))
    if not judged:
        raise ConfigError(f"expected at least one piece to measure on, got none of {config.split}; build or allow more")
    return _measured(agent.calibration, judged, fitted=0)


def _measured(calibration: Calibration, judged: Sequence[Floats], *, fitted: int) -> MeasuredCalibration:
    searched, tracked, right = np.concatenate(judged).T
    given = {"search": searched, "tracker": tracked, "calibrated": calibration.confidence(searched, tracked)}
    diagrams = {name: reliability(probability, right) for name, probability in given.items()}
    return MeasuredCalibration(calibration, diagrams, pieces=(fitted, len(judged)))


def _judged_pieces(agent: Agent, config: CalibrationConfig, corpora: Sequence[Corpus]) -> Iterator[Floats]:
    """Follow the pieces; see `_judge`."""
    for piece in chain.from_iterable(corpus.pieces(config.split, limit=config.limit) for corpus in corpora):
        yield _judge(agent, piece, config)


def _judge(agent: Agent, piece: Piece, config: CalibrationConfig) -> Floats:
    """Return the probabilities of search and tracker for the position, and 1 where it was right, (frames, 3)."""
    jumping = play_with_jumps(piece, "random", style=style_of(config.split), seed=config.seed)
    performances: list[HeardPerformance] = [piece.tracks()[0], *([jumping] if jumping is not None else [])]
    reach_px, parts = SearchConfig().reach_px, []
    for performance in performances:
        followed = follow_performance(agent, performance)
        frames = performance.first_frame + np.arange(len(followed.position_px))
        right = np.abs(followed.position_px - performance.targets_at(frames)) <= reach_px
        parts.append(np.stack([followed.searched, followed.tracked, right], axis=1))
    return np.concatenate(parts)
