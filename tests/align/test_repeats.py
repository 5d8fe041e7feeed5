"""What is played again is told from what is new, and can be taken out of a performance."""

import numpy as np
import pytest

from standpartner.align.repeats import FirstPass, cut_notes, cut_times
from standpartner.errors import PieceError
from standpartner.perform import PlayedNotes


def test_a_repeat_with_two_endings_is_played_again_up_to_the_second_ending():
    path = np.array([0, 1, 2, 3, 0, -1, 1, 4, 5])
    first_pass = FirstPass.of_path(path, np.arange(9.0))
    assert first_pass.onset.tolist() == [0, 1, 2, 3, 4, 5]
    assert first_pass.time.tolist() == [0, 1, 2, 3, 7, 8]
    assert first_pass.repeated_spans == ((4.0, 7.0),)


def test_a_da_capo_lasts_to_the_end():
    first_pass = FirstPass.of_path(np.array([0, 1, 2, 3, 0, 1]), np.arange(6.0))
    assert first_pass.repeated_spans == ((4.0, np.inf),)


def test_other_music_is_refused():
    with pytest.raises(PieceError, match="hardly a note"):
        FirstPass.of_path(np.array([-1, -1, 3, -1]), np.arange(4.0))


def test_times_after_spans_come_sooner_and_those_inside_are_the_start():
    spans = ((2.0, 5.0), (6.0, 7.0))
    assert cut_times([1.0, 3.0, 5.5, 8.0], spans).tolist() == [1.0, 2.0, 2.5, 4.0]


def test_notes_of_a_span_are_taken_out_but_a_chord_that_starts_early_stays_whole():
    start_s = np.array([1.0, 2.0, 3.0, 4.98, 5.0, 6.0])
    played = PlayedNotes(np.arange(60, 66), start_s, np.ones(6), np.full(6, 64))
    left = cut_notes(played, ((2.0, 5.0),))
    assert left.pitch.tolist() == [60, 63, 64, 65]
    assert left.onset_s == pytest.approx([1.0, 1.98, 2.0, 3.0])
