"""Makes onsets and sounding notes from the engraver's time map and drawn heads.

Rules:
- An onset is a score time at which at least one drawn note starts that is neither a grace note nor a tied continuation.
  Its x is the median of those heads' x.
- Onsets go forward: of the positions in the order of time the longest strictly increasing run is kept.
- Notes and heads without an onset of their own (hidden notes, dropped positions) belong to the next onset in time,
  grace notes to the next onset along the strip; or to the last one if none follows.
- Grace notes sound just before their onset, an eighth of a quarter each, or less where the onset before is near.
- A tie joins two notes of one pitch; the first sounds for both and only the first starts an onset.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.notation.mei import MeiFacts
from standpartner.score.notation.time_map import NoteSpan


@dataclass(frozen=True)
class OnsetPlan:
    """The found onsets: the position and time of each, and the onset of each event of the time map."""

    x_px: list[float]
    quarter: list[float]
    time_s: list[float]
    of_event: list[int]

    def onset_after(self, x_px: float) -> int:
        """Return the first onset right of a strip position, else the last onset."""
        return min(bisect_right(self.x_px, x_px), len(self.x_px) - 1)


def tie_continuations(facts: MeiFacts, spans: Mapping[str, NoteSpan]) -> dict[str, str]:
    """Return the ties, first -> second, between two notes that both sound, the second later than the first."""
    return {
        first: second
        for first, second in facts.ties.items()
        if first in spans and second in spans and spans[second].event > spans[first].event
    }


def plan_onsets(
    spans: Mapping[str, NoteSpan], head_x_px: Mapping[str, float], *, silent: set[str], event_count: int
) -> OnsetPlan:
    """Choose the onsets.

    Args:
        spans: The start and end of each note.
        head_x_px: The strip x of each drawn note in px.
        silent: The ids of notes that start no onset, as they are tied continuations.
        event_count: The number of moments of the time map.

    Raises:
        ScoreError: No drawn note starts anywhere.
    """
    # Moments of one time are one onset, as the time map may repeat a time.
    xs: dict[float, list[float]] = {}
    first: dict[float, NoteSpan] = {}
    for note, span in sorted(spans.items(), key=lambda item: item[1].event):
        if note in head_x_px and note not in silent:
            xs.setdefault(span.quarter, []).append(head_x_px[note])
            first.setdefault(span.quarter, span)
    if not xs:
        raise ScoreError("The score has no notes to follow.")
    quarters = list(xs)
    x_px = [float(np.median(xs[quarter])) for quarter in quarters]
    kept = longest_increasing(x_px)
    plan_quarters = [quarters[index] for index in kept]
    events = [first[quarter].event for quarter in plan_quarters]
    of_event = [min(bisect_left(events, event), len(events) - 1) for event in range(event_count)]
    for span in spans.values():  # these are later moments of the same time
        index = bisect_left(plan_quarters, span.quarter)
        if index < len(plan_quarters) and plan_quarters[index] == span.quarter:
            of_event[span.event] = index
    times = [first[quarter].time_s for quarter in plan_quarters]
    return OnsetPlan([x_px[index] for index in kept], plan_quarters, times, of_event)


def longest_increasing(values: Sequence[float]) -> list[int]:
    """Return the indexes of a longest strictly increasing run of values (not necessarily neighbours)."""
    tails: list[float] = []
    tail_index: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(tail_index[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        tail_index[length : length + 1] = [index]
    run, index = [], tail_index[-1] if tail_index else -1
    while index >= 0:
        run.append(index)
        index = before[index]
    return run[::-1]
