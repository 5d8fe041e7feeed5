"""Makes a `Score` from LilyPond's drawing, sound and pages.

An onset is a time at which a drawn note that is no grace note starts; its x is the median of its heads. Grace notes
lead to the next onset in time, and so do notes whose own onset was dropped because it went back on the strip.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.errors import ScoreError
from standpartner.score.model import Image, Notation, Score
from standpartner.score.notation.lilypond.engraving import BarStart, DrawnSystem
from standpartner.score.notation.lilypond.join import Join
from standpartner.score.notation.lilypond.repeat_signs import read_orders
from standpartner.score.notation.onsets import longest_increasing
from standpartner.score.notation.pages import PAGE_SCALE, SystemImage, cut_strip
from standpartner.score.tables import Measures, Noteheads, Notes, Onsets, Systems

PAGE_PX_PER_SPACE: Final = 14  # 7 px on the strip
_BOX_HEIGHT: Final = PAGE_SCALE * STRIP_HEIGHT_PX
_TICK: Final = 1e-6  # times within so many quarters are the same


@dataclass(frozen=True)
class _Cut:
    """The place of a system: its page, its left top corner and width in page px, and its start in strip px.

    ``margin`` is the white (page px) that was added above the page after LilyPond.
    """

    page: int
    left: int
    top: int
    width: int
    strip_left: float
    margin: int = 0

    def strip_x(self, x: float) -> float:
        """Return the strip x in px of a page position in staff spaces, kept inside the system."""
        across = min(max(x * PAGE_PX_PER_SPACE - self.left, 0.0), float(self.width))
        return self.strip_left + across / PAGE_SCALE

    def strip_y(self, y: float) -> float:
        """Return the strip y in px of a page position in staff spaces."""
        return (y * PAGE_PX_PER_SPACE + self.margin - self.top) / PAGE_SCALE


@dataclass(frozen=True)
class _Plan:
    """The onsets in the order of time."""

    x_px: list[float]
    quarter: list[float]
    time_s: list[float]

    def at_or_after(self, quarter: float) -> int:
        """Return the first onset that is not before a time, else the last one."""
        return min(bisect_left(self.quarter, quarter - _TICK), len(self.quarter) - 1)


def assemble(title: str, systems: list[DrawnSystem], pages: list[Image], *, joined: Join) -> Score:
    """Make the score of a piece.

    Args:
        title: The title of the piece.
        systems: The drawn systems.
        pages: The grey images of the pages at 14 px a staff space.
        joined: The heads and the sounding notes, joined.

    Raises:
        ScoreError: There is nothing to follow, or a system is wider than its page.
    """
    cuts = _cut(systems, pages)
    pages, cuts = _grow(pages, cuts)
    images = [SystemImage(pages[cut.page], cut.left, cut.top, cut.width) for cut in cuts]
    measures = _measures(systems, cuts, joined)
    plan = _plan(joined, cuts)
    return Score(
        title=title,
        strip=cut_strip(images),
        pages=tuple(pages),
        page_scale=float(PAGE_SCALE),
        systems=_system_table(cuts, systems),
        music=Notation(
            noteheads=_noteheads(joined, cuts, plan),
            onsets=_onsets(plan, measures),
            measures=measures,
            notes=_notes(joined, plan),
            orders=read_orders(systems),
        ),
    )


def _onsets(plan: _Plan, measures: Measures) -> Onsets:
    measure = np.searchsorted(measures.strip_left_px, plan.x_px, side="right") - 1
    return Onsets(
        x_px=np.array(plan.x_px),
        quarter=np.array(plan.quarter),
        time_s=np.array(plan.time_s),
        measure=measure,
        system=measures.system[measure],
    )


def _cut(systems: list[DrawnSystem], pages: list[Image]) -> list[_Cut]:
    """Place each system's box: as wide as the staves, with the middle of the outermost staff lines half-way down."""
    cuts, strip_left = [], 0.0
    for system in systems:
        left = round(system.left * PAGE_PX_PER_SPACE)
        width = PAGE_SCALE * max(1, round((system.right - system.left) * PAGE_PX_PER_SPACE / PAGE_SCALE))
        top = round((system.top + system.bottom) / 2 * PAGE_PX_PER_SPACE) - _BOX_HEIGHT // 2
        if left < 0 or left + width > pages[system.page].shape[1]:
            raise ScoreError("A system is wider than its page; give the file wider paper or a smaller staff size.")
        cuts.append(_Cut(system.page, left, top, width, strip_left))
        strip_left += width / PAGE_SCALE
    return cuts


