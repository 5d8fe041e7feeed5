"""Joins staves to systems: those that upright strokes connect through the gap between them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.bars import Bars, find_bars
from standpartner.score.print.patch import Patch, cut_patch
from standpartner.score.print.staves import Staff
from standpartner.score.print.straighten import StraightPage
from standpartner.score.print.strokes import Stroke, find_strokes
from standpartner.score.print.tablature import is_tablature
from standpartner.score.print.vector_staves import vector_strokes

_WIDEST_GAP: Final = 24.0  # spacings between two staves of a system
_FULL: Final = 0.85
_SOUND: Final = 0.8  # coverage of the weakest line from which a staff is beyond doubt
_UNCLEAR: Final = 0.5  # doubt of what is seldom seen: all 379 joints of the validation scans are clear, and right
_SHORT: Final = 0.12  # of the length of the page's long systems
_SHORT_LONE: Final = 0.8
_LONG: Final = 0.7
_SMALL: Final = 0.88  # of the size that most long systems of the page have
_SAME_SIZE: Final = 0.05
_MOST_CHANGE: Final = 0.5  # of the size, from the top to the bottom of a page


@dataclass(frozen=True)
class Joint:
    """Whether two staves, one below the other, belong to one system, and what speaks for it.

    Attributes:
        strokes: Strokes that run through both staves and the gap.
        start: How fully a stroke at the left end runs through the gap, 0 to 1.
        joined: Whether they are one system.
        margin: How clear that is, 0 (not at all) to 1.
    """

    strokes: int
    start: float
    joined: bool
    margin: float


def join_staves(ink: Array, staves: Sequence[Staff], *, thickness_px: float) -> list[Joint]:
    """Look at every two neighbouring staves."""
    return [_joint(ink, upper, lower, thickness_px) for upper, lower in itertools.pairwise(staves)]


def _joint(ink: Array, upper: Staff, lower: Staff, thickness_px: float) -> Joint:
    overlap = min(upper.right_px, lower.right_px) - max(upper.left_px, lower.left_px)
    spacing_px = (upper.spacing_px + lower.spacing_px) / 2
    gap = lower.level_px - upper.level_px - 4 * spacing_px
    if overlap < 0.4 * min(upper.length_px, lower.length_px) or gap > _WIDEST_GAP * spacing_px:
        return Joint(0, 0.0, joined=False, margin=1.0)
    patch = cut_patch(ink, [upper, lower], thickness_px=thickness_px)
    strokes = [stroke for stroke in find_strokes(patch, least_fill=_FULL) if stroke.hole < 1]
    left = max(upper.left_px, lower.left_px)
    starts = [stroke.fill.min() for stroke in strokes if abs(patch.page_x_px[stroke.x] - left) < 1.5 * spacing_px]
    start = float(max(starts, default=0.0))
    count = len(_apart(strokes))
    joined = start > 0 or count >= 2
    evidence = count + (1 if start else 0)
    margin = min(1.0, (evidence - 1) / 2) if joined else (1.0 if count == 0 else 0.4)
    return Joint(count, start, joined=joined, margin=max(margin, 0.2) if joined else margin)


def _apart(strokes: list[Stroke]) -> list[Stroke]:
    """Strokes of which none is close behind another: a double line counts once."""
    kept: list[Stroke] = []
    for stroke in strokes:
        if not kept or stroke.first - kept[-1].last > 15:
            kept.append(stroke)
    return kept


@dataclass(frozen=True)
class StaffGroup:
    """Staves that make a system.

    Attributes:
        staves: The staves from top to bottom.
        followed: First and last of those that are followed.
        doubt: Probability that the staves or the box around them are wrong.
    """

    staves: list[Staff]
    followed: tuple[int, int]
    doubt: float

    @property
    def left_px(self) -> float:
        """The left end."""
        return min(staff.left_px for staff in self.staves)

    @property
    def right_px(self) -> float:
        """The right end."""
        return max(staff.right_px for staff in self.staves)

    @property
    def followed_staves(self) -> list[Staff]:
        """The staves that are followed."""
        return self.staves[self.followed[0] : self.followed[1] + 1]

    def patch(self, page: StraightPage) -> Patch:
        """The followed staves, straightened."""
        return cut_patch(page.ink, self.followed_staves, thickness_px=page.scale.thickness_px)


@dataclass(frozen=True)
class Found:
    """A system that was found on a page: its staves, the followed ones straightened, and its bars."""

    group: StaffGroup
    patch: Patch
    bars: Bars

    @property
    def doubt(self) -> float:
        """The probability that its staves, its box or the number of its bars is wrong."""
        return 1 - (1 - self.group.doubt) * (1 - self.bars.doubt)


def find_systems(page: StraightPage, staves: Sequence[Staff]) -> tuple[list[Found], list[str]]:
    """Find the systems of a page, and say in words what was left out."""
    groups, words = group_staves(page, staves)
    return [with_bars(page, group) for group in groups], words


def with_bars(page: StraightPage, group: StaffGroup) -> Found:
    """Find the bars of a system."""
    patch = group.patch(page)
    drawn = None
    if page.lines is not None and all(staff.is_exact for staff in group.staves):
        drawn = vector_strokes(page.lines, group.staves)
    return Found(group, patch, find_bars(patch, left_px=group.left_px, right_px=group.right_px, drawn=drawn))


def group_staves(page: StraightPage, staves: Sequence[Staff]) -> tuple[list[StaffGroup], list[str]]:
    """Join the staves of a page to systems, from top to bottom, and say in words what was left out."""
    music = [staff for staff in staves if not is_tablature(page.ink, staff)]
    tablatures = len(staves) - len(music)
    staves = music
    joints = join_staves(page.ink, staves, thickness_px=page.scale.thickness_px)
    kept, asides = without_asides(parted(staves, joints))
    margin = {id(staff): joint for staff, joint in zip(staves[1:], joints, strict=False)}
    groups = []
    for members in _in_order(kept):
        inside = [margin[id(staff)] for staff in members[1:]]
        lone = len(members) == 1 and max(len(others) for others in kept) > 1  # one may have been missed
        clear = not lone and all(joint.margin == 1 for joint in inside)
        clear = clear and min(staff.coverage for staff in members) >= _SOUND
        groups.append(StaffGroup(members, _followed(len(members), inside), 0.0 if clear else _UNCLEAR))
    words = [
        f"{len(members)} short or small {'staff' if len(members) == 1 else 'staves'} at {members[0].level_px:.0f} px"
        for members in asides
    ]
    if tablatures:
        words.append(f"{tablatures} {'staff' if tablatures == 1 else 'staves'} of six lines: tablature")
    return groups, words


def _in_order(systems: Sequence[list[Staff]]) -> list[list[Staff]]:
    """From top to bottom; what continues a system on its right comes after it."""
    ordered: list[list[Staff]] = []
    for staves in sorted(systems, key=lambda staves: staves[0].level_px):
        same = [k for k, other in enumerate(ordered) if abs(other[0].level_px - staves[0].level_px) < _level(staves)]
        place = next((k for k in same if ordered[k][0].left_px > staves[0].left_px), len(ordered))
        ordered.insert(place, staves)
    return ordered


def _level(staves: list[Staff]) -> float:
    return 3 * staves[0].spacing_px


def _followed(count: int, joints: Sequence[Joint]) -> tuple[int, int]:
    """Which staves are followed: one, a pair, or of more the two that most barlines join, the lower where in doubt."""
    if count <= 2:
        return 0, count - 1
    best = max(range(count - 1), key=lambda index: (joints[index].strokes, index))
    most = joints[best].strokes
    last = max(index for index in range(count - 1) if joints[index].strokes >= 0.8 * most)
    return last, last + 1


def parted(staves: Sequence[Staff], joints: Sequence[Joint]) -> list[list[Staff]]:
    """Staves by system, from top to bottom."""
    groups = [[staves[0]]] if staves else []
    for staff, joint in zip(staves[1:], joints, strict=True):
        if joint.joined:
            groups[-1].append(staff)
        else:
            groups.append([staff])
    return groups


def without_asides(systems: Sequence[list[Staff]]) -> tuple[list[list[Staff]], list[list[Staff]]]:
    """Part the systems of a page from ossias, incipits in footnotes, and alternative versions in small print.

    A short staff beside a system, at its height, continues it (a coda after a gap) and is kept.
    """
    if not systems:
        return [], []
    longest = float(np.percentile([_length(staves) for staves in systems], 75))
    usual = _usual_sizes([staves for staves in systems if _length(staves) > _LONG * longest], systems)
    kept: list[list[Staff]] = []
    asides: list[list[Staff]] = []
    for staves, size in zip(systems, usual, strict=True):
        lone = len(staves) == 1 and max(len(others) for others in systems) > 1
        short = _length(staves) < (_SHORT_LONE if lone else _SHORT) * longest
        small = _size(staves) < _SMALL * size
        (asides if small or (short and not _continues(staves, systems)) else kept).append(staves)
    return kept, asides


def _usual_sizes(long: Sequence[list[Staff]], systems: Sequence[list[Staff]]) -> list[float]:
    """The size that each system should have: that of most long ones, changing evenly down a page seen from one side.

    Of two sizes that are equally common the larger is meant.
    """
    heights = np.array([staves[0].level_px for staves in long])
    sizes = np.array([_size(staves) for staves in long])
    best, line = (-1, 0.0), (0.0, 0.0)
    for i in range(len(long)):
        for j in range(i, len(long)):
            apart = heights[j] - heights[i]
            slope = (sizes[j] - sizes[i]) / apart if j > i and apart else 0.0
            base = sizes[i] - slope * heights[i]
            close = np.abs(sizes / (base + slope * heights) - 1) < _SAME_SIZE
            if abs(slope) * np.ptp(heights) < _MOST_CHANGE * sizes.min() and (int(close.sum()), sizes[i]) > best:
                best, line = (int(close.sum()), float(sizes[i])), (base, slope)
    return [float(line[0] + line[1] * staves[0].level_px) for staves in systems]


def _size(staves: list[Staff]) -> float:
    return max(staff.spacing_px for staff in staves)


def _length(staves: list[Staff]) -> float:
    return max(staff.right_px for staff in staves) - min(staff.left_px for staff in staves)


def _continues(staves: list[Staff], systems: Sequence[list[Staff]]) -> bool:
    first = staves[0]
    for others in systems:
        same = len(others) == len(staves) and abs(others[0].level_px - first.level_px) < first.spacing_px
        if others is not staves and same and _length(others) > _length(staves):
            return True
    return False
