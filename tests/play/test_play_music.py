from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet, menuet_music
from standpartner.errors import MissingExtraError, PieceError
from standpartner.game import NOTTINGHAM, PIANO
from standpartner.hear import read_audio, spectrogram
from standpartner.perform import synthesis
from standpartner.play import audible_track


def test_the_demo_is_heard_as_it_was_recorded():
    music = menuet_music()
    np.testing.assert_array_equal(music.audio, read_audio(load_menuet().recording))
    np.testing.assert_array_equal(music.track.onset_s, load_menuet().onset_s)
    assert (music.title, music.config) == ("Menuet in G", NOTTINGHAM)


@pytest.mark.needs("synthesiser")
def test_a_piece_sounds_when_its_notes_are_played(tiny_pieces):
    piece = tiny_pieces[0]
    for index, performance in enumerate(piece.performances):
        music = audible_track(piece, config=NOTTINGHAM, performance=performance.name)
        assert music.track.name == f"{piece.name}/{performance.name}"
        np.testing.assert_array_equal(music.track.spectrogram, performance.spectrogram)
        assert len(music.audio) / SAMPLE_RATE_HZ > performance.onset_s[-1]
        assert np.abs(music.audio).max() == pytest.approx(0.8, abs=1e-3)
        heard, other = spectrogram(music.audio), piece.performances[1 - index].spectrogram
        assert likeness(heard, performance.spectrogram) > 0.8 > 0.5 > likeness(heard, other)


@pytest.mark.needs("synthesiser")
def test_it_is_in_the_tuning_that_the_agents_hear(tiny_pieces):
    """A semitone up is a band up, as the spectrogram that the game shows of such a performance is."""
    performance = tiny_pieces[0].performances[0]
    sharp = replace(performance, made_by=performance.made_by | {"detune_cents": 100.0})
    one, other = (
        spectrogram(audible_track(replace(tiny_pieces[0], performances=(heard,)), config=PIANO).audio)
        for heard in (performance, sharp)
    )
    assert likeness(other[:, 1:], one[:, :-1]) > 0.9 > likeness(other, one)


def likeness(one, other):
    frames = min(len(one), len(other))
    return np.corrcoef(one[:frames].ravel(), other[:frames].ravel())[0, 1]


@pytest.mark.needs("synthesiser")
def test_the_first_performance_is_taken_and_an_unknown_one_refused(tiny_pieces):
    piece = tiny_pieces[0]
    assert audible_track(piece, config=PIANO).track.name == f"{piece.name}/p0"
    with pytest.raises(PieceError, match="expected the performance 'p7', it has p0, p1"):
        audible_track(piece, config=PIANO, performance="p7")


def test_without_a_synthesiser_it_names_the_cure(tiny_pieces, monkeypatch):
    monkeypatch.setattr(synthesis, "backends", lambda: ())
    with pytest.raises(MissingExtraError, match=r'pip install "standpartner\[synth\]"'):
        audible_track(tiny_pieces[0], config=PIANO)


@pytest.mark.needs("synthesiser")
def test_a_first_passage_that_is_too_short_is_not_heard_either(tiny_pieces):
    """It is no track, so the sound begins with the passage after it."""
    piece, played = tiny_pieces[0], tiny_pieces[0].performances[0]
    later_s = played.onset_s[2] - played.onset_s[0]
    silence = np.zeros((round(20 * later_s), 78), np.float32)
    repeating = replace(
        played,
        onset_s=np.concatenate([played.onset_s[:2], played.onset_s + later_s]),
        order=np.array([0, 1, *range(len(played.onset_s))]),
        note_onset_s=played.note_onset_s + later_s,
        spectrogram=np.concatenate([silence, played.spectrogram]),
    )
    ((begin, track),) = piece.tracks_of(repeating)
    music = audible_track(replace(piece, performances=(repeating,)), config=PIANO)
    assert begin > 0
    np.testing.assert_array_equal(music.track.onset_s, track.onset_s)
    assert likeness(spectrogram(music.audio), track.spectrogram) > 0.8
    hasty = replace(repeating, onset_s=repeating.onset_s[:2], order=np.array([0, 2]))
    with pytest.raises(PieceError, match="no passage of it is as long as a second"):
        audible_track(replace(piece, performances=(hasty,)), config=PIANO)
