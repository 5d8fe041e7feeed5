"""Computes the sums that the measures are made of.

A measure is a function of sums over pieces: an episode's tally is its part of those sums, and resampling pieces for
the bootstrap is a weighted sum of tallies.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ, FRAMES_IN_VIEW
from standpartner.evaluate.measures.episode import Episode
from standpartner.game.rules import PIANO

SYSTEM_TOLERANCE_S = 1.0
TOLERANCES_S = {"0.05": 0.05, "0.1": 0.1, "0.5": 0.5, "1": 1.0, "5": 5.0}
PUBLISHED_PADDING_FRAMES = FRAMES_IN_VIEW
_ROUNDING_S = 1e-9  # so that an error of exactly the tolerance is within it

Totals = dict[str, npt.NDArray[np.float64]]


def totals(episodes: Sequence[Episode], tally_one: Callable[[Episode], dict[str, float]]) -> Totals:
    """Sum one kind of tally over at least one episode."""
    tallies = [tally_one(episode) for episode in episodes]
    return {column: np.sum([one[column] for one in tallies]) for column in tallies[0]}


def tally(episode: Episode) -> dict[str, float]:
    """Return all sums of one episode."""
    return {
        **tally_following(episode),
        **tally_errors(episode),
        **tally_within(episode),
        **tally_places(episode),
        **tally_jumps(episode),
    }


def tally_following(episode: Episode) -> dict[str, float]:
    """Count the onsets reached and whether all are, both also as the published code counts."""
    reached = np.sum(_is_reached(episode, episode.onset_frames))
    published = np.sum(episode.onset_frames <= _last_played_frame(episode) + PUBLISHED_PADDING_FRAMES)
    onsets = len(episode.onset_s)
    return {
        "episodes": 1.0,
        "onsets": float(onsets),
        "reached": float(reached),
        "followed": float(reached == onsets),
        "reached_as_published": float(published),
        "followed_as_published": float(published == onsets),
    }


def _is_reached(episode: Episode, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    before_lost = True if episode.lost_frame is None else frames < episode.lost_frame
    return (frames <= episode.end_frame) & before_lost


def _last_played_frame(episode: Episode) -> int:
    """Return the frame at which a game that stops when lost ends: lost, finished or cut off."""
    end = min(episode.end_frame, episode.last_frame)
    return end if episode.lost_frame is None else min(end, episode.lost_frame)


def tally_errors(episode: Episode) -> dict[str, float]:
    """Return the count, sum and sum of squares of the errors in cm, also as the published code samples them."""
    frames = np.unique(episode.onset_frames)
    sampled = frames - PUBLISHED_PADDING_FRAMES
    sampled = sampled[(sampled > episode.first_frame) & (sampled <= _last_played_frame(episode))]
    published = _error_sums(episode, sampled)
    return {
        **_error_sums(episode, frames[_is_reached(episode, frames)]),
        **{f"{key}_as_published": value for key, value in published.items()},
    }


def _error_sums(episode: Episode, frames: npt.NDArray[np.integer]) -> dict[str, float]:
    errors_cm = np.abs(episode.positions_at(frames) - episode.targets_at(frames)) * CM_PER_STRIP_PX
    return {"errors": float(len(frames)), "error_sum": errors_cm.sum(), "error_squares": np.square(errors_cm).sum()}


def tally_within(episode: Episode) -> dict[str, float]:
    """Count all onsets and those within each tolerance; NaN if the run stopped before the last onset."""
    if episode.end_frame < episode.last_frame:
        return {f"within {key}": float("nan") for key in TOLERANCES_S} | {"located": float("nan")}
    frames = episode.onset_frames
    predicted_s = np.interp(episode.positions_at(frames), episode.onset_x_px, episode.onset_s)
    true_s = np.clip(frames / FRAME_RATE_HZ, episode.onset_s[0], episode.onset_s[-1])
    errors_s = np.abs(predicted_s - true_s)
    inside = {f"within {key}": float(np.sum(errors_s <= tol + _ROUNDING_S)) for key, tol in TOLERANCES_S.items()}
    return inside | {"located": float(len(frames))}


def tally_places(episode: Episode) -> dict[str, float]:
    """Count all onsets and those in the right system and bar; NaN as in `tally_within`, or without edges."""
    complete = episode.end_frame >= episode.last_frame
    return {
        "in_system": _in_place(episode, episode.system_left_px) if complete else float("nan"),
        "in_system_soon": _in_system_soon(episode) if complete else float("nan"),
        "in_bar": _in_place(episode, episode.bar_left_px) if complete else float("nan"),
        "placed": float(len(episode.onset_s)),
    }


def _in_place(episode: Episode, left_px: npt.NDArray[np.floating] | None) -> float:
    if left_px is None:
        return float("nan")
    predicted = np.searchsorted(left_px, episode.positions_at(episode.onset_frames), side="right")
    return float(np.sum(predicted == np.searchsorted(left_px, episode.onset_x_px, side="right")))


def _in_system_soon(episode: Episode) -> float:
    """Count the onsets in whose frame the position is in a system that is right at most 1 s earlier or later."""
    left_px, frames = episode.system_left_px, episode.onset_frames
    if left_px is None:
        return float("nan")
    reach = round(SYSTEM_TOLERANCE_S * FRAME_RATE_HZ)
    ends = [np.clip(frames + shift, episode.first_frame, episode.last_frame) for shift in (-reach, reach)]
    first, last = (np.searchsorted(left_px, episode.targets_at(end), side="right") for end in ends)
    predicted = np.searchsorted(left_px, episode.positions_at(frames), side="right")
    return float(np.sum((first <= predicted) & (predicted <= last)))  # the music only goes forward


def tally_jumps(episode: Episode) -> dict[str, float]:
    """Count the follower's false jumps, NaN if it cannot jump, and the hours of music up to the last onset."""
    hours = (min(episode.end_frame, episode.last_frame) - episode.first_frame + 1) / FRAME_RATE_HZ / 3600
    if episode.jumped is None:
        return {"false_jumps": float("nan"), "hours": hours}
    frames = np.arange(episode.first_frame, min(episode.end_frame, episode.last_frame) + 1)
    position_px, jumped = episode.position_px[: len(frames)], episode.jumped[: len(frames)]
    return {
        "false_jumps": float(false_jumps(position_px, episode.targets_at(frames), jumped=jumped).sum()),
        "hours": hours,
    }


