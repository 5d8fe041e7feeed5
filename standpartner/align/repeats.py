"""Finds the first pass through a score and takes out of a performance what it repeats."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import PieceError
from standpartner.perform import PlayedNotes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Span = tuple[float, float]

_CHORD_SPREAD_S: Final = 0.05  # how much earlier than its chord a note may start


@dataclass(frozen=True)
class FirstPass:
    """The first time that each onset of a score is played, in the clock of the chords that were found in it.

    Attributes:
        onset: The indices of the onsets that are played, (k,), strictly increasing.
        time: The time at which each is played first, (k,).
        repeated_spans: The spans (start, end) in which only earlier onsets are played, in order. The last may end
            at infinity.
    """

    onset: Ints
    time: Floats
    repeated_spans: tuple[Span, ...]

    @classmethod
    def of_path(cls, path: Ints, time: Floats) -> Self:
        """Find the first pass in a path through a score.

        Args:
            path: The onset of each chord as `find_chords` gives it, (n,), -1 for none.
            time: The time of each chord, (n,), increasing.

        Raises:
            PieceError: Fewer than two onsets are played.
        """
        onsets, times, repeated = [-1], [-np.inf], []
        back_at: float | None = None
        for onset, at in zip(path.tolist(), time.tolist(), strict=True):
            if onset > onsets[-1]:
                if back_at is not None:
                    repeated.append((back_at, at))
                    back_at = None
                onsets.append(onset)
                times.append(at)
            elif 0 <= onset < onsets[-1] and back_at is None:
                back_at = at
        if back_at is not None:
            repeated.append((back_at, np.inf))
        if len(onsets) < 3:
            raise PieceError("hardly a note of the score is in the performance; expected one of the same music")
        return cls(np.array(onsets[1:]), np.array(times[1:]), tuple(repeated))


def cut_times(time_s: ArrayLike, spans: tuple[Span, ...]) -> Floats:
    """Move times as when spans are taken out of the recording; times in a span become its start."""
    times = np.asarray(time_s, np.float64)
    return times - sum(np.clip(times - start, 0.0, end - start) for start, end in spans)


def cut_notes(played: PlayedNotes, spans: tuple[Span, ...]) -> PlayedNotes:
    """Take spans out of a performance: notes that start in them are dropped, and later notes move forward."""
    early = tuple((start - _CHORD_SPREAD_S, end - _CHORD_SPREAD_S) for start, end in spans)
    inside = np.zeros(len(played), bool)
    for start, end in early:
        inside |= (played.onset_s >= start) & (played.onset_s < end)
    return replace(
        played,
        pitch=played.pitch[~inside],
        onset_s=cut_times(played.onset_s[~inside], early),
        duration_s=played.duration_s[~inside],
        velocity=played.velocity[~inside],
    )