def _grow(pages: list[Image], cuts: list[_Cut]) -> tuple[list[Image], list[_Cut]]:
    """Add white above and below the pages on which a box would lie beyond an edge."""
    above, below = [0] * len(pages), [0] * len(pages)
    for cut in cuts:
        above[cut.page] = max(above[cut.page], -cut.top)
        below[cut.page] = max(below[cut.page], cut.top + _BOX_HEIGHT - pages[cut.page].shape[0])
    grown = [
        np.pad(page, ((high, low), (0, 0)), constant_values=255)
        for page, high, low in zip(pages, above, below, strict=True)
    ]
    moved = [replace(cut, top=cut.top + above[cut.page], margin=above[cut.page]) for cut in cuts]
    return grown, moved


def _system_table(cuts: list[_Cut], systems: list[DrawnSystem]) -> Systems:
    left, top, width = (np.array([getattr(cut, name) for cut in cuts]) for name in ("left", "top", "width"))
    strip_left = np.array([cut.strip_left for cut in cuts])
    return Systems(
        page=np.array([cut.page for cut in cuts]),
        page_left_px=left,
        page_top_px=top,
        page_right_px=left + width,
        page_bottom_px=top + _BOX_HEIGHT,
        strip_left_px=strip_left,
        strip_right_px=strip_left + width / PAGE_SCALE,
        staves=np.array([len(system.staff_tops) for system in systems]),
        doubt=np.zeros(len(systems)),
    )


def _plan(joined: Join, cuts: list[_Cut]) -> _Plan:
    xs: dict[float, list[float]] = {}
    times: dict[float, float] = {}
    for head in joined.heads:
        if head.note >= 0 and not head.head.grace:
            quarter = round(head.quarter, 9)
            xs.setdefault(quarter, []).append(cuts[head.system].strip_x(head.head.x))
            times.setdefault(quarter, joined.notes[head.note].time_s)
    if not xs:
        raise ScoreError("The score has no notes to follow.")
    quarters = sorted(xs)
    x_px = [float(np.median(xs[quarter])) for quarter in quarters]
    kept = longest_increasing(x_px)
    times_s = np.maximum.accumulate([times[quarters[index]] for index in kept])
    return _Plan([x_px[index] for index in kept], [quarters[index] for index in kept], times_s.tolist())


def _noteheads(joined: Join, cuts: list[_Cut], plan: _Plan) -> Noteheads:
    heads = sorted(joined.heads, key=lambda head: (head.system, head.quarter, head.head.x, head.head.pitch))
    return Noteheads(
        x_px=np.array([cuts[head.system].strip_x(head.head.x) for head in heads]),
        y_px=np.array([cuts[head.system].strip_y(head.head.y) for head in heads]),
        pitch=np.array([head.head.pitch for head in heads]),
        onset=np.array([plan.at_or_after(head.quarter) if head.note >= 0 else -1 for head in heads]),
        grace=np.array([bool(head.head.grace) for head in heads]),
    )


def _notes(joined: Join, plan: _Plan) -> Notes:
    notes = sorted(joined.notes, key=lambda note: (note.quarter, note.grace, note.pitch))
    return Notes(
        pitch=np.array([note.pitch for note in notes]),
        onset=np.array([plan.at_or_after(note.quarter) for note in notes]),
        quarter=np.array([note.quarter for note in notes]),
        duration_quarter=np.array([note.duration_quarter for note in notes]),
        time_s=np.array([note.time_s for note in notes]),
        duration_s=np.array([note.duration_s for note in notes]),
        grace=np.array([note.grace for note in notes]),
        hidden=np.zeros(len(notes), bool),
    )


def _measures(systems: list[DrawnSystem], cuts: list[_Cut], joined: Join) -> Measures:
    """Return the bars from bar line to bar line; a bar that a system's end divides has a part in each system."""
    rows: list[tuple[str, float, float, float, int]] = []
    for index, (system, cut) in enumerate(zip(systems, cuts, strict=True)):
        first = joined.score_quarter[system.score]
        starts = system.bar_starts()
        edges = [cut.strip_left, *(cut.strip_x(bar.x) for bar in starts[1:]), cut.strip_left + cut.width / PAGE_SCALE]
        rows += [
            (_label(bar), first + 4 * float(bar.moment), left, right, index)
            for bar, (left, right) in zip(starts, pairwise(edges), strict=True)
        ]
    label, quarter, left_px, right_px, of_system = (np.array(column) for column in zip(*rows, strict=True))
    return Measures(label, quarter, left_px, right_px, of_system)


def _label(bar: BarStart) -> str:
    """Return the bar's number; a piece that begins with an upbeat begins with bar 0."""
    return "0" if bar.position < 0 and bar.moment == 0 else bar.number