def false_jumps(
    position_px: npt.NDArray[np.floating], target_px: npt.NDArray[np.floating], *, jumped: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Tell for each frame whether the follower jumped to a wrong place or away from the right one.

    A place is right if it is within the bound of the piano rules, 170 px, of the music.

    Args:
        position_px: The follower's position on the strip, (frames,); after a jump it is the new one.
        target_px: The true position, (frames,).
        jumped: Whether the follower was put elsewhere, (frames,).
    """
    right = np.abs(position_px - target_px) <= PIANO.bound_px
    left = np.append(position_px[:1], position_px[:-1])
    was_right = np.abs(left - target_px) <= PIANO.bound_px
    return jumped & (~right | was_right)


def measures_of(sums: Any) -> dict[str, Any]:
    """Compute the measures whose sums are there, elementwise. A ratio with divisor 0 is NaN."""
    measures: dict[str, Any] = {}
    for suffix in ("", "_as_published"):
        if "onsets" in sums:
            measures[f"r_tue{suffix}"] = _ratio(sums[f"followed{suffix}"], sums["episodes"])
            measures[f"r_on{suffix}"] = _ratio(sums[f"reached{suffix}"], sums["onsets"])
        if "errors" in sums:
            mean = _ratio(sums[f"error_sum{suffix}"], sums[f"errors{suffix}"])
            mean_square = _ratio(sums[f"error_squares{suffix}"], sums[f"errors{suffix}"])
            measures[f"error_cm_mean{suffix}"] = mean
            measures[f"error_cm_std{suffix}"] = np.sqrt(np.maximum(mean_square - mean**2, 0.0))
    if "located" in sums:
        for key in TOLERANCES_S:
            measures[f"within_s {key}"] = _ratio(sums[f"within {key}"], sums["located"])
    if "placed" in sums:
        for place in ("system", "bar"):
            measures[f"{place}_accuracy"] = _ratio(sums[f"in_{place}"], sums["placed"])
        measures["system_within_1_s"] = _ratio(sums["in_system_soon"], sums["placed"])
    if "hours" in sums:
        measures["false_jumps_per_hour"] = _ratio(sums["false_jumps"], sums["hours"])
    return measures


def _ratio(part: Any, whole: Any) -> Any:
    whole = np.where(np.asarray(whole) == 0, np.nan, whole)
    return np.asarray(part) / whole
