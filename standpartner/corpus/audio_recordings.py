"""Makes pieces from real recordings and alignments of the notes that were played."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.align import Alignment
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.verify.measurements import SHIFTS_FRAMES, onset_flux
from standpartner.errors import PieceError
from standpartner.hear import spectrogram
from standpartner.piece import Performance, Piece
from standpartner.score import Score

MAX_OFFSET_FRAMES: Final = 1  # the most frames by which the sound may differ from the alignment
MAX_PLAYED_RATIO: Final = 1.15  # the most notes that may be played for each one that stands in the score
_SEARCHED_BLOCKS: Final = 8  # blocks of shifts that are measured each way, about five seconds


@dataclass(frozen=True)
class Recording:
    """A recording of a score.

    Attributes:
        name: The name of the performance, safe as a file name.
        audio: The mono samples at 22 050 Hz, (samples,).
        sha256: The checksum of its file.
    """

    name: str
    audio: NDArray[np.float32]
    sha256: str


def make_recorded_piece(
    name: str, score: Score, recording: Recording, *, alignment: Alignment, offset_s: float = 0.0
) -> Piece:
    """Make a piece from a score, a recording of it, and the times at which its notes are played there.

    Args:
        name: The name of the piece.
        score: The score that was played.
        recording: The recording that is heard.
        alignment: The alignment of the recording to the score.
        offset_s: The seconds by which the recording's sound is later than the alignment says.

    Raises:
        PieceError: The recording has far more notes than the score in the order in which it is played, ends before the
            music does, or sounds at other times.
    """
    _check_notes(score, alignment)
    performance = Performance(
        name=recording.name,
        onset_s=alignment.onset_s + offset_s,
        order=alignment.onset,
        spectrogram=spectrogram(recording.audio),
        note_pitch=alignment.played.pitch,
        note_onset_s=alignment.played.onset_s + offset_s,
        note_duration_s=alignment.played.duration_s,
        made_by={
            "kind": "recording",
            "sha256": recording.sha256,
            "aligned_by": alignment.method,
            "found_share": alignment.share,
            "offset_s": offset_s,
        },
    )
    first_s, last_s = performance.onset_s[[0, -1]]
    if first_s < 0 or last_s > performance.duration_s:
        raise PieceError(
            f"the music goes from {first_s:.1f} to {last_s:.1f} s, the recording from 0 to "
            f"{performance.duration_s:.1f} s; is it the recording of this performance?"
        )
    _check_offset(score, performance)
    return Piece(name, score, (performance,))


def sound_offset_frames(score: Score, performance: Performance) -> int:
    """Return the frames by which the onsets sound later than annotated, within about five seconds each way."""
    width = len(SHIFTS_FRAMES)
    rises, shifts = [], []
    for block in range(-_SEARCHED_BLOCKS, _SEARCHED_BLOCKS + 1):
        moved = replace(performance, onset_s=performance.onset_s + block * width / FRAME_RATE_HZ)
        rises.append(onset_flux(score, moved).sum(axis=0))
        shifts.append(block * width + SHIFTS_FRAMES)
    return int(np.concatenate(shifts)[np.argmax(np.concatenate(rises))])


def _check_notes(score: Score, alignment: Alignment) -> None:
    """Refuse a performance with far more notes than the score: it repeats what the score does not."""
    written = int(np.bincount(score.notes.onset, minlength=len(score.onsets))[alignment.onset].sum())
    ratio = len(alignment.played) / (written * max(alignment.share, 1e-9))
    if ratio > MAX_PLAYED_RATIO:
        raise PieceError(
            f"{ratio:.2f} notes are played for each one of the score; expected a performance as printed or with the "
            "repeats that the score says: cut out what it plays again, or write it out in the score"
        )


def _check_offset(score: Score, performance: Performance) -> None:
    offset = sound_offset_frames(score, performance)
    if abs(offset) > MAX_OFFSET_FRAMES:
        seconds = offset / FRAME_RATE_HZ
        raise PieceError(
            f"the notes sound {abs(seconds):.2f} s {'later' if seconds > 0 else 'earlier'} in the recording than they "
            f"are said to be played; if all are shifted alike, add {seconds:+.2f} to --offset"
        )
