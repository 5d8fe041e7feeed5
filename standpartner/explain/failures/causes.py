"""Finds why agents get lost, by rules for score, performance and trace around the place where an agent was lost.

A *failure* is the first frame at which an agent is lost, so there is at most one in a performance. Before it lies the
*departure*: the last frame at which the agent was within ``near_share`` of the bound. The *stretch* of a failure begins
``run_up_s`` before the departure and ends at the failure. A cause applies if the stretch has what its rule asks for:

* **system start**: A system begins between the lowest and the highest strip x of target and agent in the stretch.
* **repeated pattern**: At some frame of the stretch the agent is off by more than ``near_share`` of the bound, and it
  is within ``pattern_px`` of an onset that the same music leads to: of the last ``pattern_onsets`` onsets there and
  where the music is, at least a share of ``pattern_alike`` have half of their pitches or more in common.
* **long rest**: A gap between two onsets reaches into the stretch and takes at least ``rest_s`` and ``rest_times`` the
  performance's median gap.
* **fast run**: The stretch holds ``run_onsets`` onsets in a row whose mean gap is at most the median divided by
  ``run_times``.
* **ornament**: A grace note, or notes played of an ornament's sign, belong to an onset of the stretch.
* **other**: None of these rules applies.

Some causes apply nearly everywhere. So every rule is also asked of *control* stretches, which put the same course of
errors at evenly spread places of the same performance. A failure is named by the cause that applies to it and to the
fewest controls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from standpartner.constants import FRAME_RATE_HZ
from standpartner.explain.traces.trace import Trace
from standpartner.score import Score

CAUSES: Final = ("system start", "repeated pattern", "long rest", "fast run", "ornament")
OTHER: Final = "other"
_CONTROLS: Final = 40  # control stretches for each failure
_PATTERN_STEP_FRAMES: Final = 3  # patterns are looked for at every third frame of a stretch
_ALIKE_SHARE: Final = 0.5  # two onsets are alike if they have this share of their pitches in common


@dataclass(frozen=True)
class CauseRules:
    """The numbers in the rules, which the module explains.

    Attributes:
        near_share: The share of the bound within which an agent is with the music.
        run_up_s: The number of seconds before the departure that belong to the stretch.
        pattern_onsets: The number of onsets of a pattern that are compared.
        pattern_alike: The share of them that must be alike.
        pattern_px: The distance to an onset within which an agent is at that onset, in strip px.
        rest_s: The length of the shortest long rest in s.
        rest_times: The length of the shortest long rest in median gaps.
        run_onsets: The number of onsets in the shortest run.
        run_times: The factor by which a run is faster than the median.
    """

    near_share: float = 0.25
    run_up_s: float = 1.0
    pattern_onsets: int = 4
    pattern_alike: float = 0.75
    pattern_px: float = 16.0
    rest_s: float = 1.0
    rest_times: float = 3.0
    run_onsets: int = 6
    run_times: float = 1.75


@dataclass(frozen=True, eq=False)
class Failure:
    """A failure: where an agent was lost, and which causes apply.

    Attributes:
        trace: The trace of the performance.
        score: The score that was followed.
        departure_frame: The last frame at which the agent was with the music.
        lost_frame: The first frame at which it was lost.
        applies: The causes whose rules apply, in the order of ``CAUSES``.
        controls: The share of the failure's controls to which each cause applies, from 0 to 1; empty without controls.
    """

    trace: Trace
    score: Score
    departure_frame: int
    lost_frame: int
    applies: tuple[str, ...]
    controls: Mapping[str, float]


def find_failure(trace: Trace, score: Score, rules: CauseRules | None = None) -> Failure | None:
    """Find the failure of a trace and the causes that apply; None if the agent never was lost.

    Args:
        trace: The trace of a performance of the score.
        score: The score that was followed.
        rules: The numbers of the rules.
    """
    if trace.lost_frame is None:
        return None
    rules = rules or CauseRules()
    lost, departed = trace.lost_frame - trace.first_frame, departure_state(trace, rules)
    first = max(departed - round(rules.run_up_s * FRAME_RATE_HZ), 0)
    checker = _RuleChecker(trace, score, rules)
    error = trace.error_px[first : lost + 1]
    return Failure(
        trace=trace,
        score=score,
        departure_frame=trace.first_frame + departed,
        lost_frame=trace.lost_frame,
        applies=checker.causes(first, error),
        controls=_controls(checker, error, last_start=trace.states - len(error)),
    )


def departure_state(trace: Trace, rules: CauseRules | None = None) -> int:
    """Find the last state in which the agent was with the music before it was lost; the first one if it never was.

    Args:
        trace: The trace, in which the agent is lost.
        rules: The numbers of the rules, which say how near "with the music" is.
    """
    rules = rules or CauseRules()
    before = trace.error_px if trace.lost_frame is None else trace.error_px[: trace.lost_frame - trace.first_frame]
    near = np.flatnonzero(np.abs(before) <= rules.near_share * trace.game.bound_px)
    return int(near[-1]) if len(near) else 0


def control_rates(failures: Sequence[Failure]) -> dict[str, float]:
    """Return the share of the controls of all failures to which each cause applies; 0 without controls."""
    known = [failure.controls for failure in failures if failure.controls]
    return {cause: float(np.mean([one[cause] for one in known])) if known else 0.0 for cause in CAUSES}


def name_cause(failure: Failure, rates: Mapping[str, float]) -> str:
    """Name the cause that applies to a failure and to the fewest controls; "other" if none applies."""
    return min(failure.applies, key=lambda cause: rates[cause], default=OTHER)


def _controls(checker: "_RuleChecker", error_px: npt.NDArray[np.float64], *, last_start: int) -> dict[str, float]:
    if last_start < 1:
        return {}
    starts = np.unique(np.linspace(0, last_start, _CONTROLS).astype(int))
    found = [checker.causes(int(start), error_px) for start in starts]
    return {cause: sum(cause in one for one in found) / len(found) for cause in CAUSES}


class _RuleChecker:
    """Checks the rules on stretches of one performance."""

    def __init__(self, trace: Trace, score: Score, rules: CauseRules) -> None:
        self.trace, self.score, self.rules = trace, score, rules
        self.onset_s = np.asarray(trace.track.onset_s, np.float64)
        self.median_s = float(np.median(np.diff(self.onset_s)))
        heads, notes = score.noteheads, score.notes
        ornamented = np.concatenate([heads.onset[heads.grace], notes.onset[notes.grace | notes.hidden]])
        passed = int(np.searchsorted(score.onsets.x_px, trace.track.onset_x_px[0]))  # the track may be a later passage
        self.pitches = _pitches(score)[passed:]
        self.ornamented = np.unique(ornamented[ornamented >= passed]) - passed

    def causes(self, first: int, error_px: npt.NDArray[np.float64]) -> tuple[str, ...]:
        """Find the causes that apply to the stretch that begins at a state and has a course of errors."""
        target = self.trace.target_px[first : first + len(error_px)]
        frames = self.trace.first_frame + first + np.arange(len(error_px))
        inside = np.flatnonzero(
            (self.onset_s >= frames[0] / FRAME_RATE_HZ) & (self.onset_s <= frames[-1] / FRAME_RATE_HZ)
        )
        found = {
            "system start": self._system_starts(target, target + error_px),
            "repeated pattern": self._repeats(frames, target + error_px, error_px),
            "long rest": self._rests(frames),
            "fast run": self._runs(inside),
            "ornament": bool(np.isin(inside, self.ornamented).any()),
        }
        return tuple(cause for cause in CAUSES if found[cause])

    def _system_starts(self, target: npt.NDArray[np.float64], position: npt.NDArray[np.float64]) -> bool:
        low, high = min(target.min(), position.min()), max(target.max(), position.max())
        starts = self.score.systems.strip_left_px[1:]
        return bool(((starts > low) & (starts <= high)).any())

    def _repeats(
        self, frames: npt.NDArray[np.int64], position: npt.NDArray[np.float64], error_px: npt.NDArray[np.float64]
    ) -> bool:
        off = np.abs(error_px) > self.rules.near_share * self.trace.game.bound_px
        x_px = self.trace.track.onset_x_px
        for k in np.flatnonzero(off)[::_PATTERN_STEP_FRAMES]:
            sounding = int(np.searchsorted(self.onset_s, frames[k] / FRAME_RATE_HZ, side="right")) - 1
            near = np.flatnonzero(np.abs(x_px - position[k]) <= self.rules.pattern_px)
            if any(self._alike(sounding, int(other)) for other in near):
                return True
        return False

    def _alike(self, one: int, other: int) -> bool:
        """Tell whether the same music leads to two different onsets."""
        count = self.rules.pattern_onsets
        if one == other or min(one, other) < count - 1:
            return False
        pairs = [(self.pitches[one - k], self.pitches[other - k]) for k in range(count)]
        alike = [len(a & b) / max(len(a | b), 1) >= _ALIKE_SHARE for a, b in pairs]
        return sum(alike) >= self.rules.pattern_alike * count

    def _rests(self, frames: npt.NDArray[np.int64]) -> bool:
        begin, end = self.onset_s[:-1], self.onset_s[1:]
        reaching = (begin < frames[-1] / FRAME_RATE_HZ) & (end > frames[0] / FRAME_RATE_HZ)
        long = end - begin >= max(self.rules.rest_s, self.rules.rest_times * self.median_s)
        return bool((reaching & long).any())

    def _runs(self, inside: npt.NDArray[np.int64]) -> bool:
        gaps = self.rules.run_onsets - 1
        if len(inside) <= gaps:
            return False
        times = self.onset_s[inside]
        return bool(((times[gaps:] - times[:-gaps]) / gaps <= self.median_s / self.rules.run_times).any())


def _pitches(score: Score) -> list[frozenset[int]]:
    """Return the pitches of the noteheads of each onset, without grace notes."""
    heads = score.noteheads
    found: list[set[int]] = [set() for _ in range(len(score.onsets))]
    for onset, pitch, grace in zip(heads.onset.tolist(), heads.pitch.tolist(), heads.grace.tolist(), strict=True):
        if onset >= 0 and not grace:
            found[onset].add(pitch)
    return [frozenset(one) for one in found]
