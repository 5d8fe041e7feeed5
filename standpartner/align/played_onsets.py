"""Puts the onsets of a score into the order in which they are played: as printed, or with repeats and leaps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.align.chords import find_chords, score_chords
from standpartner.errors import PieceError
from standpartner.score import PlayedOrder, Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LEAP_QUARTERS: Final = 1.0  # by which music that goes on comes too early if what stands between is left out


@dataclass(frozen=True)
class PlayedOnsets:
    """Onsets of a score in the order in which they are played.

    Attributes:
        onset: The index of each in the score, (n,).
        time: The time at which each is played, (n,), increasing, in the clock of the chords that were found; NaN where
            none was found.
    """

    onset: Ints
    time: Floats

    @property
    def known(self) -> Ints:
        """The indices of those whose time is known, at least two.

        Raises:
            PieceError: Fewer than two are known.
        """
        known = np.flatnonzero(np.isfinite(self.time))
        if len(known) < 2:
            raise PieceError("hardly a note of the score is in the performance; expected one of the same music")
        return known


@dataclass(frozen=True)
class PlayedChords:
    """Chords in the order in which they are played.

    Attributes:
        pitches: The pitches that each has, bool (n, 128).
        time: The time of each, (n,), increasing, in any unit.
        quarter: The quarter of each, (n,), counted from any beginning; None where the rhythm is not known.
    """

    pitches: Bools
    time: Floats
    quarter: Floats | None = None


def find_played_onsets(score: Score, chords: PlayedChords) -> PlayedOnsets:
    """Find the played onsets in the order that fits best: the printed one or one that the score's signs allow.

    Where the rhythm of the chords is known, the music may also leap anywhere, at a high cost. So it is found in scores
    that lack their signs.

    Args:
        score: The score.
        chords: The chords that are played.

    Raises:
        PieceError: Measures are left out that every order has.
    """
    printed = PlayedOrder(tuple(range(len(score.measures))))
    candidates = [_follow(score, order, chords) for order in (printed, *score.notation.orders)]
    order, best, value = max(candidates, key=lambda candidate: candidate[2])
    if chords.quarter is not None:
        rhythm = chords.quarter, score.onsets.quarter
        free = find_chords(chords.pitches, score_chords(score), jumps=True, quarters=rhythm)
        if free.value > value:
            return onsets_by_path(free.onset, chords.time, quarters=rhythm)
    if not order.is_whole(score.onsets.measure[best.onset].tolist() + _without_onsets(score)):
        raise PieceError("the performance leaves out measures that are in every order of the score; expected all of it")
    return best


def running_time(at: Floats, onset: Ints) -> Floats:
    """Return the score times of played onsets as if they stood one after the other, (n,), not decreasing.

    Where the music leaps, it goes on when the next printed onset would come.

    Args:
        at: The printed time of each onset of the score in any unit, (m,).
        onset: The index of each played onset, (n,).
    """
    step = np.diff(at, append=at[-1] + (np.median(np.diff(at)) if len(at) > 1 else 1.0))
    return np.concatenate([[0.0], np.cumsum(step[onset[:-1]])])


def _without_onsets(score: Score) -> list[int]:
    """Return the measures in which nothing starts, which nobody can leave out."""
    return sorted(set(range(len(score.measures))) - set(score.onsets.measure.tolist()))


def _follow(score: Score, order: PlayedOrder, chords: PlayedChords) -> tuple[PlayedOrder, PlayedOnsets, float]:
    """Follow the chords through an order; the value says how well they fit."""
    measure = score.onsets.measure
    inside = [np.flatnonzero(measure == number) for number in order.measures]
    onset = np.concatenate(inside)
    begin = np.cumsum([0, *(len(some) for some in inside)])
    leaps = [(int(begin[start]), int(begin[stop])) for start, stop in order.leaps()]
    rhythm = None if chords.quarter is None else (chords.quarter, running_time(score.onsets.quarter, onset))
    found = find_chords(chords.pitches, score_chords(score)[onset], jumps=False, quarters=rhythm, leaps=leaps)
    places, first = np.unique(found.onset[found.onset >= 0], return_index=True)
    passed = np.array(list(_passed(places.tolist(), len(onset), leaps)), np.int64)
    known = np.full(len(onset), np.nan)
    known[places] = chords.time[np.flatnonzero(found.onset >= 0)[first]]
    return order, PlayedOnsets(onset[passed], known[passed]), found.value


def _passed(places: Sequence[int], count: int, leaps: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield the places from the beginning to the end, without those that leaps leave out between the given ones."""
    door = 0
    for place in [*places, count]:
        yield from _way(door, place, leaps)
        if place < count:
            yield place
        door = place + 1


def _way(first: int, last: int, leaps: Sequence[tuple[int, int]]) -> list[int]:
    """Return the fewest places that are stepped over from before one to before another."""
    cost = {first: 0}
    before: dict[int, int] = {}
    for door in range(first, last + 1):
        if door not in cost:
            continue
        steps = [(door + 1, 1)] if door < last else []
        steps += [(stop, 0) for start, stop in leaps if start == door and stop <= last]
        for stop, step in steps:
            if cost[door] + step < cost.get(stop, last + 1):
                cost[stop], before[stop] = cost[door] + step, door
    way, door = [], last
    while door != first:
        if cost[door] > cost[before[door]]:
            way.append(before[door])
        door = before[door]
    return way[::-1]


def onsets_by_path(path: Ints, time: Floats, *, quarters: tuple[Floats, Floats]) -> PlayedOnsets:
    """Find the played onsets by a path that may leap anywhere, of chords whose rhythm is known.

    Onsets between two that were found are taken to be played unless the music goes on too early for it.

    Args:
        path: The onset of each chord as `find_chords` gives it, (n,), -1 for none.
        time: The time of each chord, (n,), increasing.
        quarters: The quarters of the chords, (n,), and of the score's onsets, (m,).
    """
    chord_at, onset_at = quarters
    onsets: list[int] = []
    times: list[float] = []
    last_chord = 0
    for chord in np.flatnonzero(path >= 0).tolist():
        onset, last = int(path[chord]), onsets[-1] if onsets else -1
        if onset == last:
            continue
        early = 0.0 if last < 0 else onset_at[onset] - onset_at[last] - (chord_at[chord] - chord_at[last_chord])
        between = range(last + 1, onset) if onset > last and early < _LEAP_QUARTERS else range(0)
        onsets += [*between, onset]
        times += [np.nan] * len(between) + [float(time[chord])]
        last_chord = chord
    rest = range(max(onsets, default=-1) + 1, len(onset_at)) if onsets and onsets[-1] == max(onsets) else range(0)
    return PlayedOnsets(np.array([*onsets, *rest], np.int64), np.array([*times, *[np.nan] * len(rest)]))
