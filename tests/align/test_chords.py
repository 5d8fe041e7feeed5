"""Finding chords in a score: what is extra or missing is stepped over, repeats are found."""

import numpy as np
import pytest

from standpartner.align.chords import find_chords, group_chords


@pytest.fixture
def onsets():
    """60 chords of three random pitches."""
    rng = np.random.default_rng(0)
    table = np.zeros((60, 128), bool)
    for row in table:
        row[rng.choice(np.arange(40, 80), 3, replace=False)] = True
    return table


def test_notes_within_the_width_are_one_chord():
    chords, start_s = group_chords([60, 64, 67, 62], [1.0, 1.02, 1.03, 2.0], width=0.035)
    assert start_s.tolist() == [1.0, 2.0]
    assert np.flatnonzero(chords[0]).tolist() == [60, 64, 67]
    assert np.flatnonzero(chords[1]).tolist() == [62]


def test_what_is_played_as_written_is_found_in_order(onsets):
    assert find_chords(onsets, onsets, jumps=False).onset.tolist() == list(range(60))


def test_an_extra_chord_and_a_missing_one_do_not_lead_astray(onsets):
    strange = np.zeros((1, 128), bool)
    strange[0, 100] = True
    played = np.concatenate([onsets[:20], strange, onsets[20:40], onsets[41:]])
    expected = [*range(20), -1, *range(20, 40), *range(41, 60)]
    assert find_chords(played, onsets, jumps=False).onset.tolist() == expected


def test_wrong_notes_in_every_chord_do_not_lead_astray(onsets):
    rng = np.random.default_rng(1)
    played = onsets.copy()
    for row in played:
        row[rng.choice(np.flatnonzero(row))] = False
        row[rng.integers(40, 80)] = True
    assert np.mean(find_chords(played, onsets, jumps=False).onset == np.arange(60)) > 0.95


def test_repeats_are_found_and_endings_skipped_only_with_jumps(onsets):
    unfolded = [*range(30), *range(26), *range(30, 60)]  # onsets 26 to 29 are a first ending
    assert find_chords(onsets[unfolded], onsets, jumps=True).onset.tolist() == unfolded
    without = find_chords(onsets[unfolded], onsets, jumps=False).onset
    assert (np.diff(without[without >= 0]) >= 0).all()


def test_the_rhythm_tells_a_trill_from_the_note_after_it():
    pitches = [60, 79, 79, 77]  # onsets: the second is trilled with 81, the third is its note again
    onsets = np.zeros((4, 128), bool)
    onsets[np.arange(4), pitches] = True
    played = [60, *[79, 81] * 4, 79, 77]
    chords = np.zeros((len(played), 128), bool)
    chords[np.arange(len(played)), played] = True
    quarters = np.array([0.0, *(1 + np.arange(8) / 4), 3.0, 4.0]), np.array([0.0, 1, 3, 4])
    found = find_chords(chords, onsets, jumps=True, quarters=quarters).onset
    assert found[[0, 1, -2, -1]].tolist() == [0, 1, 2, 3]
    assert (found[2:9] <= 1).all()
