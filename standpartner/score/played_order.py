"""Finds the orders in which the measures of a score may be played, from its repeat signs.

The full order takes every repeat, also after a da capo. The player may leave out passes of it: where the full order
goes back, the pass before may be left out if its music comes again (but for endings), and all that follows may be left
out if it was played before. Every order in which the score may be played is the full order without such passes.

Rules of the full order:
- A repeat that ends goes back to the sign where it began or, without one, to the end of the repeat before. Signs nest
  where each has its partner; otherwise the last beginning counts.
- It is played twice, or as often as its sign says or its endings (voltas) have numbers. Each time the ending with its
  number is taken.
- Da capo and dal segno are taken once, when the repeats before them are done. Then the music ends at "Fine" and goes
  from "To Coda" to the coda.
- Segno and coda stand at the beginning of their measure, all other signs at its end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

Leap: TypeAlias = tuple[int, int]

_MOST_PASSES: Final = 20  # of a measure; more are surely a mistake in the signs
MOST_ORDERS: Final = 256


@dataclass(frozen=True)
class MeasureSigns:
    """The signs of one measure that tell how the music goes on.

    Attributes:
        repeat_begins: Whether a repeat begins with it.
        repeat_ends: Whether a repeat ends with it.
        ending: The numbers of the ending (volta) that it belongs to; none where it belongs to no ending.
        segno: Whether it begins with the segno.
        coda: Whether the coda begins with it.
        to_coda: Whether the music goes from its end to the coda, after a da capo or dal segno.
        fine: Whether the music ends with it, after a da capo or dal segno.
        da_capo: Whether the music goes from its end to the beginning.
        dal_segno: Whether the music goes from its end to the segno.
        times: How often the repeat that ends with it is played.
    """

    repeat_begins: bool = False
    repeat_ends: bool = False
    ending: tuple[int, ...] = ()
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    da_capo: bool = False
    dal_segno: bool = False
    times: int = 2


@dataclass(frozen=True)
class PlayedOrder:
    """A full order, and with it all orders that leave out passes of it.

    Attributes:
        measures: The measures, counted from 0, in the order in which they are played with all repeats.
        endings: The measures that belong to endings, of which an order need not have all.
    """

    measures: tuple[int, ...]
    endings: tuple[int, ...] = ()

    def leaps(self) -> list[Leap]:
        """Find which passes may be left out.

        Returns:
            The leaps (start, stop): at ``start`` the music may go on at ``stop``, each an index into ``measures``. A
            stop at their length ends the music.
        """
        order, leaps = self.measures, []
        for place, (before, measure) in enumerate(pairwise(order), start=1):
            if measure > before:
                continue
            played, coming = order[:place], order[place:]
            same = [index for index in range(place) if order[index] == measure]
            again = order[same[-1] : place] if same else ()
            comes_again = bool(again) and set(again) <= {*coming, *self.endings}
            if comes_again:
                leaps.append((same[-1], place))
            one_pass = all(first < second for first, second in pairwise(again))
            if set(coming) <= set(played) and not (comes_again and one_pass):
                leaps.append((place, len(order)))
        return leaps

    def jumps(self) -> set[tuple[int, int]]:
        """Find all (before, after) where a measure may be followed by another than the next one as printed."""
        order = self.measures
        left_out = {(order[start - 1], order[stop]) for start, stop in self.leaps() if start > 0 and stop < len(order)}
        return {(before, after) for before, after in {*pairwise(order), *left_out} if after != before + 1}

    def is_whole(self, measures: Iterable[int]) -> bool:
        """Tell whether measures are all that must be played: all of this order but those of endings."""
        return set(self.measures) - set(self.endings) <= set(measures)

    def possible(self, *, most: int = MOST_ORDERS) -> list[tuple[int, ...]]:
        """List the orders in which the measures may be played, the full one first, at most ``most`` of them."""
        stops: dict[int, list[int]] = {}
        for start, stop in self.leaps():
            stops.setdefault(start, []).append(stop)
        found: dict[tuple[int, ...], None] = {}
        waiting: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        while waiting and len(found) < most:
            at, played = waiting.pop()
            if at == len(self.measures):
                if self.is_whole(played):
                    found.setdefault(played)
                continue
            waiting += [(stop, played) for stop in reversed(stops.get(at, []))]
            waiting.append((at + 1, (*played, self.measures[at])))
        return list(found)


def full_order(signs: Sequence[MeasureSigns]) -> PlayedOrder:
    """Return the order in which measures are played with all repeats.

    Args:
        signs: The signs of each measure, in printed order.
    """
    player = _Player(signs)
    while player.at < len(signs) and len(player.played) < _MOST_PASSES * len(signs):
        player.play_measure()
    return PlayedOrder(tuple(player.played), tuple(at for at, sign in enumerate(signs) if sign.ending))


def passages(measures: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last measure of each passage, in which measures follow each other as printed."""
    joined: list[tuple[int, int]] = []
    for measure in measures:
        if joined and measure == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], measure)
        else:
            joined.append((measure, measure))
    return joined


