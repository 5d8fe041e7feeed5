"""Decides which upright strokes of a system are barlines, what they mean, and where its bars end."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.strokes import Stroke, find_strokes

_TOGETHER: Final = 1.25  # spacings between strokes of one double line or repeat sign
_WIDE: Final = 0.5  # spacings from which a barline is more than a single line
_THICK: Final = 0.33  # spacings
_COMPANION: Final = 0.2  # chance from which a stroke beside a barline is part of its sign, as thick strokes are
_NO_BARLINE: Final = 2.0  # spacings from the left end within which the opening line stands
_OPENING: Final = 18.0  # spacings from the left end within which a repeat may open a system
_OPENING_UNCLEAR: Final = 14.0  # the same for a thick line whose dots were not seen
_REST: Final = 7.0  # spacings without a barline at the right end that are no bar of their own
_CLEF_KEY: Final = 6.0  # spacings from the left end in which no bar of a single staff ends
_FIRST_BAR: Final = 10.0  # and from which one may end as anywhere
_CLEF_KEY_TIME: Final = 9.0  # spacings from the left end in which bars hardly end
_CLEF: Final = 3.0  # spacings from the left end that the clef takes


@dataclass(frozen=True)
class Barline:
    """A barline: its first and last column of the patch, its kind, and the probability that it is one."""

    first: int
    last: int
    kind: str
    probability: float


@dataclass(frozen=True)
class Bars:
    """The bars of a system.

    Attributes:
        ends_px: Right end of each bar in page px.
        doubts: For each bar the probability that one of its ends is wrong.
        lines: All barlines, the opening one among them.
        doubt: Probability that the number of bars is wrong.
        begin_px: Where the music begins, in page px.
    """

    ends_px: list[float]
    doubts: list[float]
    lines: list[Barline]
    doubt: float
    begin_px: float


def find_bars(patch: Patch, *, left_px: float, right_px: float) -> Bars:
    """Find the bars of a system between its ends in page px."""
    strokes = find_strokes(patch)
    edges = system_edges(patch, left_px=left_px, right_px=right_px)
    chances = [barline_probability(stroke, patch, edges) for stroke in strokes]
    lines = _lines(patch, strokes, chances, edges)
    begin = _music_begin(patch, edges[0])
    ends = [line for line in lines if not _opens(line, lines, edges[0])]
    page = patch.page_x_px
    ends_px = [float(page[min(line.last, len(page) - 1)]) for line in ends]
    spare = _REST * SPACE_PX
    sure = [line.probability for line in ends]
    if not ends or ends[-1].last < edges[1] - spare:
        ends_px.append(right_px)
        sure.append(0.9 if ends else 0.5)
    else:
        ends_px[-1] = min(ends_px[-1], right_px)
    missed = _doubts_between(strokes, chances, lines, edges, bars=[line.last for line in ends])
    doubts = [
        1 - before * after * rest
        for before, after, rest in zip([1.0, *sure[:-1]], sure, [*missed, 1.0][: len(sure)], strict=True)
    ]
    all_right = float(np.prod(sure) * np.prod(missed))
    return Bars(ends_px, doubts, lines, 1 - all_right, float(page[begin]))


def system_edges(patch: Patch, *, left_px: float, right_px: float) -> tuple[int, int]:
    """The columns of the patch at the ends of a system."""
    first, last = np.clip(np.searchsorted(patch.page_x_px, [left_px, right_px]), 0, len(patch.page_x_px) - 1)
    return int(first), int(last)


def bar_count(patch: Patch, strokes: Sequence[Stroke], chances: Sequence[float], edges: tuple[int, int]) -> int:
    """How many bars there are if the strokes that are likelier than 0.5 are the barlines."""
    lines = _lines(patch, strokes, chances, edges)
    ends = [line for line in lines if not _opens(line, lines, edges[0])]
    return len(ends) + (not ends or ends[-1].last < edges[1] - _REST * SPACE_PX)


def _lines(patch: Patch, strokes: Sequence[Stroke], chances: Sequence[float], edges: tuple[int, int]) -> list[Barline]:
    groups: list[list[int]] = []
    for index, (stroke, chance) in enumerate(zip(strokes, chances, strict=True)):
        if chance <= _COMPANION and stroke.width < _THICK:
            continue
        if groups and stroke.first - strokes[groups[-1][-1]].last < _TOGETHER * SPACE_PX:
            groups[-1].append(index)
        else:
            groups.append([index])
    groups = [group for group in groups if max(chances[index] for index in group) > 0.5]
    lines = []
    for group in groups:
        members = [strokes[index] for index in group]
        probability = max(chances[index] for index in group)
        lines.append(Barline(members[0].first, members[-1].last, _kind(patch, members, edges), probability))
    return lines


def _kind(patch: Patch, strokes: Sequence[Stroke], edges: tuple[int, int]) -> str:
    first, last = strokes[0].first, strokes[-1].last
    thick = any(stroke.width >= _THICK for stroke in strokes)
    left, right = _dots(patch, first, -1), _dots(patch, last, 1)
    if left and right:
        return "repeat ends and begins"
    if left or right:
        return "repeat ends" if left else "repeat begins"
    if thick and len(strokes) > 1 and last > edges[1] - SPACE_PX:
        return "final"
    return "double" if len(strokes) > 1 or last - first > 0.7 * SPACE_PX else "single"


def _dots(patch: Patch, column: int, side: int) -> bool:
    """Whether two dots stand beside a column in the two middle spaces of every staff."""
    near, far = column + side * round(0.25 * SPACE_PX), column + side * round(1.1 * SPACE_PX)
    low, high = sorted((near, far))
    if low < 0 or high >= patch.ink.shape[1]:
        return False
    for top, _ in patch.staves:
        for space in (1, 2):
            rows = patch.ink[top + space * SPACE_PX + 3 : top + (space + 1) * SPACE_PX - 2, low : high + 1]
            if not 0.2 < rows.mean() < 0.85:
                return False
        for space in (0, 3):
            rows = patch.ink[top + space * SPACE_PX + 3 : top + (space + 1) * SPACE_PX - 2, low : high + 1]
            if rows.mean() > 0.15:
                return False
    return True


def _music_begin(patch: Patch, left: int) -> int:
    """The column of the first filled head after the clef; without one, where heads may be expected."""
    size = round(0.85 * SPACE_PX), round(0.7 * SPACE_PX)
    head = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size)
    blobs = cv2.erode(patch.ink, head)
    start = left + round(_CLEF * SPACE_PX)
    found = np.flatnonzero(blobs[:, start:].any(0))
    return start + int(found[0]) if len(found) else min(start + 4 * SPACE_PX, patch.ink.shape[1] - 1)


def _opens(line: Barline, lines: Sequence[Barline], left: int) -> bool:
    """Whether a barline opens the system instead of ending a bar: the first, or a repeat sign after clef and key."""
    if line.first <= left + _NO_BARLINE * SPACE_PX:
        return True
    if line.kind == "repeat begins":
        reach = _OPENING
    elif line.kind != "single" and line.last - line.first >= _WIDE * SPACE_PX:
        reach = _OPENING_UNCLEAR
    else:
        return False
    first = not any(left + _NO_BARLINE * SPACE_PX < other.first < line.first for other in lines)
    return first and line.first < left + reach * SPACE_PX


def _doubts_between(
    strokes: Sequence[Stroke],
    chances: Sequence[float],
    lines: Sequence[Barline],
    edges: tuple[int, int],
    *,
    bars: Sequence[int],
) -> list[float]:
    """For each bar the probability that none of the strokes in it that were taken for something else is a barline."""
    free = np.ones(len(bars) + 1)
    for stroke, chance in zip(strokes, chances, strict=True):
        close = any(line.first - _TOGETHER * SPACE_PX < stroke.x < line.last + _TOGETHER * SPACE_PX for line in lines)
        at_edge = not edges[0] + _NO_BARLINE * SPACE_PX < stroke.x < edges[1] - SPACE_PX
        if chance <= 0.5 and not close and not at_edge:
            free[int(np.searchsorted(bars, stroke.x))] *= 1 - chance
    return free.tolist()


def stroke_features(stroke: Stroke, patch: Patch, edges: tuple[int, int]) -> Array:
    """What speaks for and against a stroke being a barline; `edges` are the columns of the system's ends."""
    at_edge = stroke.x < edges[0] + 1.5 * SPACE_PX or stroke.x > edges[1] - 1.5 * SPACE_PX
    weights = np.array([last - first for first, last in patch.zones], float)
    gaps = stroke.fill[1::2]
    single = len(patch.staves) == 1
    beside, head, outer = sorted(stroke.beside), sorted(stroke.head), sorted(stroke.outer)
    return np.array(
        [
            float(stroke.fill[::2].min()),
            float(gaps.min()) if len(gaps) else 1.0,
            float((stroke.fill * weights).sum() / weights.sum()),
            sum(stroke.beyond),
            max(stroke.beyond),
            beside[0],
            0.0 if at_edge else beside[1],
            head[0],
            0.0 if at_edge else head[1],
            min(stroke.hole, 3.0),
            float(at_edge),
            min(stroke.width, 1.0),
            stroke.bulge,
            float(single),
            0.0 if at_edge else outer[0],
            0.0 if at_edge else outer[1],
            (0.0 if at_edge else outer[1]) * single,
            max(0.0, 1 - (stroke.x - edges[0]) / (_CLEF_KEY_TIME * SPACE_PX)) * (not at_edge),
            max(stroke.ends),
            sum(stroke.ends),
            max(stroke.ends) * single,
            max(stroke.beyond) * single,
            (0.0 if at_edge else head[1]) * single,
        ]
    )


