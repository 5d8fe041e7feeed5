"""Joins printed pages to their notation: the pages and the strip as printed, the music as the notation tells it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.join.heads import Strip, engraved_heads, staff_rows
from standpartner.score.join.measures import Fit, Group, match_measures
from standpartner.score.join.onsets import PlacingOptions, place_onsets
from standpartner.score.join.proportions import PrintedBars, Proportions
from standpartner.score.join.tables import Placed, move_music
from standpartner.score.model import Score
from standpartner.score.print.layout import PageLayout
from standpartner.score.print.read import PrintReading
from standpartner.score.tables import Bars, Floats

_STRANGE: Final = 0.55  # mean fit below which pages and notation do not belong together
_LEAST_SHARE: Final = 0.5  # of the measures that must be found for them to belong together
_WRONG_BARS: Final = 0.3  # doubt of a system in which barlines were missed or invented
_UNSURE: Final = (0.3, 0.6)  # fits at which a system is surely wrong, and surely right
_LEAST_PX: Final = 0.5  # between two onsets


@dataclass(frozen=True)
class JoinOptions:
    """How pages and notation are joined.

    Attributes:
        measures_by_system: The number of measures of each printed system, where the notation's line breaks tell it;
            None finds it.
        placing: How onsets are placed inside their bars.
    """

    measures_by_system: Sequence[int] | None = None
    placing: PlacingOptions = field(default_factory=PlacingOptions)


@dataclass(frozen=True)
class JoinedSystem:
    """The measures of a printed system.

    Attributes:
        measures: The first measure, counted from 0, and the measure after the last one; equal if it holds none.
        bars: The number of bars that were found in print.
        fit: How well the heads of the notation fit the print, -1 to 1.
        doubt: The probability that it holds other measures.
    """

    measures: tuple[int, int]
    bars: int
    fit: float
    doubt: float


@dataclass(frozen=True)
class JoinedPrint:
    """Printed pages with their notation.

    Attributes:
        reading: The pages and the strip as printed; its score has the tables of the notation, its layout the measures.
        systems: The measures of each system.
    """

    reading: PrintReading
    systems: tuple[JoinedSystem, ...]

    @property
    def score(self) -> Score:
        """The printed pages with the music of the notation."""
        return self.reading.score


def join_print(reading: PrintReading, notation: Score, options: JoinOptions | None = None) -> JoinedPrint:
    """Join printed pages to their notation.

    The pages may show more bars than the notation has, at the beginning or at the end, but no fewer. Where bars were
    not found as they are printed, measures are told apart by their heads.

    Args:
        reading: The pages, as read.
        notation: The notation, engraved in any style.
        options: How they are joined.

    Raises:
        ScoreError: They do not belong together, or the pages lack measures of the notation.
    """
    options = options or JoinOptions()
    _check_known(options.measures_by_system, len(reading.score.systems), len(notation.measures))
    bars, strip = _printed_bars(reading), _strip(reading)
    _check_staves(strip, notation, reading.score.title)
    rows = staff_rows(notation.strip, notation.systems, np.maximum(notation.systems.staves, 1))
    fit = Fit(strip, engraved_heads(notation, rows), Proportions.of(notation), bars)
    groups = match_measures(fit, bars, len(notation.measures), known=options.measures_by_system)
    _check_groups(groups, reading.score, notation)
    placed = _place(groups, fit, options.placing)
    systems = _joined_systems(groups, bars, len(reading.score.systems))
    doubt = 1 - (1 - reading.score.systems.doubt) * (1 - np.array([joined.doubt for joined in systems]))
    score = replace(
        reading.score,
        title=notation.title or reading.score.title,
        systems=replace(reading.score.systems, doubt=doubt),
        music=move_music(notation, placed, engraved_rows=rows, printed_rows=strip.rows),
    )
    return JoinedPrint(PrintReading(score, _joined_pages(reading.pages, score)), systems)


def _joined_pages(pages: Sequence[PageLayout], score: Score) -> tuple[PageLayout, ...]:
    """Put the measures and the doubt of each system into its layout."""
    table, measures = score.systems, score.measures
    joined, at = [], 0
    for page in pages:
        systems = []
        for found in page.systems:
            layout = found
            scale = (layout.right_px - layout.left_px) / (table.strip_right_px[at] - table.strip_left_px[at])
            ends = measures.strip_right_px[measures.system == at] - table.strip_left_px[at]
            doubt = float(table.doubt[at])
            if len(ends):
                layout = replace(
                    layout,
                    bars=len(ends),
                    barlines_px=(layout.left_px + ends * scale).tolist(),
                    bar_doubts=[doubt] * len(ends),
                    doubt=doubt,
                )
            systems.append(layout)
            at += 1
        joined.append(replace(page, systems=systems))
    return tuple(joined)


def _printed_bars(reading: PrintReading) -> PrintedBars:
    bars = reading.score.bars
    if not isinstance(bars, Bars):
        raise ScoreError("Pages that are joined to notation must have bars; read them with read_print.")
    return PrintedBars.of(bars)


def _strip(reading: PrintReading) -> Strip:
    systems = reading.score.systems
    layouts = [system for page in reading.pages for system in page.systems]
    staves = np.array([system.followed[1] - system.followed[0] + 1 for system in layouts])
    rows = staff_rows(reading.score.strip, systems, staves)
    return Strip(reading.score.strip, systems.strip_left_px, systems.strip_right_px, rows)


def _check_known(known: Sequence[int] | None, systems: int, measures: int) -> None:
    if known is not None and (len(known) != systems or sum(known) != measures):
        raise ScoreError(
            f"The line breaks tell {sum(known)} measures in {len(known)} systems, but the notation has {measures} "
            f"measures and {systems} systems were found; leave the line breaks out or correct the layout."
        )


def _check_staves(strip: Strip, notation: Score, printed: str) -> None:
    engraved, found = (round(float(np.median(n))) for n in (notation.systems.staves, [len(r) for r in strip.rows]))
    if engraved and engraved != found:
        raise ScoreError(
            f'The notation "{notation.title}" is on {_staves(engraved)}, but {_staves(found)} of {printed} are '
            "followed; give the notation of this very piece, or choose another part with --part."
        )


def _staves(count: int) -> str:
    return "1 staff" if count == 1 else f"{count} staves"


def _check_groups(groups: Sequence[Group], printed: Score, notation: Score) -> None:
    """Refuse what does not belong together, and pages that lack measures."""
    labels = notation.measures.label
    placed = np.zeros(len(labels), bool)
    for group in groups:
        placed[slice(*group.measures)] = True
    fit = np.average([group.fit for group in groups], weights=[_count(g) for g in groups]) if groups else 0.0
    if fit < _STRANGE or placed.mean() < _LEAST_SHARE:
        raise ScoreError(
            f'The pages and the notation "{notation.title}" do not belong together: the heads of its {len(labels)} '
            f"measures do not fit the {len(printed.systems)} systems of {printed.title}; give the notation of this "
            "very piece."
        )
    if not placed.all():
        gone = labels[~placed]
        raise ScoreError(
            f"Not all measures of the notation were found on the pages: {len(gone)} of {len(labels)} were not, from "
            f"{gone[0]} to {gone[-1]}; give all pages in order, or a notation file of these pages alone."
        )


def _count(group: Group) -> int:
    return group.measures[1] - group.measures[0]


def _place(groups: Sequence[Group], fit: Fit, options: PlacingOptions) -> Placed:
    """Place onsets and the ends of measures on the printed strip."""
    proportions, bars = fit.proportions, fit.bars
    onset_px = np.zeros(len(proportions.inside_px))
    ends, systems = [], []
    for group in groups:
        left, right = float(bars.left_px[group.bars[0]]), float(bars.right_px[group.bars[1] - 1])
        onset_px[proportions.onsets(*group.measures)] = _place_group(group, fit, (left, right), options)
        borders = [left, *proportions.borders(onset_px, *group.measures, left_px=left, right_px=right), right]
        ends += list(itertools.pairwise(borders))
        systems += [int(bars.system[group.bars[0]])] * _count(group)
    left_px, right_px = np.array(ends).T
    return Placed(_apart(onset_px), left_px, right_px, np.array(systems))


def _place_group(group: Group, fit: Fit, ends: tuple[float, float], options: PlacingOptions) -> Floats:
    stretched = fit.places(group.bars, group.measures)
    if options.heads == 0:
        return stretched
    system = int(fit.bars.system[group.bars[0]])
    own = fit.proportions.onsets(*group.measures)
    first = round(ends[0] - fit.strip.left_px[system])
    curves = [fit.curve(onset, system) for onset in range(own.start, own.stop)]
    curves = [None if curve is None else curve[first:] for curve in curves]
    opens = bool(fit.bars.opens[group.bars[0]])
    return place_onsets(stretched, curves, left_px=ends[0], right_px=ends[1], opens=opens, options=options)


def _apart(x_px: Floats) -> Floats:
    """Part onsets that were placed on one spot."""
    steps = _LEAST_PX * np.arange(len(x_px))
    return np.maximum.accumulate(x_px - steps) + steps


def _joined_systems(groups: Sequence[Group], bars: PrintedBars, count: int) -> tuple[JoinedSystem, ...]:
    systems = []
    at = 0
    for system in range(count):
        own = [group for group in groups if bars.system[group.bars[0]] == system]
        found = int((bars.system == system).sum())
        stop = own[-1].measures[1] if own else at
        fit = float(np.average([group.fit for group in own], weights=[_count(g) for g in own])) if own else 0.0
        systems.append(JoinedSystem((at, stop), found, fit, _doubt(own, found, fit)))
        at = stop
    return tuple(systems)


def _doubt(groups: Sequence[Group], found: int, fit: float) -> float:
    """The probability that a system holds other measures: barlines were missed or invented, or heads fit badly."""
    if not groups:
        return 0.0  # it is before or after the music of the notation
    whole = found == sum(_count(group) for group in groups)
    wrong = 0.0 if whole else _WRONG_BARS
    return float(1 - (1 - wrong) * (1 - np.interp(fit, _UNSURE, (1.0, 0.0))))