@dataclass
class _Player:
    """Plays measures in the order that their signs say.

    Attributes:
        signs: The signs of each measure.
        at: The measure that is played next.
        played: The measures that were played.
        times: How often the music came from each beginning of a repeat, 1 where it is not in there.
        taken: The measures whose da capo or dal segno was taken.
    """

    signs: Sequence[MeasureSigns]
    at: int = 0
    played: list[int] = field(default_factory=list)
    times: dict[int, int] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._endings = _ending_groups(self.signs)
        self._begins = _repeat_begins(self.signs, self._endings)

    def play_measure(self) -> None:
        """Play a measure, or step over one of another ending, and find the next."""
        at, sign = self.at, self.signs[self.at]
        self.at += 1
        if not self._is_in_turn(at):
            return
        self.played.append(at)
        if self.taken and sign.fine:
            self.at = len(self.signs)
        elif self.taken and sign.to_coda and self._coda_after(at) is not None:
            self.at = self._coda_after(at) or 0
        elif sign.repeat_ends and self.times.get(self._begins[at], 1) < self._passes(at):
            self._repeat(at)
        elif (sign.da_capo or sign.dal_segno) and at not in self.taken:
            self.taken.add(at)
            self.times.clear()
            self.at = self._segno_before(at) if sign.dal_segno else 0

    def _repeat(self, at: int) -> None:
        begin = self._begins[at]
        times = self.times.get(begin, 1) + 1
        for inner in range(begin, at + 1):
            self.times.pop(inner, None)
        self.times[begin] = times
        self.at = begin

    def _is_in_turn(self, at: int) -> bool:
        """Tell whether a measure belongs to no ending, or to the one that is played this time."""
        if at not in self._endings:
            return True
        group = self._endings[at]
        signs = [self.signs[measure] for measure in group]
        if any(sign.repeat_ends for sign in signs):
            return self.times.get(self._begins[at], 1) in self.signs[at].ending
        if any(sign.da_capo or sign.dal_segno for sign in signs):
            return (max(signs[-1].ending) if self.taken else 1) in self.signs[at].ending
        return True

    def _passes(self, at: int) -> int:
        """Return how often the repeat that ends at a measure is played."""
        numbers = [number for measure in self._endings.get(at, ()) for number in self.signs[measure].ending]
        return max(self.signs[at].times, *numbers, 2)

    def _coda_after(self, at: int) -> int | None:
        return next((measure for measure in range(at + 1, len(self.signs)) if self.signs[measure].coda), None)

    def _segno_before(self, at: int) -> int:
        return next((measure for measure in range(at, -1, -1) if self.signs[measure].segno), 0)


def _ending_groups(signs: Sequence[MeasureSigns]) -> dict[int, range]:
    """Return the range of measures of all endings of the same repeat, for each measure of an ending."""
    groups: dict[int, range] = {}
    first = 0
    for at, sign in enumerate(signs):
        before = signs[at - 1].ending if at else ()
        if sign.ending and (not before or min(sign.ending) < min(before)):
            first = at
        if sign.ending:
            for measure in range(first, at + 1):
                groups[measure] = range(first, at + 1)
    return groups


def _repeat_begins(signs: Sequence[MeasureSigns], endings: dict[int, range]) -> list[int]:
    """Return for each measure where the repeat that it is in begins; with endings up to the last of them."""
    nested = _has_partners(signs)
    begins, found = [0], []
    for at, sign in enumerate(signs):
        if sign.repeat_begins and at != begins[-1]:
            begins = [*begins, at] if nested else [at]
        found.append(begins[-1])
        group = endings.get(at)
        if group is None:
            done = sign.repeat_ends
        else:
            done = at == group[-1] and any(signs[measure].repeat_ends for measure in group)
        if done:
            begins = begins[:-1] if nested and len(begins) > 1 else [at + 1]
    return found


def _has_partners(signs: Sequence[MeasureSigns]) -> bool:
    """Tell whether each beginning of a repeat has its end and each end its beginning."""
    depth = 0
    for sign in signs:
        depth += sign.repeat_begins
        depth -= sign.repeat_ends
        if depth < 0:
            return False
    return depth == 0
