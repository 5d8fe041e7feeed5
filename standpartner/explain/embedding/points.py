"""Frames of many episodes as points of a map: their embedding and what the map is coloured by."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Floats
from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.explain.replay import Moments
from standpartner.game.rules import IntArray
from standpartner.piece import Piece


@dataclass(frozen=True, eq=False)
class Points:
    """N frames of the episodes of some pieces; everything is (N,) but the embedding.

    Attributes:
        episode: number of the episode.
        frame: int64 of its performance.
        embedding: float32 (N, size).
        position_px: of the agent.
        value: what the agent expected.
        begun_s: s since the first onset.
        left_s: s until the last onset.
        place: 0 at the first onset to 1 at the last one.
        system_px: distance to the nearest start of a system, where a clef stands; the first one's and the strip's.
        error_cm: position minus truth.
        speed: strip px a frame.
        onsets: printed in the part of the strip that the agent looks at.
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
    def of(cls, pieces: Iterable[Piece], played: Iterable[Moments], *, window_px: int) -> Self:
        """Points of episodes, one for each piece.

        Args:
            pieces: that were played.
            played: their moments, in the same order.
            window_px: width of what the agent sees of the strip.
        """
        parts = [_points(k, *pair, window_px) for k, pair in enumerate(zip(pieces, played, strict=True))]
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def part(self, which: IntArray) -> Self:
        """Only some of the points."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def thinned(self, count: int) -> Self:
        """At most so many points, evenly drawn."""
        if len(self) <= count:
            return self
        return self.part(np.arange(count) * len(self) // count)


def _points(number: int, piece: Piece, moments: Moments, window_px: int) -> list[npt.NDArray]:
    track, frame, x = moments.track, moments.frame, moments.position_px
    length = max(track.last_frame - track.first_frame, 1)
    starts = piece.score.systems.strip_left_px
    onsets = np.sort(piece.score.onsets.x_px)
    seen = np.searchsorted(onsets, x + window_px / 2) - np.searchsorted(onsets, x - window_px / 2)
    return [
        np.full(len(moments), number),
        frame,
        moments.embedding,
        x,
        moments.value,
        (frame - track.first_frame) / FRAME_RATE_HZ,
        (track.last_frame - frame) / FRAME_RATE_HZ,
        (frame - track.first_frame) / length,
        np.abs(x[:, None] - starts).min(axis=1),
        moments.error_px * CM_PER_STRIP_PX,
        moments.speed,
        seen.astype(np.float64),
    ]
