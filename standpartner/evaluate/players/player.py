"""The protocol of players: they play whole episodes of pieces and follow one performance frame by frame."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError
from standpartner.evaluate.measures.episode import Episode
from standpartner.follow.pursuit import PursuitConfig
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.piece import Piece
from standpartner.score import PrintedJump


@dataclass(frozen=True, kw_only=True)
class PlayConfig:
    """The settings with which players play.

    Attributes:
        game: The rules.
        runs: The number of runs. With 1 a player takes its most probable actions; with more it draws them, each run
            with another seed. A player that draws nothing plays once.
        seed: The seed of the first run.
        pursuit: The settings with which followers jump.

    Raises:
        ConfigError: There is no run.
    """

    game: GameConfig
    runs: int = 1
    seed: int = 0
    pursuit: PursuitConfig = field(default_factory=PursuitConfig)

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise ConfigError(f"expected at least one run, got {self.runs}")

    @property
    def drawn_seeds(self) -> list[int]:
        """The seeds, one for each run of drawn actions; none where the most probable actions are taken."""
        return [self.seed + run for run in range(self.runs)] if self.runs > 1 else []


class HeardPerformance(Protocol):
    """A performance that can be followed frame by frame; `Track` is one, and a performance with jumps is another."""

    @property
    def strip(self) -> npt.NDArray[np.uint8]:
        """The strip, uint8 (160, width)."""

    @property
    def spectrogram(self) -> npt.NDArray[np.float32]:
        """The spectrogram, float32 (frames, 78), which covers the last onset."""

    @property
    def printed_jumps(self) -> tuple[PrintedJump, ...]:
        """The jumps that the score's signs allow."""

    @property
    def start_px(self) -> float:
        """The strip x at which the music begins."""

    @property
    def first_frame(self) -> int:
        """The frame of the first onset."""

    @property
    def last_frame(self) -> int:
        """The frame of the last onset."""

    def targets_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the true strip x in px at frames."""


@dataclass(frozen=True, eq=False)
class FollowedFrames:
    """The positions of a follower in one performance, for each frame from the first onset's to the last one's.

    Attributes:
        position_px: The strip x, float64 (frames,) px.
        searched: The probability that the search gives to the music being near that position, float64 (frames,).
        tracked: The probability that the agent's tracker gives to that, float64 (frames,).
        jumped: Whether the agent was put elsewhere in this frame, bool (frames,).
    """

    position_px: npt.NDArray[np.float64]
    searched: npt.NDArray[np.float64]
    tracked: npt.NDArray[np.float64]
    jumped: npt.NDArray[np.bool_]


class Player(ABC):
    """The base of all that plays the game or follows without playing it.

    Attributes:
        name: The name of the player in errors.
    """

    name: str

    @abstractmethod
    def play(self, pieces: Sequence[Piece], config: PlayConfig) -> list[list[Episode]]:
        """Play or follow all performances of some pieces to the last onset, even when lost.

        Args:
            pieces: The pieces in the setting in which they are heard.
            config: The rules and the runs.

        Returns:
            One list for each run, with one episode for each performance in the pieces' order.
        """

    def follow(self, performance: HeardPerformance, pursuit: PursuitConfig | None = None) -> FollowedFrames:
        """Follow one performance, which need not be in the order of the score.

        Args:
            performance: The performance.
            pursuit: The settings of the search beside an agent, if the player has one; None for those of notation.

        Raises:
            ConfigError: This player cannot follow; only agents that follow can.
        """
        raise ConfigError(
            f"{self.name} cannot follow a performance with jumps; choose an agent that follows, or follower:AGENT"
        )


class TrackPlayer(Player):
    """The base of players that need only the game's tracks of pieces."""

    @abstractmethod
    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play all tracks; see `Player.play`."""

    def play(self, pieces: Sequence[Piece], config: PlayConfig) -> list[list[Episode]]:
        """Play the tracks of all pieces; see `Player.play`."""
        return self.play_tracks([track for piece in pieces for track in piece.tracks()], config)
