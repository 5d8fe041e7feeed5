"""Performances of a tune are aligned to within milliseconds, whatever the truth is made from."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.align import (
    AnnotatedPosition,
    MatchedNotes,
    align_annotated_positions,
    align_match,
    align_midi,
    align_with_beats,
    align_with_score_midi,
)
from standpartner.errors import PieceError
from standpartner.perform import PlayedNotes

HALF_QUARTERS = 16  # of the tune, the half that is repeated


def beats_of(quarters, rubato):
    """Seconds of the beats in the score's MIDI and in the performance, tapped with some error."""
    beats = np.arange(0.0, quarters + 1)
    tapped_s = rubato(beats) + 0.05 * np.random.default_rng(2).uniform(-1, 1, len(beats))
    return {"score_beats_s": beats, "beats_s": tapped_s}


def error_s(alignment, played):
    assert alignment.onset.tolist() == played.onset.tolist()
    return np.abs(alignment.onset_s - played.onset_s)


def test_by_beats(tune, once, rubato):
    alignment = align_with_beats(tune, once.notes, score_midi=once.unfolded, **beats_of(2 * HALF_QUARTERS, rubato))
    assert alignment.share == 1.0
    assert error_s(alignment, once).max() < 0.02


def test_by_beats_with_a_repeat(tune, twice, rubato):
    alignment = align_with_beats(tune, twice.notes, score_midi=twice.unfolded, **beats_of(3 * HALF_QUARTERS, rubato))
    assert alignment.share == 1.0
    assert error_s(alignment, twice).max() < 0.04
    assert len(alignment.played) == len(twice.notes)


def test_by_notes_and_the_score_as_it_was_played(tune, twice):
    alignment = align_with_score_midi(tune, twice.notes, score_midi=twice.unfolded)
    assert alignment.share == 1.0
    assert error_s(alignment, twice).max() < 0.04


@pytest.mark.parametrize("repeat", ["once", "twice"])
def test_by_notes_alone_the_repeat_is_taken_or_left_out_as_it_is_played(tune, repeat, request):
    played = request.getfixturevalue(repeat)
    alignment = align_midi(tune, played.notes)
    assert alignment.share == 1.0
    assert error_s(alignment, played).max() < 0.02


def test_by_notes_alone_with_wrong_and_missing_notes(tune, once):
    keep = np.arange(len(once.notes)) % 11 != 5
    wrong = replace(
        once.notes,
        pitch=(once.notes.pitch + (np.arange(len(once.notes)) % 13 == 7))[keep],
        onset_s=once.notes.onset_s[keep],
        duration_s=once.notes.duration_s[keep],
        velocity=once.notes.velocity[keep],
    )
    alignment = align_midi(tune, wrong)
    assert alignment.method == "notes"
    assert 0.85 < alignment.share < 1.0
    # Of two strokes of one key, one left out, the notes alone do not tell which: a few onsets may be wrong.
    assert np.quantile(error_s(alignment, once), 0.9) < 0.02


def test_by_matched_notes(tune, twice, rubato):
    quarter = twice.unfolded.tick / twice.unfolded.ticks_per_quarter
    match = MatchedNotes(twice.unfolded.pitch, quarter, rubato(quarter), twice.notes)
    alignment = align_match(tune, match)
    assert alignment.share == 1.0
    assert error_s(alignment, twice).max() < 0.01
    assert len(alignment.played) == len(twice.notes)


def test_by_places(tune, rubato):
    places = [AnnotatedPosition(float(rubato(4.0 * k)), str(k + 1), 0.0) for k in range(8)]
    alignment = align_annotated_positions(tune, [*places, AnnotatedPosition(float(rubato(30.0)), "8", 2.0)])
    assert np.abs(alignment.onset_s - rubato(tune.onsets.quarter)).max() < 0.05
    assert alignment.played.pitch.tolist() == tune.notes.pitch.tolist()


def test_places_must_be_in_the_score_and_go_forward(tune):
    with pytest.raises(PieceError, match=r"there is no measure 12.*measures 1 to 8"):
        align_annotated_positions(tune, [AnnotatedPosition(0.0, "1", 0.0), AnnotatedPosition(9.0, "12", 0.0)])
    with pytest.raises(PieceError, match="go forward"):
        align_annotated_positions(tune, [AnnotatedPosition(1.0, "2", 0.0), AnnotatedPosition(2.0, "2", 0.0)])
    with pytest.raises(PieceError, match="start before the recording"):
        align_annotated_positions(tune, [AnnotatedPosition(0.5, "3", 0.0), AnnotatedPosition(2.5, "4", 0.0)])


def test_other_numbers_of_beats_are_refused(tune, once, rubato):
    beats = beats_of(2 * HALF_QUARTERS, rubato)
    beats["beats_s"] = beats["beats_s"][:-1]
    with pytest.raises(PieceError, match="32 beats are annotated, but the score's MIDI has 33"):
        align_with_beats(tune, once.notes, score_midi=once.unfolded, **beats)


def test_other_music_is_refused(tune, once):
    other = replace(once.notes, pitch=once.notes.pitch[::-1] + 1)
    with pytest.raises(PieceError, match=r"of the score('s notes are found| is in the performance)"):
        align_midi(tune, other)


def test_a_passage_left_out_is_refused(tune, once, rubato):
    late = once.notes.onset_s > rubato(16.0)
    short = replace(once.notes, pitch=np.where(late, 100, once.notes.pitch))
    with pytest.raises(PieceError, match="found in the performance"):
        align_midi(tune, short)


@pytest.mark.parametrize("method", ["beats", "match"])
def test_the_onset_after_a_trill_is_not_pulled_into_it(trilled, rubato, method):
    score, unfolded = trilled
    quarter = unfolded.tick / unfolded.ticks_per_quarter
    played = PlayedNotes(unfolded.pitch, rubato(quarter), np.full(len(quarter), 0.1), np.full(len(quarter), 70))
    if method == "beats":
        alignment = align_with_beats(score, played, score_midi=unfolded, **beats_of(24, rubato))
    else:
        alignment = align_match(score, MatchedNotes(unfolded.pitch, quarter, rubato(quarter), played))
    assert alignment.onset.tolist() == list(range(len(score.onsets)))
    assert np.abs(alignment.onset_s - rubato(score.onsets.quarter)).max() < 0.02