def barline_probability(stroke: Stroke, patch: Patch, edges: tuple[int, int]) -> float:
    """The probability that a stroke is a barline, by small networks that `tools/fit_barlines.py` fits.

    Systems of one staff have networks of their own: there a barline looks much like a stem.
    """
    networks = _networks()["one staff" if len(patch.staves) == 1 else "several staves"]
    values = (stroke_features(stroke, patch, edges) - networks.mean) / networks.deviation
    said = []
    for (weights, bias), (last_weights, last_bias) in networks.layers:
        hidden = np.maximum(values @ weights + bias, 0)
        said.append(1 / (1 + np.exp(-np.clip(hidden @ last_weights + last_bias, -30, 30)[0])))
    start = (stroke.x - edges[0]) / SPACE_PX
    if len(patch.staves) == 1 and start > 1.5:  # clef, key and time hold strokes, too
        return float(np.mean(said) * np.clip((start - _CLEF_KEY) / (_FIRST_BAR - _CLEF_KEY), 0, 1))
    return float(np.mean(said))


@dataclass(frozen=True)
class _Networks:
    mean: Array
    deviation: Array
    layers: list[list[tuple[Array, Array]]]


@cache
def _networks() -> dict[str, _Networks]:
    text = (resources.files("standpartner.score.print") / "barlines.json").read_text(encoding="utf-8")
    return {name: _networks_of(data) for name, data in json.loads(text).items()}


def _networks_of(data: Mapping[str, Any]) -> _Networks:
    layers = [
        [(np.array(layer["weights"]), np.array(layer["bias"])) for layer in network] for network in data["networks"]
    ]
    return _Networks(np.array(data["mean"]), np.array(data["deviation"]), layers)
