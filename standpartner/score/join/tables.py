"""Moves the tables of an engraved score to a printed strip."""

from dataclasses import dataclass, replace

import numpy as np

from standpartner.score.join.heads import nearest_staff
from standpartner.score.model import Notation, Score
from standpartner.score.tables import Floats, Ints, Noteheads


@dataclass(frozen=True)
class Placed:
    """The places of the music on a printed strip.

    Attributes:
        onset_px: The strip px of each onset.
        left_px: The left end of each measure.
        right_px: Its right end.
        system: Its system.
    """

    onset_px: Floats
    left_px: Floats
    right_px: Floats
    system: Ints


def move_music(score: Score, placed: Placed, *, engraved_rows: list[Floats], printed_rows: list[Floats]) -> Notation:
    """Move the tables of an engraved score to a printed strip.

    Args:
        score: The engraved score.
        placed: The places of its onsets and measures in print.
        engraved_rows: The rows of the staves of each engraved system; see `standpartner.score.join.heads.staff_rows`.
        printed_rows: The rows of the staves of each printed system.
    """
    onsets, measures = score.onsets, score.measures
    return replace(
        score.notation,
        noteheads=_heads(score, placed, engraved_rows=engraved_rows, printed_rows=printed_rows),
        onsets=replace(onsets, x_px=placed.onset_px, system=placed.system[onsets.measure]),
        measures=replace(measures, strip_left_px=placed.left_px, strip_right_px=placed.right_px, system=placed.system),
    )


def _heads(score: Score, placed: Placed, *, engraved_rows: list[Floats], printed_rows: list[Floats]) -> Noteheads:
    """Keep the distance of each head from its onset and its staff; a tied head goes where the music beside it goes."""
    heads, onsets, measures = score.noteheads, score.onsets, score.measures
    starts = heads.onset >= 0
    marks = np.concatenate([onsets.x_px, measures.strip_right_px])
    order = np.argsort(marks, kind="stable")
    moved = np.concatenate([placed.onset_px, placed.right_px])[order]
    x_px = np.interp(heads.x_px, marks[order], moved)
    own = heads.onset[starts]
    x_px[starts] = placed.onset_px[own] + heads.x_px[starts] - onsets.x_px[own]
    measure = np.clip(np.searchsorted(measures.strip_left_px, heads.x_px, side="right") - 1, 0, len(measures) - 1)
    engraved = [engraved_rows[system] for system in measures.system[measure]]
    printed = [printed_rows[system] for system in placed.system[measure]]
    staff, below_px = nearest_staff(heads.y_px, engraved)
    y_px = below_px + [rows[min(int(index), len(rows) - 1)] for index, rows in zip(staff, printed, strict=True)]
    return replace(heads, x_px=x_px, y_px=y_px)
