"""Cuts the score windows and spectrogram excerpts that agents see and hear, for one agent or for many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT
from standpartner.errors import GameError
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track

_WHITE = np.uint8(255)
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Views:
    """The places and frames that n agents look at, now and in the state before; all arrays are int64 (n,).

    An agent's first view has nothing before it: there ``centre_before_px`` and ``frame_before`` repeat ``centre_px``
    and ``frame``, so that differences are zero.

    Attributes:
        track: The index of the track.
        centre_px: The strip px in the middle of the score window, which is the agent's position rounded half up.
        centre_before_px: The same in the state before.
        frame: The newest frame of the spectrogram excerpt.
        frame_before: The same in the state before.
    """

    track: IntArray
    centre_px: IntArray
    centre_before_px: IntArray
    frame: IntArray
    frame_before: IntArray

    @classmethod
    def of(cls, game: BatchedGame, which: IntArray, *, before_px: npt.ArrayLike, first: npt.ArrayLike) -> Self:
        """Make the views of a game's episodes in their present state.

        Args:
            game: The game.
            which: The numbers of the episodes, (n,).
            before_px: The positions in the state before in strip px, (n,).
            first: Whether there is no state before, bool (n,).
        """
        centre, frame, first = _rounded(game.position_px[which]), game.frame[which], np.asarray(first, dtype=bool)
        before = np.where(first, centre, _rounded(np.asarray(before_px, dtype=np.float64)))
        return cls(game.track[which], centre, before, frame, frame - ~first)

    @classmethod
    def alone(cls, track: IntArray, position_px: npt.NDArray[np.float64], frame: IntArray) -> Self:
        """Make views at positions and frames, (n,) each, with no state before them."""
        centre = _rounded(position_px)
        return cls(track, centre, centre, frame, frame)

    def part(self, some: slice) -> Self:
        """Return a slice of the views."""
        return type(self)(*(getattr(self, field.name)[some] for field in fields(self)))


class Windows:
    """Cuts score windows and spectrogram excerpts for batches of views.

    Args:
        tracks: The tracks that are looked at and listened to.
        config: The sizes.
        differences: Whether each view comes with its difference to the one before.
    """

    def __init__(self, tracks: Sequence[Track], config: GameConfig, *, differences: bool = True) -> None:
        self.tracks, self.config, self.differences = tracks, config, differences

    def cut(self, views: Views) -> tuple[Floats, Floats]:
        """Cut the windows and excerpts of views.

        Returns:
            The score windows, float32 (n, c, shown height, shown width), 0 is white paper and 1 black ink, and the
            spectrogram excerpts, float32 (n, c, 78, frames in view). c is 2, the view and its difference to the one
            before, or 1 without differences.
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
        return _cut_scores((self.tracks[number].strip for number in track.tolist()), centre_px, config=self.config)

    def _excerpts(self, views: Views) -> Floats:
        spectrograms = (self.tracks[number].spectrogram for number in views.track.tolist())
        heard = _cut_excerpts(spectrograms, views.frame, length=self.config.frames_in_view + 1)  # one more to subtract
        now = heard[:, :, 1:]
        if not self.differences:
            return np.ascontiguousarray(now[:, None])
        seen = np.zeros((len(now), 2, *now.shape[1:]), np.float32)
        seen[:, 0] = now
        went_on = np.flatnonzero(views.frame != views.frame_before)
        seen[went_on, 1] = now[went_on] - heard[went_on, :, :-1]
        return seen


def score_windows(track: Track, position_px: npt.ArrayLike, *, config: GameConfig) -> Floats:
    """Cut score windows centred at positions, at shown size; there is paper beyond the strip's ends.

    A window is cut at the position rounded half up, so that strip px ``round(position)`` becomes window column
    ``width // 2``, and shrunk by averaging blocks.

    Args:
        track: The track whose strip is shown.
        position_px: The positions in strip px, (n,).
        config: The window size and the downscale.

    Returns:
        The windows, float32 (n, shown height, shown width), 0 is white paper and 1 black ink.

    Raises:
        GameError: A position is not finite.
    """
    positions = np.atleast_1d(np.asarray(position_px, dtype=np.float64))
    if not np.all(np.isfinite(positions)):
        raise GameError(f"positions must be finite strip px, got {positions}")
    return _cut_scores([track.strip] * len(positions), _rounded(positions), config=config)


def spectrogram_excerpts(track: Track, frame: npt.ArrayLike, *, config: GameConfig) -> Floats:
    """Cut the last frames up to and including the given ones; they are zero before the recording starts.

    Args:
        track: The track whose spectrogram is heard.
        frame: The current frames, (n,), each on the spectrogram.
        config: The rules, which give the number of frames in view.

    Returns:
        The excerpts, float32 (n, 78, frames in view), with the current frame last.

    Raises:
        GameError: A frame is off the spectrogram.
    """
    frames = np.atleast_1d(np.asarray(frame, dtype=np.int64))
    if frames.size and (frames.min() < 0 or frames.max() >= len(track.spectrogram)):
        raise GameError(f"frames must be from 0 to {len(track.spectrogram) - 1}, got {frames.min()} to {frames.max()}")
    return _cut_excerpts([track.spectrogram] * len(frames), frames, length=config.frames_in_view)


def _cut_scores(strips: Iterable[npt.NDArray[np.uint8]], centre_px: IntArray, *, config: GameConfig) -> Floats:
    height, width = config.window_height_px, config.window_width_px
    paper = np.full((len(centre_px), height, width), _WHITE, np.uint8)
    for window, strip, centre in zip(paper, strips, centre_px.tolist(), strict=True):
        top, left = (strip.shape[0] - height) // 2, centre - width // 2
        low, high = max(left, 0), min(left + width, strip.shape[1])
        if low < high:
            window[:, low - left : high - left] = strip[top : top + height, low:high]
    return _shrink(np.subtract(_WHITE, paper, out=paper), config.downscale)


def _cut_excerpts(spectrograms: Iterable[Floats], frame: IntArray, *, length: int) -> Floats:
    """Cut (n, 78, length) excerpts that end with the given frames."""
    heard = np.zeros((len(frame), length, BAND_COUNT), np.float32)
    for excerpt, spectrogram, last in zip(heard, spectrograms, frame.tolist(), strict=True):
        known = min(length, last + 1)
        excerpt[length - known :] = spectrogram[last + 1 - known : last + 1]
    return heard.transpose(0, 2, 1)


def _shrink(ink: npt.NDArray[np.uint8], factor: int) -> Floats:
    """Average blocks of factor x factor and bring 0..255 to 0..1; adding slices is far faster than a mean over axes.

    Args:
        ink: The ink, (n, height, width), 255 is black.
        factor: A whole divisor of height and width.
    """
    white = int(_WHITE)
    rows = ink[:, ::factor].astype(np.min_scalar_type(white * factor**2))
    for row in range(1, factor):
        rows += ink[:, row::factor]
    total = rows[:, :, ::factor].copy()
    for column in range(1, factor):
        total += rows[:, :, column::factor]
    return np.divide(total, white * factor**2, dtype=np.float32)


def _rounded(position_px: npt.NDArray[np.float64]) -> IntArray:
    return np.floor(position_px + 0.5).astype(np.int64)
