"""Makes the table of sounding notes, with ties merged and grace notes before the onset that they lead to."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from standpartner.score.notation.mei import MeiFacts, MeiNote
from standpartner.score.notation.onsets import OnsetPlan
from standpartner.score.notation.time_map import NoteSpan
from standpartner.score.tables import Notes

GRACE_QUARTERS: Final = 0.125


class _Row(NamedTuple):
    pitch: int
    onset: int
    quarter: float
    duration_quarter: float
    time_s: float
    duration_s: float
    grace: bool
    hidden: bool


def sounding_notes(
    spans: Mapping[str, NoteSpan],
    facts: MeiFacts,
    *,
    ties: Mapping[str, str],
    plan: OnsetPlan,
    grace_x_px: Mapping[str, float],
) -> Notes:
    """List the notes that sound, in the order of time and pitch.

    Args:
        spans: The start and end of each note that is not a grace note.
        facts: The facts of the MEI document, which give the pitches.
        ties: The ties, from each first note to its continuation.
        plan: The onsets.
        grace_x_px: The strip x of each drawn grace note in px.
    """
    continued = set(ties.values())
    rows = [
        _row(note, spans, ties=ties, written=facts.notes[note], onset=plan.of_event[span.event])
        for note, span in spans.items()
        if note in facts.notes and note not in continued
    ]
    by_onset: dict[int, dict[float, list[int]]] = {}
    for note, x_px in sorted(grace_x_px.items(), key=lambda item: item[1]):
        at_x = by_onset.setdefault(plan.onset_after(x_px), {})
        at_x.setdefault(round(x_px), []).append(facts.notes[note].pitch)
    for onset, groups in by_onset.items():
        rows += _grace_rows(onset, list(groups.values()), plan)
    rows.sort(key=lambda row: (row.quarter, row.grace, row.pitch))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_Row._fields)
    return Notes(*(np.array(column) for column in columns))


def _row(note: str, spans: Mapping[str, NoteSpan], *, ties: Mapping[str, str], written: MeiNote, onset: int) -> _Row:
    first = spans[note]
    duration_quarter, duration_s = 0.0, 0.0
    member: str | None = note
    while member is not None:
        part = spans[member]
        duration_quarter += part.end_quarter - part.quarter
        duration_s += part.end_time_s - part.time_s
        member = ties.get(member)
    return _Row(written.pitch, onset, first.quarter, duration_quarter, first.time_s, duration_s, False, written.hidden)


def _grace_rows(onset: int, chords: list[list[int]], plan: OnsetPlan) -> list[_Row]:
    quarter, time_s = plan.quarter[onset], plan.time_s[onset]
    gap = quarter - (plan.quarter[onset - 1] if onset else 0.0)
    seconds_per_quarter = (time_s - (plan.time_s[onset - 1] if onset else 0.0)) / gap if gap > 0 else 0.5
    step = min(GRACE_QUARTERS, gap / 2 / len(chords))
    length = step or GRACE_QUARTERS  # before the very first onset there is no time, so they sound with it
    rows = []
    for index, pitches in enumerate(chords):
        before = step * (len(chords) - index)
        start_s = time_s - before * seconds_per_quarter
        rows += [
            _Row(pitch, onset, quarter - before, length, start_s, length * seconds_per_quarter, True, False)
            for pitch in pitches
        ]
    return rows
