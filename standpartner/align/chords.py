"""Finds a sequence of chords in a score: pitches alone, in order, with or without jumps for repeats."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.score import Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_PITCHES: Final = 128
_SAME_QUARTERS: Final = 1e-3
_SKIP_COST: Final = 0.5  # the cost of leaving out an onset of the score, in matched chords
_JUMP_COST: Final = 16.0  # the cost of going on elsewhere: a repeat has more chords than that
_WRONG_COST: Final = 0.5  # the cost of going to an onset of other pitches
_RHYTHM_COST: Final = 0.5  # the cost of going on a quarter or more earlier or later than written
_NEAR: Final = 4  # the number of onsets over which the rhythm is compared


class FoundChords(NamedTuple):
    """A path through a score: the onset of each chord, (n,), -1 where the two share no pitch, and how well it fits."""

    onset: Ints
    value: float


def at_their_onsets(score: Score) -> Bools:
    """Find the notes that start at the very onset that they belong to.

    The others only lead to it: grace notes, and what an encoder has played out between two onsets without drawing it.
    A long trill's hidden notes would pull the onset after it to the trill's beginning.

    Returns:
        (notes,) True for a note that tells when its onset is played.
    """
    notes = score.notes
    return ~notes.grace & (np.abs(notes.quarter - score.onsets.quarter[notes.onset]) < _SAME_QUARTERS)


def score_chords(score: Score) -> Bools:
    """Find the pitches that start at each onset, or, where none do, the pitches of the notes that only lead to it.

    Returns:
        (onsets, 128) True where a note of that MIDI number starts.
    """
    notes = score.notes
    own = at_their_onsets(score)
    main = np.zeros((len(score.onsets), _PITCHES), bool)
    every = main.copy()
    main[notes.onset[own], notes.pitch[own]] = True
    every[notes.onset, notes.pitch] = True
    return np.where(main.any(axis=1, keepdims=True), main, every)


def group_chords(pitch: ArrayLike, time: ArrayLike, *, width: float) -> tuple[Bools, Floats]:
    """Gather notes into chords: a chord lasts at most ``width`` from its first note.

    Args:
        pitch: The MIDI numbers of the notes, (n,).
        time: The starts of the notes, (n,), in any unit and order.
        width: The longest duration of a chord, in that unit.

    Returns:
        The (chords, 128) pitches and the (chords,) time of each chord's first note, increasing.
    """
    order = np.argsort(np.asarray(time), kind="stable")
    times, pitches = np.asarray(time, np.float64)[order], np.asarray(pitch, np.int64)[order]
    starts: list[float] = []
    chord = np.empty(len(times), np.int64)
    for index, start in enumerate(times.tolist()):
        if not starts or start - starts[-1] > width:
            starts.append(start)
        chord[index] = len(starts) - 1
    chords = np.zeros((len(starts), _PITCHES), bool)
    chords[chord, pitches] = True
    return chords, np.array(starts)


def find_chords(
    chords: Bools,
    onsets: Bools,
    *,
    jumps: bool,
    quarters: tuple[Floats, Floats] | None = None,
    leaps: Sequence[tuple[int, int]] = (),
) -> FoundChords:
    """Find the onset of the score at which each chord of a sequence is played: the best path through the score.

    Chords that the score does not have stay at the onset before; onsets may be left out at a small cost. A trill's
    notes fit their own onset and its neighbours alike: what is known of the chords' rhythm tells them apart.

    Args:
        chords: The pitches that are played, in order, bool (n, 128).
        onsets: The pitches that the score has, in order, bool (m, 128).
        jumps: Whether the path may go on anywhere in the score, at a high cost; repeats that are played need it.
        quarters: The quarters at which chords, (n,), and onsets, (m,), start, each counted from any beginning; None
            where those of the chords are unknown.
        leaps: Where a path without jumps may go forward for nothing, (start, stop): from before one onset to before
            another, or to the end.

    Returns:
        The path. Without jumps it never goes back, and to leave out the end costs as much as elsewhere.
    """
    table, counts = onsets.astype(np.float32), onsets.sum(axis=1)
    chord_at, onset_at = quarters or (np.zeros(len(chords)), np.zeros(len(onsets)))
    place = np.arange(len(onsets))
    came_from = np.empty((len(chords), len(onsets)), np.int32)
    entered_at = np.full(len(onsets), chord_at[0])
    leaps = sorted(leaps)
    value = -_SKIP_COST * _skipped_before(len(onsets), leaps)
    for index, chord in enumerate(chords):
        pitches = np.flatnonzero(chord)  # likeness: shared pitches over the mean number of pitches
        like = 2.0 * table[:, pitches].sum(axis=1, dtype=np.float64) / (counts + len(pitches))
        gain = like - _WRONG_COST * (1.0 - like)
        if index == 0:
            value, came_from[0] = value + gain, place
            continue
        before, source = _best_before(value, jumps=jumps)
        for start, stop in leaps:
            _leap(before, source, start, stop)
        late = (chord_at[index] - entered_at[source]) - (onset_at - onset_at[source])
        near = np.abs(place - source) <= _NEAR  # a longer skip, for example over an ending, is not in rhythm anyway
        advance = before + gain - _RHYTHM_COST * np.minimum(np.abs(late), 1.0) * near
        enters = advance > value
        came_from[index] = np.where(enters, source, place)
        entered_at = np.where(enters, chord_at[index], entered_at)
        value = np.where(enters, advance, value)
    if not jumps:
        value = value - _SKIP_COST * _skipped_after(len(onsets), leaps)
    last = int(np.argmax(value))
    return FoundChords(_trace(came_from, last, chords, onsets), float(value[last]))


def _skipped_before(count: int, leaps: Sequence[tuple[int, int]]) -> Floats:
    """Return the fewest onsets that are stepped over to reach each one from the beginning, (count,)."""
    skipped = np.arange(count + 1.0)
    for start, stop in leaps:
        skipped[stop:] = np.minimum(skipped[stop:], skipped[start] + np.arange(count + 1 - stop))
    return skipped[:count]


def _skipped_after(count: int, leaps: Sequence[tuple[int, int]]) -> Floats:
    """Return the fewest onsets that are stepped over from each one to the end, (count,)."""
    backward = sorted((count - stop, count - start) for start, stop in leaps)
    return _skipped_before(count, backward)[::-1]


def _leap(before: Floats, source: Ints, start: int, stop: int) -> None:
    """Let the onsets from ``stop`` on be entered from where ``start`` can be entered, in place."""
    if stop >= len(before):
        return
    level = before[start] - _SKIP_COST * np.arange(len(before) - stop)
    better = level > before[stop:]
    before[stop:][better], source[stop:][better] = level[better], source[start]


def _best_before(value: Floats, *, jumps: bool) -> tuple[Floats, Ints]:
    """Return the best value with which each onset can be entered from another one, and which one that is."""
    place = np.arange(len(value))
    level = value + _SKIP_COST * place  # makes onsets comparable: skipping to a far onset costs more
    best = np.maximum.accumulate(level)
    leader = np.maximum.accumulate(np.where(level >= best, place, 0))
    before, source = np.full(len(value), -np.inf), np.zeros(len(value), np.int64)
    before[1:], source[1:] = best[:-1] - _SKIP_COST * (place[1:] - 1), leader[:-1]
    if jumps:
        top = int(np.argmax(value))
        further = value[top] - _JUMP_COST > before
        before, source = np.where(further, value[top] - _JUMP_COST, before), np.where(further, top, source)
    return before, source


def _trace(came_from: NDArray[np.int32], last: int, chords: Bools, onsets: Bools) -> Ints:
    """Go back from the last onset to the first; the path is -1 where chord and onset share no pitch."""
    path = np.empty(len(chords), np.int64)
    for index in range(len(chords) - 1, -1, -1):
        path[index] = last
        last = int(came_from[index, last])
    return np.where((chords & onsets[path]).any(axis=1), path, -1)
