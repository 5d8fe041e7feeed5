"""Defines pieces, each a score and performances of it that are aligned with it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ
from standpartner.errors import PieceError
from standpartner.game.tracks import Track
from standpartner.score import Score


@dataclass(frozen=True)
class Performance:
    """One performance of a score, with the time of each onset.

    Attributes:
        name: The name, unique within the piece.
        onset_s: The second at which each onset of the score was played, (onsets,), strictly increasing.
        spectrogram: The spectrogram of the audio, float32 (frames, 78).
        note_pitch: The MIDI numbers of the sounding notes, (notes,).
        note_onset_s: The seconds at which these notes start, (notes,).
        note_duration_s: The seconds for which they sound, (notes,).
        made_by: The origin of the audio (soundfont, tempo, seed, or the recording's source).
    """

    name: str
    onset_s: NDArray[np.float64]
    spectrogram: NDArray[np.float32]
    note_pitch: NDArray[np.int64]
    note_onset_s: NDArray[np.float64]
    note_duration_s: NDArray[np.float64]
    made_by: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.spectrogram.ndim != 2 or self.spectrogram.shape[1] != BAND_COUNT:
            raise PieceError(
                f"{self.name}: expected a (frames, {BAND_COUNT}) spectrogram, got {self.spectrogram.shape}"
            )
        if not (np.diff(self.onset_s) > 0).all():
            raise PieceError(f"{self.name}: expected strictly increasing onset_s; check the alignment")
        if not len(self.note_pitch) == len(self.note_onset_s) == len(self.note_duration_s):
            raise PieceError(f"{self.name}: note_pitch, note_onset_s and note_duration_s differ in length")

    @property
    def duration_s(self) -> float:
        """The length of the audio in seconds."""
        return len(self.spectrogram) / FRAME_RATE_HZ


@dataclass(frozen=True)
class Piece:
    """A score and one or more performances of it.

    Attributes:
        name: The name, unique within a corpus and safe as a file name.
        score: The score that is read.
        performances: The performances that are heard.
    """

    name: str
    score: Score
    performances: tuple[Performance, ...]

    def __post_init__(self) -> None:
        for performance in self.performances:
            if len(performance.onset_s) != len(self.score.onsets.x_px):
                raise PieceError(
                    f"{self.name}/{performance.name}: expected {len(self.score.onsets.x_px)} onset times, one for each "
                    f"onset of the score, got {len(performance.onset_s)}; align the performance again"
                )

    def tracks(self) -> list[Track]:
        """Make the tracks for the game, one for each performance."""
        return [
            Track(
                name=f"{self.name}/{performance.name}",
                onset_s=performance.onset_s,
                onset_x_px=self.score.onsets.x_px,
                strip=self.score.strip,
                spectrogram=performance.spectrogram,
            )
            for performance in self.performances
        ]
