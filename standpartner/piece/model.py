"""Defines pieces, each a score and performances of it that are aligned with it."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ
from standpartner.errors import PieceError
from standpartner.game.rules import onset_frame
from standpartner.game.tracks import Track
from standpartner.score import Score

_SHORTEST_S: Final = 1.0  # of a passage that is followed on its own


@dataclass(frozen=True)
class Performance:
    """One performance of a score, with the time of each onset.

    Attributes:
        name: The name, unique within the piece.
        onset_s: The second at which each onset was played, (played,), strictly increasing.
        spectrogram: The spectrogram of the audio, float32 (frames, 78).
        note_pitch: The MIDI numbers of the sounding notes, (notes,).
        note_onset_s: The seconds at which these notes start, (notes,).
        note_duration_s: The seconds for which they sound, (notes,).
        made_by: The origin of the audio (soundfont, tempo, seed, or the recording's source).
        order: The index in the score of each onset that was played, (played,), which goes back at repeats; None where
            the score was played as printed, each onset once.
    """

    name: str
    onset_s: NDArray[np.float64]
    spectrogram: NDArray[np.float32]
    note_pitch: NDArray[np.int64]
    note_onset_s: NDArray[np.float64]
    note_duration_s: NDArray[np.float64]
    made_by: dict[str, Any] = field(default_factory=dict)
    order: NDArray[np.int64] | None = None

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
    def onset(self) -> NDArray[np.int64]:
        """The index in the score of each onset that was played, (played,)."""
        return np.arange(len(self.onset_s)) if self.order is None else self.order

    @property
    def passages(self) -> list[slice]:
        """The parts of ``onset`` between which the music goes back or leaves something out."""
        edges = [0, *(np.flatnonzero(np.diff(self.onset) != 1) + 1).tolist(), len(self.onset_s)]
        return [slice(first, last) for first, last in pairwise(edges)]

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
            count, order = len(self.score.onsets), performance.order
            if len(performance.onset_s) != (count if order is None else len(order)):
                raise PieceError(
                    f"{self.name}/{performance.name}: expected {count if order is None else len(order)} onset times, "
                    f"one for each onset that is played, got {len(performance.onset_s)}; align the performance again"
                )
            if order is not None and (order.min() < 0 or order.max() >= count):
                raise PieceError(
                    f"{self.name}/{performance.name}: expected onsets 0 to {count - 1}, got {order.min()} to "
                    f"{order.max()}; align the performance again"
                )

    def tracks(self) -> list[Track]:
        """Make the tracks for the game: one for each performance, or for each passage of one that repeats.

        A passage begins in the frame of its first onset. One that is shorter than a second is left out.
        """
        return [track for performance in self.performances for _, track in self.tracks_of(performance)]

    def tracks_of(self, performance: Performance) -> list[tuple[int, Track]]:
        """Make the tracks of one performance, each with the frame of the performance in which it begins.

        Tracks of later passages have their number behind the name; see `tracks`.
        """
        passages = performance.passages
        first_s = performance.onset_s[[passage.start for passage in passages]]
        begins = [0, *np.floor(first_s[1:] * FRAME_RATE_HZ).astype(int).tolist()]
        ends = [*begins[1:], len(performance.spectrogram)]
        tracks = []
        for number, (passage, begin, end) in enumerate(zip(passages, begins, ends, strict=True), start=1):
            onset_s = performance.onset_s[passage] - begin / FRAME_RATE_HZ
            if len(passages) > 1 and onset_s[-1] - onset_s[0] < _SHORTEST_S:
                continue
            last = begin + int(onset_frame(onset_s[-1])) + 1
            track = Track(
                name=f"{self.name}/{performance.name}" + (f"/{number}" if number > 1 else ""),
                onset_s=onset_s,
                onset_x_px=self.score.onsets.x_px[performance.onset[passage]],
                strip=self.score.strip,
                spectrogram=performance.spectrogram[begin : max(end, last)],
                printed_jumps=self.score.printed_jumps,
            )
            tracks.append((begin, track))
        return tracks
