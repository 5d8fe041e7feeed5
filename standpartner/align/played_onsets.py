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


def onsets_by_orders(score: Score, chords: Bools, time: Floats) -> PlayedOnsets:
    """Find the played onsets by pitches alone, in the order of the score's possible ones that fits best.

    Args:
        score: The score.
        chords: The pitches that are played, in order, bool (n, 128).
        time: The time of each chord, (n,), increasing.

    Raises:
        PieceError: Measures are left out that every order has.
    """
    printed = PlayedOrder(tuple(range(len(score.measures))))
    candidates = [_follow(score, order, chords, time) for order in (printed, *score.notation.orders)]
    order, best, _ = max(candidates, key=lambda candidate: candidate[2])
    if not order.is_whole(score.onsets.measure[best.onset].tolist() + _without_onsets(score)):
        raise PieceError("the performance leaves out measures that are in every order of the score; expected all of it")
    return best


def _without_onsets(score: Score) -> list[int]:
    """Return the measures in which nothing starts, which nobody can leave out."""
    return sorted(set(range(len(score.measures))) - set(score.onsets.measure.tolist()))


def _follow(score: Score, order: PlayedOrder, chords: Bools, time: Floats) -> tuple[PlayedOrder, PlayedOnsets, float]:
    """Follow the chords through an order; the value says how well they fit."""
    measure = score.onsets.measure
    inside = [np.flatnonzero(measure == number) for number in order.measures]
    onset = np.concatenate(inside)
    begin = np.cumsum([0, *(len(some) for some in inside)])
    leaps = [(int(begin[start]), int(begin[stop])) for start, stop in order.leaps()]
    found = find_chords(chords, score_chords(score)[onset], jumps=False, leaps=leaps)
    places, first = np.unique(found.onset[found.onset >= 0], return_index=True)
    passed = np.array(list(_passed(places.tolist(), len(onset), leaps)), np.int64)
    known = np.full(len(onset), np.nan)
    known[places] = time[np.flatnonzero(found.onset >= 0)[first]]
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
