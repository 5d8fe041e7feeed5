"""The track, which holds all that the game needs of a piece and one performance of it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT, STRIP_HEIGHT_PX
from standpartner.errors import GameError
from standpartner.game.onsets import PlayedOnsets, PlayedPassages
from standpartner.score import PrintedJump


@dataclass(frozen=True, eq=False)
class Track(PlayedOnsets):
    """A score strip, a performance's spectrogram, and where on the strip each onset of the performance is.

    Attributes:
        name: The name of the piece and the performance, unique within an evaluation.
        onset_s: The second at which each onset is played, (n,), never decreasing; n is at least 2.
        onset_x_px: The x of each onset on the strip, (n,) px, never decreasing.
        strip: The strip, uint8 (160, width), 255 is white paper.
        spectrogram: The spectrogram, float32 (frames, 78), 0 or more. Frame k is at k / 20 s; the last onset is
            covered.
        printed_jumps: The jumps that the score's signs allow.

    Raises:
        GameError: An array has the wrong shape or type or breaks one of these rules.
    """

    name: str
    onset_s: npt.NDArray[np.floating]
    onset_x_px: npt.NDArray[np.floating]
    strip: npt.NDArray[np.uint8]
    spectrogram: npt.NDArray[np.float32]
    printed_jumps: tuple[PrintedJump, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        self._check_onsets()
        self._check_strip()
        self._check_spectrogram()

    @cached_property
    def targets(self) -> npt.NDArray[np.float32]:
        """The true strip x in every frame of the spectrogram in px, float32 (frames,)."""
        return self.targets_at(np.arange(len(self.spectrogram))).astype(np.float32)

    def _check_onsets(self) -> None:
        shapes = (np.shape(self.onset_s), np.shape(self.onset_x_px))
        if len(shapes[0]) != 1 or shapes[0] != shapes[1] or shapes[0][0] < 2:
            raise GameError(f"track {self.name!r}: onset_s and onset_x_px must be (n,) alike with n >= 2, got {shapes}")
        for label, values in (("onset_s", self.onset_s), ("onset_x_px", self.onset_x_px)):
            if not np.all(np.isfinite(values)):
                raise GameError(f"track {self.name!r}: {label} must be finite; drop onsets that were not played")
            if values.min() < 0 or np.any(np.diff(values)[self._goes_on(label)] < 0):
                raise GameError(f"track {self.name!r}: {label} must be 0 or more and never decrease; sort the onsets")
        if self.first_frame == self.last_frame:
            raise GameError(
                f"track {self.name!r}: all onsets fall into frame {self.first_frame}; there is nothing to follow"
            )

    def _goes_on(self, label: str) -> npt.NDArray[np.bool_]:
        """Tell for each onset but the first whether its time or place must not be before that of the one before."""
        return np.ones(len(self.onset_s) - 1, dtype=bool)

    def _check_strip(self) -> None:
        strip = self.strip
        if strip.ndim != 2 or strip.shape[0] != STRIP_HEIGHT_PX or strip.dtype != np.uint8:
            raise GameError(
                f"track {self.name!r}: strip must be uint8 ({STRIP_HEIGHT_PX}, width), got {strip.dtype} {strip.shape}"
            )
        if max(self.onset_x_px) >= strip.shape[1]:
            raise GameError(
                f"track {self.name!r}: last onset at x {max(self.onset_x_px)} is off the strip of {strip.shape[1]} px"
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


@dataclass(frozen=True, eq=False)
class JumpingTrack(PlayedPassages, Track):
    """A track whose player jumps: passages of the score are played one after the other.

    Attributes:
        starts: The index of the first onset of each passage, int64 (passages,), increasing from 0. Within a passage the
            onsets' places never decrease.

    Raises:
        GameError: As for `Track`, or the passages do not begin with the first onset.
    """

    starts: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        starts = np.asarray(self.starts)
        if starts[:1].tolist() != [0] or np.any(np.diff(starts) <= 0) or starts[-1] >= len(self.onset_s):
            raise GameError(
                f"track {self.name!r}: passages must start at onset 0 and at later ones of the {len(self.onset_s)}, "
                f"got {starts.tolist()}"
            )
        super().__post_init__()

    def _goes_on(self, label: str) -> npt.NDArray[np.bool_]:
        goes_on = super()._goes_on(label)
        if label == "onset_x_px":
            goes_on[self.starts[1:] - 1] = False
        return goes_on
