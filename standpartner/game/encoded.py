"""Encodes the strips and the sound of tracks once with a read-once agent: features instead of pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.columns import window, window_index
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.agent.listening import hear_recording
from standpartner.game.rules import IntArray
from standpartner.game.tracks import Track


class EncodedTracks:
    """The strips and the sound of some tracks, encoded once by an agent.

    Args:
        agent: The agent whose encoders are used.
        tracks: The tracks; those of one strip share its reading.
    """

    def __init__(self, agent: Agent, tracks: Sequence[Track]) -> None:
        self.agent = agent
        strips = {id(track.strip): track.strip for track in tracks}
        views = [agent.read(strip) for strip in strips.values()]
        heard = [hear_recording(agent, track.spectrogram[: track.last_frame + 1])[0] for track in tracks]
        which = [list(strips).index(id(track.strip)) for track in tracks]
        self._views, self._view_starts = np.concatenate(views), _starts(views)[which]
        self._counts = np.array([len(view) - 2 * WINDOW_COLUMNS for view in views])[which]
        self._embeddings, self._embedding_starts = np.concatenate(heard), _starts(heard)

    @property
    def window_shape(self) -> tuple[int, int]:
        """The shape of a window, (64, features + 2)."""
        return WINDOW_COLUMNS, self._views.shape[1]

    @property
    def embedding_shape(self) -> tuple[int]:
        """The shape of an embedding, (features,)."""
        return (self._embeddings.shape[1],)

    def windows(self, tracks: IntArray, position_px: NDArray[np.float64]) -> Floats:
        """Cut windows, (n, 64, features + 2), of strips by track numbers, (n,), and positions, (n,) strip px."""
        index, fraction = window_index(position_px, self._counts[tracks])
        return window(self._views, self._view_starts[tracks] + index, fraction)

    def embeddings(self, tracks: IntArray, frame: IntArray) -> Floats:
        """Return the embeddings, (n, features), by track numbers, (n,), and frames, (n,)."""
        heard: Floats = self._embeddings[self._embedding_starts[tracks] + frame]
        return heard


def _starts(parts: Sequence[Floats]) -> NDArray[np.int64]:
    """Return the index at which each part begins when all are joined."""
    return np.cumsum([0, *map(len, parts)])[:-1]
