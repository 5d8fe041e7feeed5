"""Cuts the score windows and spectrogram excerpts that agents see and hear, for one agent or for many at once."""

import math
import weakref
from collections.abc import Sequence
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
_LARGE = 1 << 20  # bytes; the system hands out smaller memory quickly
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
        frame_before: The frame before it, or the same frame if there is no state before.
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
        self._to_left = _margin_px(config) - config.window_width_px // 2  # from a window's middle to its left edge
        self._shrunk: dict[int, _ShrunkStrip] = {}  # by the number of the track
        self._of_strips: dict[int, _ShrunkStrip] = {}  # the same by the identity of a strip, which tracks share
        self._padded: dict[int, _PaddedSound] = {}  # by the number of the track
        self._spares = _Spares()

    def cut(self, views: Views) -> tuple[Floats, Floats]:
        """Cut the windows and excerpts of views; see `cut_scores` and `cut_excerpts`."""
        return self.cut_scores(views), self.cut_excerpts(views)

    def cut_scores(self, views: Views) -> Floats:
        """Cut the score windows of views.

        All are cut first and those before are subtracted then, which is faster than by turns.

        Returns:
            The windows, float32 (n, c, shown height, shown width), 0 is white paper and 1 black ink. c is 2, the view
            and its difference to the one before, or 1 without differences.
        """
        config = self.config
        seen = self._spares.take((len(views.track), self._channels, config.shown_height_px, config.shown_width_px))
        strips = [self._shrunk.get(track) or self._shrink(track) for track in views.track.tolist()]
        width, now = config.shown_width_px, self._places(views.centre_px, strips)
        for window, strip, (column, phase) in zip(seen[:, 0], strips, now, strict=True):
            window[...] = strip.phases[phase][:, column : column + width]
        if self.differences:
            before = self._places(views.centre_before_px, strips)
            for (window, change), strip, place, (column, phase) in zip(seen, strips, now, before, strict=True):
                if place == (column, phase):
                    change.fill(0.0)
                else:
                    np.subtract(window, strip.phases[phase][:, column : column + width], out=change)
        return seen

    def cut_excerpts(self, views: Views) -> Floats:
        """Cut the spectrogram excerpts of views.

        Returns:
            The excerpts, float32 (n, c, 78, frames in view), c as in `cut_scores`.
        """
        seen = self._spares.take((len(views.track), self._channels, BAND_COUNT, self.config.frames_in_view))
        for excerpt, track, frame, frame_before in zip(
            seen, views.track.tolist(), views.frame.tolist(), views.frame_before.tolist(), strict=True
        ):
            sound = self._padded.get(track) or self._pad(track)
            excerpt[...] = sound.cut(frame)
            if self.differences and frame_before == frame:
                excerpt[1] = 0.0
        return seen

    @property
    def _channels(self) -> int:
        return 2 if self.differences else 1

    def _places(self, centre_px: IntArray, strips: Sequence["_ShrunkStrip"]) -> list[tuple[int, int]]:
        """Return the column and the phase of windows around places; see `_ShrunkStrip`."""
        to_left, factor = self._to_left, self.config.downscale
        return [
            divmod(min(max(centre + to_left, 0), strip.furthest), factor)
            for centre, strip in zip(centre_px.tolist(), strips, strict=True)
        ]

    def _shrink(self, track: int) -> "_ShrunkStrip":
        strip = self.tracks[track].strip
        if id(strip) not in self._of_strips:
            self._of_strips[id(strip)] = _ShrunkStrip(strip, self.config)
        self._shrunk[track] = self._of_strips[id(strip)]
        return self._shrunk[track]

    def _pad(self, track: int) -> "_PaddedSound":
        spectrogram, length = self.tracks[track].spectrogram, self.config.frames_in_view
        self._padded[track] = _PaddedSound(spectrogram, length, differences=self.differences)
        return self._padded[track]


class _Spares:
    """Memory of large arrays that is used again when the last view of an array is gone.

    Fresh memory of the system costs about as much as filling it.
    """

    def __init__(self) -> None:
        self._free: dict[int, list[bytearray]] = {}

    def take(self, shape: tuple[int, ...]) -> Floats:
        """Return an array of a shape, float32, whose contents mean nothing."""
        size = 4 * math.prod(shape)
        if size < _LARGE:
            return np.empty(shape, np.float32)
        free = self._free.setdefault(size, [])
        memory = free.pop() if free else bytearray(size)
        array: Floats = np.ndarray(shape, np.float32, buffer=memory)
        weakref.finalize(array, free.append, memory).atexit = False  # an array lives as long as its views
        return array


class _ShrunkStrip:
    """A strip's ink at shown size, 1 is black, averaged over blocks once, with paper on both sides.

    A window whose left edge is at px k of the padded strip begins in column k // downscale of phase k % downscale.

    Args:
        strip: The strip, uint8 (160, width), 255 is white.
        config: The window size and the downscale.

    Attributes:
        furthest: The rightmost left edge of a window, where it shows paper only.
        phases: The shrunk strip for each px at which blocks may begin, float32 (shown height, columns).
    """

    def __init__(self, strip: npt.NDArray[np.uint8], config: GameConfig) -> None:
        height, factor, margin = config.window_height_px, config.downscale, _margin_px(config)
        top = (strip.shape[0] - height) // 2
        inked = _WHITE - strip[top : top + height]
        paper = np.pad(inked, ((0, 0), (margin, margin + config.window_width_px + factor)))
        self.furthest = strip.shape[1] + margin
        self.phases = [_shrink(paper[:, phase:], factor) for phase in range(factor)]


def _margin_px(config: GameConfig) -> int:
    """Return the px of paper before a strip: a window, and what fills its last block."""
    return config.window_width_px + -config.window_width_px % config.downscale


class _PaddedSound:
    """A spectrogram by bands, with silence before it, and what changes from frame to frame.

    Args:
        spectrogram: The spectrogram, float32 (frames, 78).
        length: The number of frames in view.
        differences: Whether the changes are kept, too.
    """

    def __init__(self, spectrogram: Floats, length: int, *, differences: bool = False) -> None:
        self.length = length
        padded = np.pad(spectrogram.T, ((0, 0), (length, 0)))
        self.channels = np.stack([padded[:, 1:], np.diff(padded)] if differences else [padded[:, 1:]])

    def cut(self, frame: int) -> Floats:
        """Return a view of the last frames up to and including one, (c, 78, length); the change to before is last."""
        return self.channels[:, :, frame : frame + self.length]


def _shrink(ink: npt.NDArray[np.uint8], factor: int) -> Floats:
    """Average blocks of factor x factor, 1 is black; what does not fill a block at the end is left out."""
    height, width = ink.shape[0] // factor, ink.shape[1] // factor
    blocks = ink[: height * factor, : width * factor].reshape(height, factor, width, factor)
    sums = blocks.sum(axis=(1, 3), dtype=np.min_scalar_type(int(_WHITE) * factor**2))
    return np.divide(sums, int(_WHITE) * factor**2, dtype=np.float32)


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
    nothing = np.zeros(len(positions), np.int64)
    return Windows([track], config, differences=False).cut_scores(Views.alone(nothing, positions, nothing))[:, 0]


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
    nothing = np.zeros(len(frames), np.int64)
    views = Views.alone(nothing, nothing.astype(np.float64), frames)
    return Windows([track], config, differences=False).cut_excerpts(views)[:, 0]


def _rounded(position_px: npt.NDArray[np.float64]) -> IntArray:
    return np.floor(position_px + 0.5).astype(np.int64)
