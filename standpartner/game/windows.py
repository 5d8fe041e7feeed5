"""What many agents see and hear at once: the Gymnasium environment's observations, in one batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT
from standpartner.game.batched import BatchedGame
from standpartner.game.observation import shrink
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track

_WHITE = np.uint8(255)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Views:
    """Where n agents look and what they hear, and where and what in the state before; all int64 (n,).

    An agent's first view has nothing before it: there ``centre_before_px`` and ``frame_before`` repeat ``centre_px``
    and ``frame``, so that differences are zero.

    Attributes:
        track: index of the track.
        centre_px: strip px in the middle of the score window, the agent's position rounded half up.
        centre_before_px: the same in the state before.
        frame: newest frame of the spectrogram excerpt.
        frame_before: the same in the state before.
    """

    track: IntArray
    centre_px: IntArray
    centre_before_px: IntArray
    frame: IntArray
    frame_before: IntArray

    @classmethod
    def of(cls, game: BatchedGame, which: IntArray, *, before_px: npt.ArrayLike, first: npt.ArrayLike) -> Self:
        """Views of a game's episodes as they stand.

        Args:
            game: the game.
            which: (n,) episodes.
            before_px: (n,) position in the state before.
            first: (n,) bool, whether there is none.
        """
        centre, frame, first = _rounded(game.position_px[which]), game.frame[which], np.asarray(first, dtype=bool)
        before = np.where(first, centre, _rounded(np.asarray(before_px, dtype=np.float64)))
        return cls(game.track[which], centre, before, frame, frame - ~first)

    @classmethod
    def alone(cls, track: IntArray, position_px: npt.NDArray[np.float64], frame: IntArray) -> Self:
        """Views at positions and frames, with nothing before them; all (n,)."""
        centre = _rounded(position_px)
        return cls(track, centre, centre, frame, frame)

    def part(self, some: slice) -> Self:
        """Some of the views."""
        return type(self)(*(getattr(self, field.name)[some] for field in fields(self)))


class Windows:
    """Cuts score windows and spectrogram excerpts for batches of views.

    Args:
        tracks: what is looked at and listened to.
        config: sizes.
        differences: whether each view comes with its difference to the one before.
    """

    def __init__(self, tracks: Sequence[Track], config: GameConfig, *, differences: bool = True) -> None:
        self.tracks, self.config, self.differences = tracks, config, differences

    def cut(self, views: Views) -> tuple[Floats, Floats]:
        """Score windows (n, c, shown height, shown width) and spectrogram excerpts (n, c, 78, frames in view).

        Both float32; c is 2, the view and its difference to the one before, or 1 without differences.
        """
        return self._scores(views), self._excerpts(views)

    def _scores(self, views: Views) -> Floats:
        now = self._score_windows(views.track, views.centre_px)
        if not self.differences:
            return now[:, None]
        seen = np.stack([now, np.zeros_like(now)], axis=1)
        moved = np.flatnonzero(views.centre_px != views.centre_before_px)
        before = self._score_windows(views.track[moved], views.centre_before_px[moved])
        seen[moved, 1] = now[moved] - before
        return seen

    def _score_windows(self, track: IntArray, centre_px: IntArray) -> Floats:
        height, width, factor = self.config.window_height_px, self.config.window_width_px, self.config.downscale
        paper = np.full((len(track), height, width), _WHITE, np.uint8)
        for window, number, centre in zip(paper, track.tolist(), centre_px.tolist(), strict=True):
            strip = self.tracks[number].strip
            top, left = (strip.shape[0] - height) // 2, centre - width // 2
            low, high = max(left, 0), min(left + width, strip.shape[1])
            window[:, low - left : high - left] = strip[top : top + height, low:high]
        return shrink(np.subtract(_WHITE, paper, out=paper), factor)

    def _excerpts(self, views: Views) -> Floats:
        length = self.config.frames_in_view
        heard = np.zeros((len(views.track), length + 1, BAND_COUNT), np.float32)  # one frame more, for the difference
        for excerpt, number, frame in zip(heard, views.track.tolist(), views.frame.tolist(), strict=True):
            known = min(length + 1, frame + 1)
            excerpt[length + 1 - known :] = self.tracks[number].spectrogram[frame + 1 - known : frame + 1]
        now = heard[:, 1:].transpose(0, 2, 1)
        if not self.differences:
            return np.ascontiguousarray(now[:, None])
        seen = np.zeros((len(now), 2, BAND_COUNT, length), np.float32)
        seen[:, 0] = now
        went_on = np.flatnonzero(views.frame != views.frame_before)
        seen[went_on, 1] = now[went_on] - heard[went_on, :-1].transpose(0, 2, 1)
        return seen


def _rounded(position_px: npt.NDArray[np.float64]) -> IntArray:
    return np.floor(position_px + 0.5).astype(np.int64)
