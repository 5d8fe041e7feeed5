"""Onsets are moved to what was played, stay in order, and gaps are filled in rhythm."""

import numpy as np
import pytest

from standpartner.align.onset_refinement import fill_missing_onsets, interpolate, refine_onsets
from standpartner.perform import PlayedNotes


def played(pitch, onset_s):
    return PlayedNotes(pitch, onset_s, np.full(len(pitch), 0.1), np.full(len(pitch), 64))


def test_lines_go_on_beyond_the_known_points():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0])
    assert interpolate(np.array([-1.0, 0.5, 3.0]), x, y).tolist() == [-2.0, 1.0, 6.0]


def test_gaps_are_filled_in_the_expected_rhythm_and_steps_back_are_dropped():
    known_s = np.array([1.0, 2.0, np.nan, 0.5, 5.0])
    filled = fill_missing_onsets(known_s, np.array([0.0, 2.0, 4.0, 6.0, 8.0]))
    assert filled == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0], abs=1e-9)


def test_times_increase_strictly_even_where_the_expected_ones_do_not():
    known_s = np.array([1.0, 1.0, 1.0, 2.0])
    assert (np.diff(fill_missing_onsets(known_s, np.array([0.0, 0.0, 0.0, 1.0]))) > 0).all()


def test_chords_are_at_the_median_of_their_notes():
    notes = played([60, 64, 67, 72], [1.0, 1.03, 1.2, 2.0])
    refined = refine_onsets(
        np.array([0, 0, 0, 1]), np.array([60, 64, 67, 72]), expected_s=np.array([1.1, 2.1]), played=notes
    )
    assert refined.onset_s == pytest.approx([1.03, 2.0])
    assert refined.share == 1.0
    assert refined.longest_gap == 0


def test_notes_that_are_too_far_or_of_another_pitch_are_not_taken():
    notes = played([60, 61, 60, 60], [1.0, 2.0, 3.5, 4.0])
    refined = refine_onsets(
        np.arange(4), np.array([60, 60, 60, 60]), expected_s=np.array([1.0, 2.0, 3.0, 4.0]), played=notes
    )
    assert refined.onset_s == pytest.approx([1.0, 2.0, 3.0, 4.0], abs=1e-9)
    assert refined.share == 0.5
    assert refined.longest_gap == 2


def test_a_note_too_far_off_is_found_once_its_neighbours_have_moved():
    late_s = np.array([0.3, 0.45, 0.3, 0.3])
    refined = refine_onsets(
        np.arange(4),
        60 + np.arange(4),
        expected_s=np.arange(4.0),
        played=played(60 + np.arange(4), np.arange(4) + late_s),
    )
    assert refined.onset_s == pytest.approx(np.arange(4) + late_s)
    assert refined.share == 1.0
