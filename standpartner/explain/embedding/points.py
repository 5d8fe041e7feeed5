"""Makes the points of a map from frames of many episodes: embeddings, and values that colour the map."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Floats
from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.explain.activations.activations import Activations
from standpartner.game.rules import IntArray
from standpartner.piece import Piece


@dataclass(frozen=True, eq=False)
class Points:
    """N frames of the episodes of some pieces. All arrays but the embedding are (N,).

    Attributes:
        episode: The number of the episode.
        frame: The frame of its performance, as int64.
        embedding: The embeddings, float32 (N, size).
        position_px: The position of the agent in strip px.
        value: The value that the network gave.
        begun_s: The time since the first onset in s.
        left_s: The time until the last onset in s.
        place: The place in the piece, from 0 at the first onset to 1 at the last one.
        system_px: The distance to the nearest start of a system, where a clef stands, in strip px.
        error_cm: The position minus the true position in cm.
        speed: The reading speed in strip px a frame.
        onsets: The number of onsets printed in the part of the strip that the agent sees.
    """

    episode: IntArray
    frame: IntArray
    embedding: Floats
    position_px: npt.NDArray[np.floating]
    value: npt.NDArray[np.floating]
    begun_s: npt.NDArray[np.floating]
    left_s: npt.NDArray[np.floating]
    place: npt.NDArray[np.floating]
    system_px: npt.NDArray[np.floating]
    error_cm: npt.NDArray[np.floating]
    speed: npt.NDArray[np.floating]
    onsets: npt.NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(cls, pieces: Iterable[Piece], played: Iterable[Activations], *, window_px: int) -> Self:
        """Make the points of some episodes, one for each piece.

        Args:
            pieces: The pieces that were played.
            played: Their activations, in the same order.
            window_px: The width in strip px of the part of the strip that the agent sees.
        """
        parts = [_points(k, *pair, window_px) for k, pair in enumerate(zip(pieces, played, strict=True))]
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def select(self, which: IntArray) -> Self:
        """Keep some of the points."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def thinned(self, count: int) -> Self:
        """Keep at most ``count`` points, evenly spread."""
        if len(self) <= count:
            return self
        return self.select(np.arange(count) * len(self) // count)


def _points(number: int, piece: Piece, activations: Activations, window_px: int) -> list[npt.NDArray]:
    track, frame, x = activations.track, activations.frame, activations.position_px
    length = max(track.last_frame - track.first_frame, 1)
    starts = piece.score.systems.strip_left_px
    onsets = np.sort(piece.score.onsets.x_px)
    seen = np.searchsorted(onsets, x + window_px / 2) - np.searchsorted(onsets, x - window_px / 2)
    return [
        np.full(len(activations), number),
        frame,
        activations.embedding,
        x,
        activations.value,
        (frame - track.first_frame) / FRAME_RATE_HZ,
        (track.last_frame - frame) / FRAME_RATE_HZ,
        (frame - track.first_frame) / length,
        np.abs(x[:, None] - starts).min(axis=1),
        activations.error_px * CM_PER_STRIP_PX,
        activations.speed,
        seen.astype(np.float64),
    ]
