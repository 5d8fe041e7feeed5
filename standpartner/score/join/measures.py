"""Says which measures of the notation stand in which printed bars, where barlines were missed or invented, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.score.join.heads import EngravedHeads, Strip, likeness
from standpartner.score.join.proportions import PrintedBars, Proportions
from standpartner.score.tables import Floats

_SLACK_PX: Final = 6  # by which an onset may stand beside its stretched place
_OPENING_SLACK_PX: Final = 12  # the same in a bar with a clef
_MOST_ONSETS: Final = 8  # of a measure that are looked for when measures are compared
_WRONG_BARLINE: Final = 0.35  # cost of a barline that was missed or invented, if it is not doubted
_SKIPPED_BAR: Final = 0.6
_SKIPPED_MEASURE: Final = 0.9
_SMALL_GAP: Final = 2  # measures that cannot be a missing page
_RUN: Final = 3  # the most measures in one bar, and the most bars for one measure
_BAND: Final = 6  # measures beside the straight way that are tried, besides the difference of the counts


@dataclass(frozen=True)
class Group:
    """Bars and the measures in them: one of each as a rule; more measures than bars if a barline was missed.

    Attributes:
        bars: The first bar and the bar after the last one.
        measures: The first measure and the measure after the last one.
        fit: How well the heads fit, -1 to 1.
    """

    bars: tuple[int, int]
    measures: tuple[int, int]
    fit: float


class Fit:
    """Measures how well measures fit places in print, and remembers the curves of the onsets looked for."""

    def __init__(self, strip: Strip, heads: EngravedHeads, proportions: Proportions, bars: PrintedBars) -> None:
        self.strip, self.proportions, self.bars = strip, proportions, bars
        self._heads = heads
        self._curves: dict[tuple[int, int], Floats | None] = {}

    def curve(self, onset: int, system: int) -> Floats | None:
        """The likeness of an onset to each place of a system; see `likeness`."""
        key = onset, system
        if key not in self._curves:
            self._curves[key] = likeness(self.strip, self._heads, onset, system=system)
        return self._curves[key]

    def places(self, bars: tuple[int, int], measures: tuple[int, int]) -> Floats:
        """The stretched places of the onsets of some measures in some bars."""
        start, stop = bars
        return self.proportions.stretched(
            *measures,
            left_px=float(self.bars.left_px[start]),
            right_px=float(self.bars.right_px[stop - 1]),
            opens=bool(self.bars.opens[start]),
        )

    def __call__(self, bars: tuple[int, int], measures: tuple[int, int]) -> float:
        """How well the heads of some measures fit some bars, -1 to 1; .5 where there is nothing to compare."""
        onsets = np.arange(len(self.proportions.inside_px))[self.proportions.onsets(*measures)]
        places = self.places(bars, measures)
        some = np.unique(np.linspace(0, len(onsets) - 1, min(len(onsets), _MOST_ONSETS)).astype(int))
        system = int(self.bars.system[bars[0]])
        left, slack = self.strip.left_px[system], _OPENING_SLACK_PX if self.bars.opens[bars[0]] else _SLACK_PX
        fits = []
        for index in some[: len(onsets)]:
            curve = self.curve(int(onsets[index]), system)
            if curve is not None:
                at = round(float(places[index] - left))
                near = curve[max(0, at - slack) : at + slack + 1]
                fits.append(float(near.max()) if len(near) else 0.0)
        return float(np.mean(fits)) if fits else 0.5


def match_measures(fit: Fit, bars: PrintedBars, count: int, *, known: Sequence[int] | None = None) -> list[Group]:
    """Find the measures of each bar, in order.

    Args:
        fit: Compares measures with bars.
        bars: The bars.
        count: The number of measures.
        known: The number of measures of each system, where line breaks tell it.

    Returns:
        The groups of bars and measures. Bars and measures that are in none were skipped.
    """
    ends = _known_ends(bars, known)
    best: dict[tuple[int, int], tuple[float, tuple[int, int] | None, float]] = {(0, 0): (0.0, None, 0.5)}
    for bar in range(len(bars) + 1):
        middle = bar * count / max(len(bars), 1)
        reach = _BAND + abs(count - len(bars))
        for measure in range(max(0, int(middle - reach)), min(count, int(middle + reach) + 1) + 1):
            here = best.get((bar, measure))
            if here is None or (ends is not None and bar in ends and ends[bar] != measure):
                continue
            for step in _steps(fit, bars, (bar, measure), count):
                _improve(best, (bar, measure), step)
    return _without_small_gaps(_way(best, (len(bars), count)), fit)


def _without_small_gaps(groups: list[Group], fit: Fit) -> list[Group]:
    """Put one or two measures that were skipped into the bars skipped beside them, or else into the bar before."""
    closed: list[Group] = []
    for group in groups:
        before = closed[-1] if closed else None
        if before is not None and 0 < group.measures[0] - before.measures[1] <= _SMALL_GAP:
            own = before.bars[1], group.bars[0]
            if own[0] < own[1] and len(set(fit.bars.system[slice(*own)])) == 1:
                gap = before.measures[1], group.measures[0]
                closed.append(Group(own, gap, fit(own, gap)))
            else:
                wider = before.measures[0], group.measures[0]
                closed[-1] = Group(before.bars, wider, fit(before.bars, wider))
        closed.append(group)
    return closed


def _known_ends(bars: PrintedBars, known: Sequence[int] | None) -> dict[int, int] | None:
    """The measure at which the first bar of each system begins."""
    if known is None:
        return None
    starts = np.flatnonzero(np.append(True, np.diff(bars.system) > 0))
    return dict(zip([int(start) for start in starts] + [len(bars)], np.append(0, np.cumsum(known)), strict=True))


_Step = tuple[int, int, float, float]


def _steps(fit: Fit, bars: PrintedBars, at: tuple[int, int], count: int) -> list[_Step]:
    """The steps from a bar and a measure: bars and measures taken, cost, fit."""
    bar, measure = at
    steps: list[_Step] = []
    if measure < count:
        steps.append((0, 1, _SKIPPED_MEASURE, np.nan))
    if bar == len(bars):
        return steps
    steps.append((1, 0, _SKIPPED_BAR if measure not in (0, count) else 0.8 * _SKIPPED_BAR, np.nan))
    for measures in range(1, min(_RUN, count - measure) + 1):
        value = fit((bar, bar + 1), (measure, measure + measures))
        steps.append((1, measures, measures * (1 - value) + (measures - 1) * _WRONG_BARLINE, value))
    for more in range(2, _RUN + 1):
        if measure == count or bar + more > len(bars) or bars.system[bar + more - 1] != bars.system[bar]:
            break
        value = fit((bar, bar + more), (measure, measure + 1))
        false = sum(_WRONG_BARLINE * (1 - bars.doubt[bar + k]) for k in range(more - 1))
        steps.append((more, 1, (1 - value) + float(false), value))
    return steps


def _improve(best: dict, at: tuple[int, int], step: _Step) -> None:
    bars, measures, cost, value = step
    goal = at[0] + bars, at[1] + measures
    total = best[at][0] + cost
    if goal not in best or total < best[goal][0]:
        best[goal] = (total, at, value)


def _way(best: dict, end: tuple[int, int]) -> list[Group]:
    groups: list[Group] = []
    at: tuple[int, int] | None = end
    while at is not None and at in best:
        _, before, value = best[at]
        if before is not None and at[0] > before[0] and at[1] > before[1]:
            groups.append(Group((before[0], at[0]), (before[1], at[1]), value))
        at = before
    return groups[::-1]
