"""Moves onsets from where they are expected in a performance to the notes that were played there."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.perform import PlayedNotes
from standpartner.score.notation.onsets import longest_increasing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW_S: Final = 0.35
SHORTEST_GAP_S: Final = 1e-3  # between the onsets of one performance
_SLOPE_POINTS: Final = 4  # intervals whose mean slope continues the line beyond the known points


@dataclass(frozen=True)
class RefinedOnsets:
    """Onsets that were moved to played notes.

    Attributes:
        onset_s: The median time of each onset's notes, (onsets,), strictly increasing.
        share: The share of the notes for which a played one was found.
        longest_gap: The largest number of onsets in a row of which no note was found.
    """

    onset_s: Floats
    share: float
    longest_gap: int


def interpolate(x: Floats, known_x: Floats, known_y: Floats) -> Floats:
    """Interpolate between known points, and go on beyond them at the mean slope of the outermost intervals.

    Args:
        x: The points where values are wanted, (n,).
        known_x: The points where values are known, (k,), strictly increasing; k is at least 2.
        known_y: The known values, (k,).
    """
    few = min(_SLOPE_POINTS, len(known_x) - 1)
    first = (known_y[few] - known_y[0]) / (known_x[few] - known_x[0])
    last = (known_y[-1] - known_y[-1 - few]) / (known_x[-1] - known_x[-1 - few])
    inside = np.interp(x, known_x, known_y)
    return inside + first * np.minimum(x - known_x[0], 0.0) + last * np.maximum(x - known_x[-1], 0.0)


def fill_missing_onsets(known_s: Floats, expected_s: Floats) -> Floats:
    """Complete the times of onsets: times that step back are dropped, and gaps are filled in the expected rhythm.

    Args:
        known_s: The times in seconds, (n,), NaN where there is none; at least two are known.
        expected_s: The expected times in seconds, (n,), not decreasing.

    Returns:
        (n,) The times, strictly increasing.
    """
    steps = SHORTEST_GAP_S * np.arange(len(known_s))
    known = np.flatnonzero(np.isfinite(known_s))
    known = known[longest_increasing((known_s - steps)[known].tolist())]
    rhythm = expected_s + steps  # strictly increasing
    filled = interpolate(rhythm, rhythm[known], (known_s - steps)[known])
    return np.maximum.accumulate(filled) + steps


def refine_onsets(onset: Ints, pitch: Ints, *, expected_s: Floats, played: PlayedNotes) -> RefinedOnsets:
    """Find each note near its expected time, then once more near that time shifted as its neighbours were.

    The median of an onset's notes is more reliable than the earliest: at known alignments (Vienna 4x22, beats tapped
    with 0 to 50 ms of error) 0.5 % of the medians are wrong by more than 50 ms, of the earliest 1.5 %.

    Args:
        onset: The index of each note's onset, (notes,).
        pitch: The MIDI number of each note, (notes,).
        expected_s: The expected time of each onset in seconds, (onsets,), not decreasing.
        played: The notes of the performance.
    """
    count = len(expected_s)
    near_s = _nearest_notes(pitch, expected_s[onset], played)
    drift_s = _smooth(_median_of_onsets(near_s, onset, count) - expected_s)
    near_s = _nearest_notes(pitch, (expected_s + drift_s)[onset], played)
    known_s = _median_of_onsets(near_s, onset, count)
    known_at = np.flatnonzero(np.concatenate([[True], np.isfinite(known_s), [True]]))
    return RefinedOnsets(
        onset_s=fill_missing_onsets(known_s, expected_s) if np.isfinite(known_s).sum() >= 2 else expected_s,
        share=float(np.isfinite(near_s).mean()),
        longest_gap=int(np.diff(known_at).max()) - 1,
    )


def _nearest_notes(pitch: Ints, expected_s: Floats, played: PlayedNotes) -> Floats:
    """Return the time of the nearest played note of each pitch, NaN where there is none in the window."""
    near_s = np.full(len(pitch), np.nan)
    for value in np.unique(pitch):
        struck = np.sort(played.onset_s[played.pitch == value])
        if len(struck):
            own = np.flatnonzero(pitch == value)
            middles = (struck[1:] + struck[:-1]) / 2
            near_s[own] = struck[np.searchsorted(middles, expected_s[own])]
    return np.where(np.abs(near_s - expected_s) <= WINDOW_S, near_s, np.nan)


def _median_of_onsets(near_s: Floats, onset: Ints, count: int) -> Floats:
    """Return the median time of each onset's notes, NaN where none was found."""
    result = np.full(count, np.nan)
    found = np.flatnonzero(np.isfinite(near_s))
    order = found[np.argsort(onset[found], kind="stable")]
    onsets, starts = np.unique(onset[order], return_index=True)
    if len(onsets):
        result[onsets] = [np.median(times) for times in np.split(near_s[order], starts[1:])]
    return result


def _smooth(shift_s: Floats) -> Floats:
    """Return the median of each onset's and its neighbours' shifts, 0 where none is known."""
    padded = np.pad(shift_s, 1, constant_values=np.nan)
    trios = np.stack([padded[:-2], padded[1:-1], padded[2:]], axis=1)
    known = np.isfinite(trios).any(axis=1)
    result = np.zeros(len(shift_s))
    result[known] = np.nanmedian(trios[known], axis=1)
    return result
