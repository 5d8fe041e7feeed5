import io

import numpy as np
import pytest

from standpartner.errors import AudioError
from standpartner.perform import PlayedNotes
from standpartner.perform.midi_file import TICKS_PER_SECOND, midi_bytes

pretty_midi = pytest.importorskip("pretty_midi")


def read_back(content: bytes) -> list[tuple[int, float, float, int]]:
    """Notes (pitch, start, end, velocity) as another program reads them."""
    (instrument,) = pretty_midi.PrettyMIDI(io.BytesIO(content)).instruments
    return sorted((n.pitch, round(n.start, 6), round(n.end, 6), n.velocity) for n in instrument.notes)


def test_notes_survive_the_file_to_a_tick():
    rng = np.random.default_rng(1)
    pitch = np.arange(21, 109)
    onset_s = rng.uniform(0, 300, len(pitch))
    duration_s = rng.uniform(0.05, 4, len(pitch))
    velocity = rng.integers(1, 128, len(pitch))
    back = read_back(midi_bytes(PlayedNotes(pitch, onset_s, duration_s, velocity)))
    assert [note[0] for note in back] == pitch.tolist()
    assert [note[3] for note in back] == velocity.tolist()
    np.testing.assert_allclose([note[1] for note in back], onset_s, atol=0.51 / TICKS_PER_SECOND)
    np.testing.assert_allclose([note[2] for note in back], onset_s + duration_s, atol=0.51 / TICKS_PER_SECOND)


def test_a_key_struck_again_is_released_first():
    played = PlayedNotes(np.array([60, 60]), np.array([0.0, 1.0]), np.array([3.0, 1.0]), np.array([80, 90]))
    assert read_back(midi_bytes(played)) == [(60, 0.0, 1.0, 80), (60, 1.0, 2.0, 90)]


def test_of_notes_struck_together_on_one_key_the_longest_stays():
    played = PlayedNotes(np.array([60, 60]), np.array([1.0, 1.0]), np.array([2.0, 1.0]), np.array([80, 90]))
    assert read_back(midi_bytes(played)) == [(60, 1.0, 3.0, 80)]


def test_program_lead_and_long_pauses():
    played = PlayedNotes(np.array([60]), np.array([2000.0]), np.array([1.0]), np.array([80]), program=6)
    content = midi_bytes(played, lead_s=0.5)
    assert read_back(content) == [(60, 2000.5, 2001.5, 80)]
    assert pretty_midi.PrettyMIDI(io.BytesIO(content)).instruments[0].program == 6
    assert pretty_midi.PrettyMIDI(io.BytesIO(midi_bytes(played, program=40))).instruments[0].program == 40


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pitch": np.array([128])}, "pitch of played notes from 0 to 127, got 128 at note 0"),
        ({"velocity": np.array([0])}, "velocity of played notes from 1 to 127"),
        ({"onset_s": np.array([-0.1])}, "onset_s of played notes from 0"),
        ({"onset_s": np.array([np.nan])}, "got nan at note 0"),
        ({"duration_s": np.array([0.0])}, "duration_s"),
        ({"duration_s": np.array([1.0, 2.0])}, "equally long"),
        ({"program": 128}, "program"),
    ],
)
def test_impossible_notes_are_refused(change, words):
    columns = {"pitch": [60], "onset_s": [0.0], "duration_s": [1.0], "velocity": [80]} | change
    with pytest.raises(AudioError, match=words):
        PlayedNotes(**columns)
