"""Finds a sequence of chords in a score: pitches alone, in order, with or without jumps for repeats."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.score import Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_PITCHES: Final = 128
_SKIP_COST: Final = 0.5  # of leaving out an onset of the score, in chords matched
_JUMP_COST: Final = 16.0  # of going on elsewhere: a repeat has more chords than that
_WRONG_COST: Final = 0.5  # of going to an onset of other pitches
_STAY_SHARE: Final = 0.5  # what a chord counts that comes at the same onset as the one before


def score_chords(score: Score) -> Bools:
    """Pitches that start at each onset of a score, grace notes only where an onset has no other note.

    Returns:
        (onsets, 128) true where a note of that MIDI number starts.
    """
    notes = score.notes
    main = np.zeros((len(score.onsets), _PITCHES), bool)
    every = main.copy()
    main[notes.onset[~notes.grace], notes.pitch[~notes.grace]] = True
    every[notes.onset, notes.pitch] = True
    return np.where(main.any(axis=1, keepdims=True), main, every)


def group_chords(pitch: ArrayLike, time: ArrayLike, *, width: float) -> tuple[Bools, Floats]:
    """Gather notes into chords: a chord lasts at most ``width`` from its first note.

    Args:
        pitch: (n,) MIDI numbers.
        time: (n,) starts, in any unit and order.
        width: in that unit.

    Returns:
        (chords, 128) pitches and (chords,) time of each chord's first note, increasing.
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


def find_chords(chords: Bools, onsets: Bools, *, jumps: bool) -> Ints:
    """Find the onset of the score at which each chord of a sequence is played: the best path through the score.

    Chords that the score does not have stay at the onset before; onsets may be left out at a small cost.

    Args:
        chords: (n, 128) what is played, in order.
        onsets: (m, 128) what the score has, in order.
        jumps: whether the path may go on anywhere in the score, at a high cost: for repeats that are played.

    Returns:
        (n,) onset of each chord; without jumps it never goes back. -1 where the pitches have nothing in common.
    """
    table, counts = onsets.astype(np.float32), onsets.sum(axis=1)
    place = np.arange(len(onsets))
    came_from = np.empty((len(chords), len(onsets)), np.int32)
    value: Floats = -_SKIP_COST * place.astype(np.float64)
    for index, chord in enumerate(chords):
        pitches = np.flatnonzero(chord)  # likeness: shared pitches over the mean number of pitches
        like = 2.0 * table[:, pitches].sum(axis=1, dtype=np.float64) / (counts + len(pitches))
        gain = like - _WRONG_COST * (1.0 - like)
        if index == 0:
            value, came_from[0] = value + gain, place
            continue
        before, source = _best_before(value, jumps=jumps)
        stay, advance = value + _STAY_SHARE * like, before + gain
        came_from[index] = np.where(stay > advance, place, source)
        value = np.maximum(stay, advance)
    return _trace(came_from, int(np.argmax(value)), chords, onsets)


def _best_before(value: Floats, *, jumps: bool) -> tuple[Floats, Ints]:
    """For each onset the best value with which it can be entered from another one, and from which."""
    place = np.arange(len(value))
    level = value + _SKIP_COST * place  # comparable across onsets: what skipping up to a far onset leaves of it
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
    """Go back from the last onset to the first; -1 where chord and onset share no pitch."""
    path = np.empty(len(chords), np.int64)
    for index in range(len(chords) - 1, -1, -1):
        path[index] = last
        last = int(came_from[index, last])
    return np.where((chords & onsets[path]).any(axis=1), path, -1)
