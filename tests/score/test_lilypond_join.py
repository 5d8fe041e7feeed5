"""Heads and notes find each other by time and pitch: ties, unisons, grace notes, several scores."""

from fractions import Fraction

import numpy as np
import pytest

from standpartner.errors import ScoreError
from standpartner.score.notation.lilypond.engraving import BarStart, DrawnSystem, NoteHeadGrob, read_engraving
from standpartner.score.notation.lilypond.join import join
from standpartner.score.notation.midi import MidiNotes

QUARTER = Fraction(1, 4)


def midi(*notes: tuple[int, int, int]) -> MidiNotes:
    """Notes as (tick, end tick, pitch) at 384 ticks a quarter and a quarter a second."""
    rows = np.array(sorted((tick, pitch, end) for tick, end, pitch in notes))
    return MidiNotes(
        ticks_per_quarter=384,
        tick=rows[:, 0],
        pitch=rows[:, 1],
        end_tick=rows[:, 2],
        velocity=np.full(len(rows), 64),
        tempo_tick=np.array([0]),
        tempo_s=np.array([1.0]),
    )


def system(*heads: tuple[Fraction | int, int], score: int = 0, graces: tuple = ()) -> DrawnSystem:
    """Heads as (moment, pitch); graces as (moment, grace moment, pitch)."""
    drawn = [NoteHeadGrob(float(moment) * 40, 5.0, pitch, Fraction(moment), Fraction(0)) for moment, pitch in heads]
    drawn += [
        NoteHeadGrob(float(moment) * 40 - 2, 5.0, pitch, Fraction(moment), grace) for moment, grace, pitch in graces
    ]
    return DrawnSystem(0, score, BarStart(0.0, Fraction(0), "1", Fraction(0)), 0.0, 100.0, 0.0, 4.0, 1.0, drawn)


def test_a_head_whose_key_is_down_already_is_a_continuation() -> None:
    joined = join([system((0, 60), (QUARTER, 60), (QUARTER, 64))], [midi((0, 768, 60), (384, 768, 64))], name="x")
    assert [head.note for head in joined.heads] == [0, -1, 1]
    assert all(head.sounding for head in joined.heads)


def test_two_heads_on_one_key_are_one_note_as_long_as_the_longer() -> None:
    joined = join([system((0, 60), (0, 60))], [midi((0, 384, 60), (0, 768, 60))], name="x")
    assert [head.note for head in joined.heads] == [0, 0]
    assert [note.duration_quarter for note in joined.notes] == [2.0]


def test_ticks_may_be_rounded() -> None:
    moment = Fraction(1, 28)  # a seventh of a quarter is 54.86 ticks
    joined = join([system((0, 60), (moment, 62))], [midi((0, 54, 60), (54, 110, 62))], name="x")
    assert [head.note for head in joined.heads] == [0, 1]


def test_grace_notes_take_the_strokes_just_before_their_beat() -> None:
    graces = ((QUARTER, Fraction(-1, 8), 62), (QUARTER, Fraction(-1, 16), 64), (2 * QUARTER, Fraction(-1, 8), 62))
    notes = midi((0, 300, 60), (340, 362, 62), (362, 384, 64), (384, 740, 60), (740, 768, 62), (768, 1152, 60))
    joined = join([system((0, 60), (QUARTER, 60), (2 * QUARTER, 60), graces=graces)], [notes], name="x")
    assert [head.note for head in joined.heads] == [0, 3, 5, 1, 2, 4]
    assert [note.grace for note in joined.notes] == [False, True, True, False, True, False]


def test_grace_notes_before_the_first_beat_delay_the_midi() -> None:
    graces = ((0, Fraction(-1, 16), 59),)
    notes = midi((0, 43, 59), (43, 427, 60), (427, 811, 62))
    joined = join([system((0, 60), (QUARTER, 62), graces=graces)], [notes], name="x")
    assert [head.note for head in joined.heads] == [1, 2, 0]
    assert [note.quarter for note in joined.notes] == pytest.approx([-43 / 384, 0, 1])
    assert joined.notes[0].time_s == 0


def test_scores_follow_each_other_and_take_the_midi_that_fits() -> None:
    systems = [system((0, 60), (QUARTER, 62)), system((0, 70), (QUARTER, 72), score=1)]
    files = [midi((0, 384, 70), (384, 768, 72)), midi((0, 384, 60), (384, 768, 62))]
    joined = join(systems, files, name="x")
    assert [note.pitch for note in joined.notes] == [60, 62, 70, 72]
    assert [note.quarter for note in joined.notes] == [0, 1, 2, 3]
    assert [note.time_s for note in joined.notes] == [0, 1, 2, 3]
    assert [head.quarter for head in joined.heads] == [0, 1, 2, 3]
    assert [head.note for head in joined.heads] == [0, 1, 2, 3]
    assert joined.score_quarter == {0: 0.0, 1: 2.0}
    with pytest.raises(ScoreError, match="more scores than it has MIDI"):
        join(systems, files[:1], name="x")


def test_too_many_strangers_on_either_side_are_refused_with_the_share() -> None:
    with pytest.raises(ScoreError, match=r"plays 50\.0% are drawn, of those it draws 100\.0% sound"):
        join([system((0, 60))], [midi((0, 384, 60), (384, 768, 61))], name="x")
    with pytest.raises(ScoreError, match=r"plays 100\.0% are drawn, of those it draws 50\.0% sound"):
        join([system((0, 60), (QUARTER, 61))], [midi((0, 384, 60))], name="x")


def test_a_report_is_read_with_staves_at_their_middle_lines() -> None:
    report = "book\t1.76\t119\t169\npage\nsystem\t0\t0\t1\t-1/4\n"
    report += "staff\t10\t110\t4.95\t9.05\t1\t5\nstaff\t10\t110\t14.95\t19.05\t1\t5\n"
    report += "head\t20\t6.5\t61\t2\t0\t-1/8\nhead\t20\t6.5\t60\t2\t-\t-\nbar\t30\t30.2\t1/4\t2\t0\t:|.\n"
    engraving = read_engraving(report)
    (drawn,) = engraving.systems
    assert (drawn.left, drawn.right, drawn.top, drawn.bottom) == pytest.approx((10, 110, 5, 19))
    assert drawn.heads == [NoteHeadGrob(20.0, 6.5, 61, Fraction(0), Fraction(-1, 8))]
    assert drawn.bars == [BarStart(30.1, QUARTER, "2", Fraction(0), ":|.")]
    assert drawn.start.position == Fraction(-1, 4)


@pytest.mark.parametrize("report", ["", "page\nhead\t1", "book\t1\t2\t3\npage\nsystem\t0\tx\t1\t0\n", "oops"])
def test_a_report_of_something_else_is_refused(report: str) -> None:
    with pytest.raises(ScoreError, match="LilyPond"):
        read_engraving(report)
