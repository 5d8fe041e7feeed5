"""Finds staves on a level page: five lines at equal distances, followed from slab to slab."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.ink import LineScale, line_points, line_scale, thin_lines

LINES: Final = np.arange(-2, 3)
_SLAB: Final = 1.2  # spacings
_SCALES: Final = np.arange(0.82, 1.19, 0.03)
_LEAST_RESPONSE: Final = 0.3
_LEAST_LENGTH: Final = 7.0  # spacings
_LEAST_COVERAGE: Final = 0.6  # of the weakest line of a short staff
_LEAST_CONTRAST: Final = 0.1  # by which lines have more ink than what is between them: noise has not
_LEAST_VOTES: Final = 250  # crossings that speak for staves of another size
_MOST_PATHS: Final = 120
_OWN: Final = 3.6  # spacings about a staff's middle line in which there is no other
_NOT_OWN: Final = 0.6  # the same about what turned out to be none: beams may lie close to a staff
_BLANK: Final = 2.5  # spacings of white paper that end a staff
_BLIND: Final = 9  # slabs that a staff is followed without seeing it


@dataclass(frozen=True)
class Staff:
    """A staff on a level page.

    Attributes:
        x_px: Where the middle line was measured, increasing.
        y_px: The middle line there.
        left_px: Left end.
        right_px: Right end.
        spacing_px: Distance of its lines.
        clearness: Mean share of the five lines that were seen as thin lines, 0 to 1.
        coverage: Share of its weakest line that has ink, 0 to 1.
        is_exact: Whether it is known from what a vector page draws.
    """

    x_px: Array
    y_px: Array
    left_px: float
    right_px: float
    spacing_px: float
    clearness: float
    coverage: float
    is_exact: bool = False

    def middle(self, x_px: Array | float) -> Array:
        """Height of the middle line at places in px; beyond the ends that of the end."""
        return np.asarray(np.interp(x_px, self.x_px, self.y_px))

    @property
    def length_px(self) -> float:
        """From end to end."""
        return self.right_px - self.left_px

    @property
    def level_px(self) -> float:
        """Height of the middle line, on the whole."""
        return float(np.median(self.y_px))


@dataclass(frozen=True)
class _Field:
    """How much slabs look like five lines about each row."""

    response: Array  # (rows, slabs)
    spacing_px: Array  # the distance of lines that fits best, (rows, slabs)
    slab_px: int


def find_staves(ink: Array, scale: LineScale) -> list[Staff]:
    """Find the staves of a level page, from top to bottom, those of another size among them."""
    staves = _staves_of(ink, scale)
    rest = _blanked(ink, staves)
    other = line_scale(line_points(rest))
    if other.votes >= _LEAST_VOTES and abs(other.spacing_px / scale.spacing_px - 1) > 0.08:
        more = _staves_of(rest, other)
        staves = _without_clashes([*staves, *(staff for staff in more if staff.coverage > _LEAST_COVERAGE)])
    longest = max((staff.length_px for staff in staves), default=0.0)
    real = [staff for staff in staves if staff.length_px > 0.8 * longest or staff.coverage > _LEAST_COVERAGE]
    return sorted(real, key=lambda staff: staff.level_px)


def _staves_of(ink: Array, scale: LineScale) -> list[Staff]:
    lines = thin_lines(ink, scale)
    field = _comb(lines, scale.spacing_px)
    response = field.response.copy()
    staves: list[Staff] = []
    for _ in range(_MOST_PATHS):
        path = _clearest_path(response, scale.spacing_px)
        if path is None:
            break
        long = (~np.isnan(path)).sum() * field.slab_px >= _LEAST_LENGTH * scale.spacing_px
        found = _refined(ink, lines, path, field, scale) if long else []
        _take_out(response, path, (_OWN if found or not long else _NOT_OWN) * scale.spacing_px)
        staves += found
    return _continued(ink, _without_clashes(staves))


def _blanked(ink: Array, staves: list[Staff]) -> Array:
    """The ink without what is on and close to staves."""
    rest = ink.copy()
    for staff in staves:
        reach = 3 * staff.spacing_px
        x_px = np.concatenate([[staff.left_px], staff.x_px, [staff.right_px]])
        y_px = staff.middle(x_px)
        outline = np.concatenate([np.stack([x_px, y_px - reach], 1), np.stack([x_px, y_px + reach], 1)[::-1]])
        cv2.fillPoly(rest, [np.rint(outline).astype(np.int32)], 0)
    return rest


def _comb(lines: Array, spacing_px: float) -> _Field:
    slab = max(8, round(_SLAB * spacing_px))
    count = lines.shape[1] // slab
    share = lines[:, : count * slab].reshape(len(lines), count, slab).mean(2, dtype=np.float32)
    share = cv2.dilate(share, np.ones((2, 1), np.uint8))
    reach = round(3.7 * spacing_px)
    padded = np.pad(share, ((reach, reach), (0, 0)))
    best = np.full(share.shape, -1.0, np.float32)
    fits = np.zeros(share.shape, np.float32)
    for factor in _SCALES:
        response = _teeth(padded, factor * spacing_px, reach, len(share))
        better = response > best
        best[better] = response[better]
        fits[better] = factor * spacing_px
    return _Field(best, fits, slab)


def _teeth(padded: Array, spacing_px: float, reach: int, rows: int) -> Array:
    """Mean and second weakest of five lines, less what stands between them."""

    def at(offset: float) -> Array:
        start = reach + round(offset * spacing_px)
        return padded[start : start + rows]

    weakest = second = total = at(-2)
    second = np.ones_like(weakest)
    for line in (-1, 0, 1, 2):
        value = at(line)
        second = np.minimum(second, np.maximum(weakest, value))
        weakest = np.minimum(weakest, value)
        total = total + value
    between = at(-1.5) + at(-0.5) + at(0.5) + at(1.5)
    return 0.5 * second + 0.1 * total - 0.1 * between


def _clearest_path(response: Array, spacing_px: float) -> Array | None:
    """Follow a staff from where it is clearest: the middle line's row in every slab, NaN outside; None if none is left.

    The place is taken out of the response.
    """
    smooth = cv2.blur(cv2.dilate(response, np.ones((3, 1), np.uint8)), (7, 1), borderType=cv2.BORDER_CONSTANT)
    row, slab = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    if smooth[row, slab] < _LEAST_RESPONSE:
        return None
    path = _follow(response, int(row), int(slab), spacing_px)
    response[max(0, row - 2) : row + 3, max(0, slab - 3) : slab + 4] = 0
    return path


def _take_out(response: Array, path: Array, reach_px: float) -> None:
    """Take a path and what is near it out of the response."""
    for k in np.flatnonzero(~np.isnan(path)):
        response[max(0, int(path[k] - reach_px)) : int(path[k] + reach_px) + 1, k] = 0


def _follow(response: Array, row: int, slab: int, spacing_px: float) -> Array:
    _, count = response.shape
    path = np.full(count, np.nan)
    near = response[max(0, row - 2) : row + 3, slab]
    start = max(0, row - 2) + int(np.argmax(near))
    path[slab] = start
    reach = max(2, round(0.18 * spacing_px))
    for step in (1, -1):
        y, lean, unseen = float(start), 0.0, 0
        k = slab + step
        while 0 <= k < count and unseen <= _BLIND:
            expected = y + lean
            low = max(0, round(expected) - reach)
            window = response[low : round(expected) + reach + 1, k]
            if len(window) == 0:
                break
            off = np.arange(low, low + len(window)) - expected
            best = int(np.argmax(window - 0.02 * np.abs(off)))
            if window[best] > 0.25:
                lean = float(np.clip(0.85 * lean + 0.15 * off[best], -0.12 * spacing_px, 0.12 * spacing_px))
                y = expected + 0.6 * off[best]
                unseen = 0
                path[k] = low + best
            else:
                y, unseen = expected, unseen + 1
            k += step
    return path


def _refined(ink: Array, lines: Array, path: Array, field: _Field, scale: LineScale) -> list[Staff]:
    """Measure a path exactly: which five lines, how far apart, from where to where."""
    known = np.flatnonzero(~np.isnan(path))
    x_px = (known + 0.5) * field.slab_px
    fits = field.spacing_px[path[known].astype(int), known]
    spacing_px = float(np.median(fits))
    y_px = _smooth(path[known])
    columns = np.arange(int(x_px[0]), int(x_px[-1]) + 1)
    middle = np.interp(columns, x_px, y_px)
    offset, spacing_px, clear = _fit_lines(lines, columns, middle, spacing_px)
    if clear < _LEAST_RESPONSE:
        return []
    y_px = y_px + offset
    y_px = y_px + _local_offsets(lines, x_px, y_px, spacing_px)
    lines_off, coverage, between = _whole_lines(ink, columns, np.interp(columns, x_px, y_px), spacing_px)
    if coverage < between + _LEAST_CONTRAST:
        return []
    y_px = y_px + spacing_px * lines_off
    parts = []
    for left, right in _extents(ink, x_px, y_px, spacing_px, scale):
        inside = (x_px > left) & (x_px < right)
        at = np.concatenate([[left], x_px[inside], [right]])
        parts.append(Staff(at, np.interp(at, x_px, y_px), left, right, spacing_px, clear, coverage))
    return parts


def _smooth(path: Array) -> Array:
    """Whole rows to a smooth line: the median of five, then the mean of seven."""
    padded = np.pad(path, 2, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    padded = np.pad(median, 3, mode="reflect", reflect_type="odd") if len(median) > 3 else median
    return np.convolve(padded, np.ones(7) / 7, "valid") if len(median) > 3 else median


def _fit_lines(lines: Array, columns: Array, middle: Array, spacing_px: float) -> tuple[float, float, float]:
    reach = int(3 * spacing_px)
    rows = np.arange(-reach, reach + 1)
    index = np.clip(np.rint(middle[None] + rows[:, None]).astype(int), 0, len(lines) - 1)
    profile = cv2.GaussianBlur(lines[index, columns[None]].mean(1, dtype=np.float32)[:, None], (1, 3), 0.8)[:, 0]
    offsets = np.arange(-0.5 * spacing_px, 0.5 * spacing_px, 0.25)
    sizes = spacing_px * np.arange(0.94, 1.061, 0.01)
    at = offsets[:, None, None] + sizes[None, :, None] * LINES
    gaps = offsets[:, None, None] + sizes[None, :, None] * np.array([-1.5, -0.5, 0.5, 1.5])
    seen = np.interp(at, rows, profile)
    value = seen.mean(2) + 0.5 * seen.min(2) - np.interp(gaps, rows, profile).mean(2)
    best = np.unravel_index(int(np.argmax(value)), value.shape)
    return float(offsets[best[0]]), float(sizes[best[1]]), float(seen[best].mean())


def _local_offsets(lines: Array, x_px: Array, y_px: Array, spacing_px: float) -> Array:
    """By how much the five lines lie lower than told at each place, from some slabs about it."""
    reach = int(2.6 * spacing_px)
    rows = np.arange(-reach, reach + 1)
    columns = np.arange(int(x_px[0]), int(x_px[-1]) + 1)
    middle = np.interp(columns, x_px, y_px)
    index = np.clip(np.rint(middle[None] + rows[:, None]).astype(int), 0, len(lines) - 1)
    band = lines[index, columns[None]].astype(np.float32)
    blocks = cv2.resize(band, (len(x_px), len(rows)), interpolation=cv2.INTER_AREA)
    offsets = np.arange(-0.35 * spacing_px, 0.35 * spacing_px + 0.01, 0.5)
    at = offsets[:, None] + LINES * spacing_px + reach
    whole = np.floor(at).astype(int)
    share = (at - whole)[:, :, None].astype(np.float32)
    lower = np.clip(whole, 0, len(rows) - 1)
    upper = np.clip(whole + 1, 0, len(rows) - 1)
    value = np.minimum(blocks[lower] * (1 - share) + blocks[upper] * share, 0.8).sum(1)
    value = cv2.blur(value, (9, 1), borderType=cv2.BORDER_REPLICATE) - 0.02 * np.abs(offsets)[:, None]
    return _smooth(offsets[np.argmax(value, axis=0)])


def _whole_lines(ink: Array, columns: Array, middle: Array, spacing_px: float) -> tuple[int, float, float]:
    """By how many lines the five are off, how much of the weakest has ink, and how much of what is between them.

    Staff lines have ink along the whole staff, ledger lines and beams have not.
    """
    reach = max(1, round(0.07 * spacing_px))

    def covered(line: float) -> float:
        rows = np.rint(middle + line * spacing_px).astype(int)
        hit = np.zeros(len(columns), bool)
        for off in range(-reach, reach + 1):
            hit |= ink[np.clip(rows + off, 0, len(ink) - 1), columns] > 0
        return float(hit.mean())

    lines = {line: covered(line) for line in range(-4, 5)}
    weakest = {shift: min(lines[shift + int(line)] for line in LINES) for shift in (-2, -1, 0, 1, 2)}
    best = max(weakest, key=lambda shift: weakest[shift])
    if weakest[best] <= weakest[0] + 0.08:
        best = 0
    return best, weakest[best], float(np.mean([covered(best + gap) for gap in (-1.5, -0.5, 0.5, 1.5)]))


def _extents(ink: Array, x_px: Array, y_px: Array, spacing_px: float, scale: LineScale) -> list[tuple[float, float]]:
    """Stretches without white paper in which at least four of five lines have ink."""
    beyond = int(5 * spacing_px)
    columns = np.arange(max(0, int(x_px[0]) - beyond), min(ink.shape[1], int(x_px[-1]) + beyond))
    middle = np.interp(columns, x_px, y_px)
    seen = _seen_lines(ink, columns, middle, spacing_px, scale) >= 4
    width = max(3, round(0.4 * spacing_px))
    share = np.convolve(seen, np.ones(width) / width, "same")
    good = np.flatnonzero(share > 0.6)
    if len(good) == 0:
        return []
    groups = np.split(good, np.flatnonzero(np.diff(good) > 0.5 * spacing_px) + 1)
    groups = [part for part in groups if len(part) > spacing_px]  # not a stroke that stands in the margin
    if not groups:
        return []
    joined = _join_obscured(ink, groups, columns, middle, spacing_px)
    ends = [(float(columns[first]), float(columns[last])) for first, last in joined]
    return [(left, right) for left, right in ends if right - left >= _LEAST_LENGTH * spacing_px]


def _seen_lines(ink: Array, columns: Array, middle: Array, spacing_px: float, scale: LineScale) -> Array:
    reach = max(2, round(0.6 * scale.thickness_px))
    count = np.zeros(len(columns), int)
    for line in LINES:
        hit = np.zeros(len(columns), bool)
        for off in range(-reach, reach + 1):
            rows = np.rint(middle + line * spacing_px + off).astype(int)
            hit |= ink[np.clip(rows, 0, len(ink) - 1), columns] > 0
        count += hit
    return count


def _join_obscured(
    ink: Array, groups: list[Array], columns: Array, middle: Array, spacing_px: float
) -> list[tuple[int, int]]:
    """Join stretches between which there is no white paper from the first line to the last."""
    joined = [(int(groups[0][0]), int(groups[0][-1]))]
    rows = np.arange(-int(2 * spacing_px), int(2 * spacing_px) + 1)
    for group in groups[1:]:
        between = slice(joined[-1][1] + 1, int(group[0]))
        index = np.clip(np.rint(middle[between][None] + rows[:, None]).astype(int), 0, len(ink) - 1)
        white = ~ink[index, columns[between][None]].any(0)
        if white.sum() < _BLANK * spacing_px:
            joined[-1] = (joined[-1][0], int(group[-1]))
        else:
            joined.append((int(group[0]), int(group[-1])))
    return joined


def _continued(ink: Array, staves: list[Staff]) -> list[Staff]:
    """Join staves that go on at the same height behind something that hides their lines."""
    joined: list[Staff] = []
    for staff in sorted(staves, key=lambda staff: staff.left_px):
        before = next((k for k, other in enumerate(joined) if _goes_on(ink, other, staff)), None)
        if before is None:
            joined.append(staff)
        else:
            joined[before] = _joined(joined[before], staff)
    return joined


def _goes_on(ink: Array, left: Staff, right: Staff) -> bool:
    spacing_px = (left.spacing_px + right.spacing_px) / 2
    gap = right.left_px - left.right_px
    level = abs(left.middle(left.right_px) - right.middle(right.left_px))
    if abs(left.spacing_px - right.spacing_px) > 0.1 * spacing_px or level > 0.4 * spacing_px:
        return False
    if gap < -spacing_px or gap > 12 * spacing_px:
        return False
    columns = np.arange(int(left.right_px), int(right.left_px) + 1)
    middle = float(left.y_px[-1] + right.y_px[0]) / 2
    rows = slice(max(0, int(middle - 2 * spacing_px)), int(middle + 2 * spacing_px) + 1)
    return len(columns) == 0 or bool((~ink[rows, columns[0] : columns[-1] + 1].any(0)).sum() < _BLANK * spacing_px)


def _joined(left: Staff, right: Staff) -> Staff:
    share = right.length_px / max(left.length_px + right.length_px, 1e-9)

    def mean(one: float, other: float) -> float:
        return one * (1 - share) + other * share

    later = right.x_px > left.right_px
    return Staff(
        np.concatenate([left.x_px, right.x_px[later]]),
        np.concatenate([left.y_px, right.y_px[later]]),
        left.left_px,
        max(left.right_px, right.right_px),
        mean(left.spacing_px, right.spacing_px),
        mean(left.clearness, right.clearness),
        mean(left.coverage, right.coverage),
    )


def _without_clashes(staves: list[Staff]) -> list[Staff]:
    """Drop what overlaps a longer staff."""
    kept: list[Staff] = []
    for staff in sorted(staves, key=lambda staff: -staff.length_px):
        if not any(_clash(staff, other) for other in kept):
            kept.append(staff)
    return kept


def _clash(one: Staff, other: Staff) -> bool:
    left, right = max(one.left_px, other.left_px), min(one.right_px, other.right_px)
    if right <= left:
        return False
    at = np.linspace(left, right, 9)
    return bool(np.min(np.abs(one.middle(at) - other.middle(at))) < 4.8 * max(one.spacing_px, other.spacing_px))
