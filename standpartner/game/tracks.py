"""A track: what the game needs of a piece and one performance of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT, STRIP_HEIGHT_PX
from standpartner.errors import GameError
from standpartner.game.rules import onset_frame, target_x_px


@dataclass(frozen=True, eq=False)
class Track:
    """A score strip, a performance's spectrogram and where the one is in the other.

    Attributes:
        name: of the piece and performance, unique within an evaluation.
        onset_s: (n,) second at which each onset is played, never decreasing, n at least 2.
        onset_x_px: (n,) strip x of each onset, never decreasing, on the strip.
        strip: uint8 (160, width), 255 = white paper.
        spectrogram: float32 (frames, 78), frame k at k / 20 s, 0 or more; covers the last onset.

    Raises:
        GameError: an array has the wrong shape or type or breaks one of these rules.
    """

    name: str
    onset_s: npt.NDArray[np.floating]
    onset_x_px: npt.NDArray[np.floating]
    strip: npt.NDArray[np.uint8]
    spectrogram: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        self._check_onsets()
        self._check_strip()
        self._check_spectrogram()

    @cached_property
    def onset_frames(self) -> npt.NDArray[np.integer]:
        """(n,) int64 frame of each onset."""
        return onset_frame(self.onset_s)

    @property
    def first_frame(self) -> int:
        """Frame of the first onset, where an episode starts."""
        return int(self.onset_frames[0])

    @property
    def last_frame(self) -> int:
        """Frame of the last onset, where an episode is finished."""
        return int(self.onset_frames[-1])

    @cached_property
    def targets(self) -> npt.NDArray[np.float32]:
        """float32 (frames,): true strip x for every frame of the spectrogram."""
        frames = np.arange(len(self.spectrogram))
        return target_x_px(frames, self.onset_s, onset_x_px=self.onset_x_px).astype(np.float32)

    def _check_onsets(self) -> None:
        shapes = (np.shape(self.onset_s), np.shape(self.onset_x_px))
        if len(shapes[0]) != 1 or shapes[0] != shapes[1] or shapes[0][0] < 2:
            raise GameError(f"track {self.name!r}: onset_s and onset_x_px must be (n,) alike with n >= 2, got {shapes}")
        for label, values in (("onset_s", self.onset_s), ("onset_x_px", self.onset_x_px)):
            if not np.all(np.isfinite(values)):
                raise GameError(f"track {self.name!r}: {label} must be finite; drop onsets that were not played")
            if values[0] < 0 or np.any(np.diff(values) < 0):
                raise GameError(f"track {self.name!r}: {label} must be 0 or more and never decrease; sort the onsets")
        if self.first_frame == self.last_frame:
            raise GameError(
                f"track {self.name!r}: all onsets fall into frame {self.first_frame}; there is nothing to follow"
            )

    def _check_strip(self) -> None:
        strip = self.strip
        if strip.ndim != 2 or strip.shape[0] != STRIP_HEIGHT_PX or strip.dtype != np.uint8:
            raise GameError(
                f"track {self.name!r}: strip must be uint8 ({STRIP_HEIGHT_PX}, width), got {strip.dtype} {strip.shape}"
            )
        if self.onset_x_px[-1] >= strip.shape[1]:
            raise GameError(
                f"track {self.name!r}: last onset at x {self.onset_x_px[-1]} is off the strip of {strip.shape[1]} px"
            )

    def _check_spectrogram(self) -> None:
        spectrogram = self.spectrogram
        if spectrogram.ndim != 2 or spectrogram.shape[1] != BAND_COUNT or spectrogram.dtype != np.float32:
            raise GameError(
                f"track {self.name!r}: spectrogram must be float32 (frames, {BAND_COUNT}), "
                f"got {spectrogram.dtype} {spectrogram.shape}"
            )
        if len(spectrogram) <= self.last_frame:
            raise GameError(
                f"track {self.name!r}: {len(spectrogram)} frames end before the last onset in frame {self.last_frame}"
            )
        if not np.all(np.isfinite(spectrogram)) or spectrogram.min() < 0:
            raise GameError(f"track {self.name!r}: spectrogram must be finite and 0 or more")
