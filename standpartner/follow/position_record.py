"""Keeps the positions of a whole recording in few bytes, so that memory does not grow much with its length."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from standpartner.follow.position import FramePosition, Position, place_all
from standpartner.score import Score

_BLOCK = 1024  # the positions that are looked up on the pages at once
_NO_JUMP = float("nan")


class PositionRecord(Sequence[Position]):
    """The positions of a recording, one for every frame from its beginning, in 25 bytes each.

    Where a position is on the pages is looked up again when it is asked for.

    Args:
        score: The score that is followed.
        positions: The first positions.
    """

    def __init__(self, score: Score, positions: Iterable[Position] = ()) -> None:
        self._score = score
        self._strip_x_px, self._confidence, self._jumped_from_px = array("d"), array("d"), array("d")
        self._lost = array("B")
        self.extend(positions)

    def extend(self, positions: Iterable[Position]) -> None:
        """Add the positions of the next frames."""
        for position in positions:
            self._strip_x_px.append(position.strip_x_px)
            self._confidence.append(position.confidence)
            self._jumped_from_px.append(_NO_JUMP if position.jumped_from_px is None else position.jumped_from_px)
            self._lost.append(position.lost)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Return whether the follower was lost in each frame, (n,)."""
        return np.array(self._lost, dtype=bool)

    @property
    def jumped(self) -> NDArray[np.bool_]:
        """Return whether the follower jumped in each frame, (n,)."""
        return ~np.isnan(np.array(self._jumped_from_px))

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._strip_x_px)

    def __iter__(self) -> Iterator[Position]:
        """Yield the positions, of which only some are in memory at a time."""
        for first in range(0, len(self), _BLOCK):
            yield from self._placed(range(first, min(first + _BLOCK, len(self))))

    @overload
    def __getitem__(self, index: int) -> Position: ...

    @overload
    def __getitem__(self, index: slice) -> list[Position]: ...

    def __getitem__(self, index: int | slice) -> Position | list[Position]:
        """Return the position of a frame, or a list of those of some frames."""
        frames = range(len(self))[index]
        return self._placed(frames) if isinstance(frames, range) else self._placed([frames])[0]

    def __eq__(self, other: object) -> bool:
        """Tell whether another record holds the same positions."""
        return isinstance(other, PositionRecord) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def _placed(self, frames: Sequence[int]) -> list[Position]:
        return place_all(self._score, [self._frame_position(frame) for frame in frames])

    def _frame_position(self, frame: int) -> FramePosition:
        left_px = self._jumped_from_px[frame]
        return FramePosition(
            frame,
            self._strip_x_px[frame],
            self._confidence[frame],
            bool(self._lost[frame]),
            jumped_from_px=None if np.isnan(left_px) else left_px,
        )
