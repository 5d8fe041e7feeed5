"""What agents observe of many games at once; needs ``pip install "standpartner[game]"``."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from standpartner.agent.bundle import load_agent
from standpartner.errors import ConfigError
from standpartner.game.batched import BatchedGame
from standpartner.game.encoded import EncodedTracks
from standpartner.game.environment import window_space
from standpartner.game.rules import BoolArray, GameConfig, IntArray
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows

Observations = dict[str, npt.NDArray[np.float32]]


class Senses(Protocol):
    """The protocol of what agents observe of a game's present state.

    Attributes:
        space: The space of one agent's observation.
    """

    space: spaces.Dict

    def observe(
        self, game: BatchedGame, which: IntArray, *, before_px: npt.NDArray[np.float64], first: BoolArray
    ) -> Observations:
        """Observe episodes, (n,), by their numbers.

        Args:
            game: The game as it stands.
            which: The numbers of the episodes.
            before_px: The positions in the state before in strip px, (n,).
            first: Whether there is no state before, bool (n,).
        """
        ...


class WindowSenses:
    """Observes windows of score and sound, as `ScoreFollowingEnv` does.

    Args:
        tracks: The tracks that are played.
        config: The rules.
    """

    def __init__(self, tracks: Sequence[Track], config: GameConfig) -> None:
        self.space = window_space(config)
        self._windows = Windows(tracks, config)

    def observe(
        self, game: BatchedGame, which: IntArray, *, before_px: npt.NDArray[np.float64], first: BoolArray
    ) -> Observations:
        """Observe episodes; see `Senses.observe`."""
        score, spectrogram = self._windows.cut(Views.of(game, which, before_px=before_px, first=first))
        return {"score": score, "spectrogram": spectrogram}


class FeatureSenses:
    """Observes what an agent's encoders make of score and sound, which they encode once.

    Args:
        tracks: The tracks that are played.
        agent: The name or folder of a read-once agent.

    Raises:
        AgentError: There is no such agent, or it is of another kind.
    """

    def __init__(self, tracks: Sequence[Track], agent: str) -> None:
        self._encoded = EncodedTracks(load_agent(agent), tracks)
        shapes = {"score": self._encoded.window_shape, "spectrogram": self._encoded.embedding_shape}
        self.space = spaces.Dict({name: spaces.Box(-np.inf, np.inf, shape) for name, shape in shapes.items()})

    def observe(
        self, game: BatchedGame, which: IntArray, *, before_px: npt.NDArray[np.float64], first: BoolArray
    ) -> Observations:
        """Observe episodes; see `Senses.observe`. The state before is not used."""
        track = game.track[which]
        return {
            "score": self._encoded.windows(track, game.position_px[which]),
            "spectrogram": self._encoded.embeddings(track, game.frame[which]),
        }


def make_senses(observe: str, tracks: Sequence[Track], *, config: GameConfig, agent: str) -> Senses:
    """Make the senses of a name.

    Args:
        observe: ``"windows"`` or ``"features"``; see `ScoreFollowingVectorEnv`.
        tracks: The tracks that are played.
        config: The rules.
        agent: The name or folder of the read-once agent whose features are observed.

    Raises:
        ConfigError: There is nothing of that name to observe.
        AgentError: There is no such agent, or it is of another kind.
    """
    if observe == "windows":
        return WindowSenses(tracks, config)
    if observe == "features":
        return FeatureSenses(tracks, agent)
    raise ConfigError(f"expected 'windows' or 'features' to observe, got {observe!r}")
