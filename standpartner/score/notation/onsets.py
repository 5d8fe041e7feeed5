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
from typing import Any

import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.notation.mei import MeiFacts

_SAME_S = 1e-9  # so that equal times of entries behind each other count as going forward


@dataclass(frozen=True)
class NoteSpan:
    """The start and end of a written note; ``event`` is the index of its entry in the time map."""

    event: int
    quarter: float
    time_s: float
    end_quarter: float
    end_time_s: float


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


def _in_order(timemap: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, Mapping[str, Any]]]:
    """Return the quarter, second and entry of the time map in the order of time.

    Verovio sorts them by fractions and sometimes fails: a run in 27ths, or sixteen measures after one, may stand among
    music of hundreds of quarters before. The quarters themselves are right. Seconds that go back, as they may where the
    tempo has changed before such a run, are taken from the music around.
    """
    entries = sorted(timemap, key=lambda entry: float(entry["qstamp"]))
    quarters = [float(entry["qstamp"]) for entry in entries]
    times_s = [float(entry["tstamp"]) / 1000 for entry in entries]
    forward = longest_increasing([time_s + _SAME_S * index for index, time_s in enumerate(times_s)])
    if len(forward) < len(entries):
        right_s = [times_s[index] for index in forward]
        times_s = np.interp(quarters, [quarters[index] for index in forward], right_s).tolist()
    return list(zip(quarters, times_s, entries, strict=True))


def read_spans(timemap: Sequence[Mapping[str, Any]]) -> dict[str, NoteSpan]:
    """Read each note's start and end from Verovio's time map."""
    starts: dict[str, tuple[int, float, float]] = {}
    spans: dict[str, NoteSpan] = {}
    quarter = time_s = 0.0
    for event, (quarter, time_s, entry) in enumerate(_in_order(timemap)):
        for note in entry.get("off", ()):
            if note in starts and note not in spans:
                spans[note] = NoteSpan(*starts[note], quarter, time_s)
        for note in entry.get("on", ()):
            starts.setdefault(note, (event, quarter, time_s))
    for note, start in starts.items():
        spans.setdefault(note, NoteSpan(*start, quarter, time_s))
    return spans


def measure_quarters(timemap: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Read each measure's start in quarters."""
    starts: dict[str, float] = {}
    for quarter, _, entry in _in_order(timemap):
        if "measureOn" in entry:
            starts.setdefault(entry["measureOn"], quarter)
    return starts


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
        event_count: The number of entries of the time map.

    Raises:
        ScoreError: No drawn note starts anywhere.
    """
    # Entries of one time are one onset, as the time map may repeat a time.
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
    for span in spans.values():  # these are later entries of the same time
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
