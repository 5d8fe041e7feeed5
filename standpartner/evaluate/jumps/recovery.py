"""Measures how a follower recovers when the player jumps.

* A jump happens in the frame of the first onset after it. The follower is on the *right system* in a frame if its
  position lies in the system where the music is. It is *back* in the first frame from which it stays on the right
  system for half a second, or to the passage's end; *latency* is the time from the jump to that frame.
* `within_1_s`, `within_2_s`: jumps with at most that latency / jumps. `elsewhere_within_1_s`, `..._2_s`: the same of
  the `jumps_elsewhere`, those to another system than that last played in; within one, one can be right by chance.
* `latency_s_median`, `latency_s_mean`: over all jumps; one after which the follower never came back counts as infinite
  in the median (None if it is), as lasting to the passage's end in the mean.
* `tracked`: onsets from 2 s after a jump on, to the next one: share of them whose position, mapped to score time and
  by the passage's tempo to seconds, is within 0.5 s and 1 s of the truth. `tracked_all` counts all onsets after the
  first jump, from the moment of each jump on.
* `jumps_of_follower`, `wrong_jumps`: how often the follower jumped in all, and how often to a place that is more than
  170 px (6 cm) from the music, or from one that was not.

Ratios are pooled; intervals are bootstrapped over pieces, as everywhere (``measures``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import JumpPerformance
from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals
from standpartner.evaluate.measures.tally import false_jumps
from standpartner.evaluate.players.player import FollowedFrames

STAYS_S: Final = 0.5
WITHIN_S: Final = (1.0, 2.0)
TRACKED_S: Final = {"0.5": 0.5, "1": 1.0}
SETTLED_S: Final = 2.0
_COLUMNS: Final = (
    *("jumps", "within_1_s", "within_2_s", "latency_s"),
    *("elsewhere", "elsewhere_within_1_s", "elsewhere_within_2_s"),
    *("settled", "settled 0.5", "settled 1", "after", "after 0.5", "after 1"),
    *("jumps_of_follower", "wrong_jumps"),
)
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Recovery:
    """The recovery of a follower from one jump.

    Attributes:
        latency_s: The time until the follower was back, in s; infinite if it never was.
        lasted_s: The time from the jump to the passage's end, in s.
        elsewhere: Whether the jump led to another system.
    """

    latency_s: float
    lasted_s: float
    elsewhere: bool


def recoveries(performance: JumpPerformance, followed: FollowedFrames) -> list[Recovery]:
    """Return the recovery from each jump of the player."""
    frames = _frames(performance, followed)
    right = _right_system(performance, followed.position_px, frames)
    passage, system, found = performance.passage_at(frames), performance.score.onsets.system, []
    for number, (before, after) in enumerate(pairwise(performance.passages), start=1):
        here = right[passage == number]
        back = _first_stay(here)
        latency_s = float("inf") if back is None else back / FRAME_RATE_HZ
        elsewhere = bool(system[before.last] != system[after.first])
        found.append(Recovery(latency_s, len(here) / FRAME_RATE_HZ, elsewhere))
    return found


def evaluate_recovery(
    performances: Sequence[JumpPerformance], followed: Sequence[FollowedFrames], *, seed: int = 0
) -> dict[str, Any]:
    """Compute all measures over some performances with jumps, of one piece each.

    Args:
        performances: The performances, at least one.
        followed: The follower's positions in each performance.
        seed: The seed of the bootstrap.

    Returns:
        The measures of this module, ``pieces``, ``jumps``, ``intervals`` and ``rows``; ready for JSON.

    Raises:
        ConfigError: There is no performance, or not one result for each.
    """
    if not performances or len(performances) != len(followed):
        raise ConfigError(
            f"expected a result for each of some performances, got {len(performances)} and {len(followed)}"
        )
    each = [recoveries(performance, result) for performance, result in zip(performances, followed, strict=True)]
    tallies = np.array(
        [
            [_tally(performance, result, found)[column] for column in _COLUMNS]
            for performance, result, found in zip(performances, followed, each, strict=True)
        ]
    )
    resampled = _measures(resampled_totals(tallies, seed).T)
    ends = {name: percentile_interval(np.asarray(values)) for name, values in resampled.items()}
    intervals = {name: None if np.isnan(low) else (low, high) for name, (low, high) in ends.items()}
    latencies = [recovery.latency_s for found in each for recovery in found]
    return {
        "pieces": len(performances),
        "jumps": len(latencies),
        "jumps_elsewhere": sum(recovery.elsewhere for found in each for recovery in found),
        **_plain(_measures(tallies.sum(axis=0))),
        "latency_s_median": _finite(np.median(latencies)),
        "jumps_of_follower": int(sum(result.jumped.sum() for result in followed)),
        "wrong_jumps": int(tallies[:, _COLUMNS.index("wrong_jumps")].sum()),
        "intervals": intervals,
        "rows": [
            {"name": performance.name, "latency_s": [_finite(recovery.latency_s) for recovery in found]}
            for performance, found in zip(performances, each, strict=True)
        ],
    }


def _frames(performance: JumpPerformance, followed: FollowedFrames) -> NDArray[np.int64]:
    return performance.first_frame + np.arange(len(followed.position_px))


def _right_system(performance: JumpPerformance, position_px: NDArray, frames: NDArray[np.int64]) -> Bools:
    left_px = performance.score.systems.strip_left_px
    there = np.searchsorted(left_px, position_px, side="right")
    return np.asarray(there == np.searchsorted(left_px, performance.targets_at(frames), side="right"))


def _first_stay(right: Bools) -> int | None:
    """Return the first frame from which all are right for `STAYS_S`, or to the end."""
    stays = round(STAYS_S * FRAME_RATE_HZ)
    for first in np.flatnonzero(right):
        if right[first : first + stays].all():
            return int(first)
    return None


def _tally(performance: JumpPerformance, followed: FollowedFrames, found: Sequence[Recovery]) -> dict[str, float]:
    frames = _frames(performance, followed)
    wrong = false_jumps(followed.position_px, performance.targets_at(frames), jumped=followed.jumped)
    latency = np.array([recovery.latency_s for recovery in found])
    elsewhere = np.array([recovery.elsewhere for recovery in found])
    soon = {f"within_{limit_s:g}_s": latency <= limit_s for limit_s in WITHIN_S}
    return {
        "jumps": float(len(found)),
        **{name: float(np.sum(back)) for name, back in soon.items()},
        "elsewhere": float(np.sum(elsewhere)),
        **{f"elsewhere_{name}": float(np.sum(back & elsewhere)) for name, back in soon.items()},
        "latency_s": float(sum(min(recovery.latency_s, recovery.lasted_s) for recovery in found)),
        **_tally_onsets(performance, followed),
        "jumps_of_follower": float(followed.jumped.sum()),
        "wrong_jumps": float(wrong.sum()),
    }


def _tally_onsets(performance: JumpPerformance, followed: FollowedFrames) -> dict[str, float]:
    """Count the onsets after jumps and the tracked ones among them, in all and some time after a jump."""
    onset_frames, starts = performance.onset_frames, performance.starts
    passage = np.searchsorted(starts, np.arange(len(onset_frames)), side="right") - 1
    time_s, x_px = performance.score.onsets.time_s, performance.score.onsets.x_px
    said = np.interp(followed.position_px[onset_frames - onset_frames[0]], x_px, time_s)
    error_s = np.abs(said - time_s[performance.onset]) * _slowness(performance)[passage]
    since_s = performance.onset_s - performance.onset_s[starts[passage]]
    tally = {}
    for name, chosen in (("after", passage > 0), ("settled", (passage > 0) & (since_s >= SETTLED_S))):
        tally[name] = float(chosen.sum())
        tally |= {f"{name} {key}": float(np.sum(chosen & (error_s <= s))) for key, s in TRACKED_S.items()}
    return tally


def _slowness(performance: JumpPerformance) -> NDArray[np.float64]:
    """Return the seconds played for a second of score time in each passage, (passages,)."""
    played = [np.ptp(part) for part in np.split(performance.onset_s, performance.starts[1:])]
    time_s = performance.score.onsets.time_s
    written = [time_s[passage.last] - time_s[passage.first] for passage in performance.passages]
    return np.array([long / short if short > 0 else 1.0 for long, short in zip(played, written, strict=True)])


def _measures(sums: NDArray[np.float64]) -> dict[str, Any]:
    total = dict(zip(_COLUMNS, sums, strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            **{name: total[name] / total["jumps"] for name in ("within_1_s", "within_2_s")},
            **{name: total[name] / total["elsewhere"] for name in ("elsewhere_within_1_s", "elsewhere_within_2_s")},
            "latency_s_mean": total["latency_s"] / total["jumps"],
            **{f"tracked_{key}_s": total[f"settled {key}"] / total["settled"] for key in TRACKED_S},
            **{f"tracked_all_{key}_s": total[f"after {key}"] / total["after"] for key in TRACKED_S},
        }


def _plain(values: dict[str, Any]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
