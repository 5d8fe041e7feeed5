"""The bundled music: complete, true, and not in the data that agents are trained or tested with."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo import bundled
from standpartner.demo.bundled import load_canon, load_menuet
from standpartner.errors import PieceError
from standpartner.hear import read_audio, spectrogram
from standpartner.score import read_score

TUNES = Path(__file__).parents[3] / "shared" / "data" / "nottingham"
GROUND = (2, 9, 11, 6, 7, 2, 7, 9)  # D A B F# G D G A, from C
THEME = (78, 76, 74, 73, 71, 69, 71, 73)  # F# E D C# B A B C#


@pytest.fixture(scope="module")
def canon():
    """The canon as notation: what its pages were made from."""
    return read_score(load_canon().score.with_suffix(".krn"))


def test_the_menuet_is_complete(menuet):
    piece = load_menuet()
    truth = json.loads(piece.recording.with_suffix(".json").read_text())
    content = piece.recording.read_bytes()
    assert truth["recording_sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) < 1_500_000
    assert piece.title == menuet.title
    assert len(menuet.pages) == 2
    assert len(menuet.measures) == 48
    assert 40 < len(read_audio(piece.recording)) / SAMPLE_RATE_HZ < 70
    assert len(piece.onset_s) == len(menuet.onsets)
    assert np.diff(piece.onset_s).min() > 0.1


def test_the_canon_is_complete_and_small(canon):
    piece = load_canon()
    truth = json.loads(piece.recording.with_suffix(".json").read_text())
    files = [piece.score.with_name(name) for name in truth["sha256"]]
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == list(truth["sha256"].values())
    assert piece.score.stat().st_size < 300_000
    assert piece.recording.stat().st_size < 500_000
    assert 60 < len(read_audio(piece.recording)) / SAMPLE_RATE_HZ < 90
    assert len(piece.onset_s) == len(piece.onset_page) == len(piece.onset_place) == len(canon.onsets)
    assert np.diff(piece.onset_s).min() > 0.05
    assert set(np.diff(piece.onset_page)) == {0, 1}


def test_the_canon_has_its_ground_and_its_theme(canon):
    notes = canon.notes
    assert np.diff(canon.measures.quarter).tolist() == [4.0] * 36
    lowest = [notes.pitch[notes.quarter == 2.0 * half].min() % 12 for half in range(72)]
    assert lowest == list(GROUND) * 9
    highest = [notes.pitch[notes.quarter == 16.0 + 2 * half].max() for half in range(8)]
    assert highest == list(THEME)
    assert set(notes.pitch % 12) == {1, 2, 4, 6, 7, 9, 11}, "D major and nothing else"


@pytest.mark.parametrize("name", ["menuet", "canon"])
def test_the_truth_is_when_notes_sound(name, request):
    """At most onsets the band of the highest note grows; a truth shifted by some frames would not pass."""
    score = request.getfixturevalue(name)
    piece = load_menuet() if name == "menuet" else load_canon()
    bands = 10 ** spectrogram(read_audio(piece.recording)) - 1
    highest = np.zeros(len(score.onsets), int)
    np.maximum.at(highest, score.notes.onset, score.notes.pitch)
    shown = highest >= 57  # below, bands of neighbouring keys are the same
    # Bands from the semitone above 60 Hz's, MIDI 35 is the edge: 440 Hz (69) is band 33.
    band, frame = highest[shown] - 36, np.floor(piece.onset_s[shown] * 20 + 0.5).astype(int)

    def grown(shift):
        now = bands[np.minimum(frame + shift + 1, len(bands) - 1), band]
        return np.mean(now > 1.5 * bands[frame + shift - 2, band])

    assert grown(0) > 0.75
    assert grown(0) > 1.5 * max(grown(-4), grown(4))


@pytest.mark.skipif(not TUNES.is_dir(), reason="no tunes beside the repository")
def test_the_menuet_is_no_training_tune():
    from standpartner.corpus.recipes.nottingham import _figures, _same_title, plain_title, read_tunes, same_music

    text = load_menuet().score.read_text()
    figures, title = _figures(text), plain_title("Menuet in G")
    for tune in read_tunes(TUNES):
        assert not same_music(figures, _figures(tune.text)), tune.name
        assert not _same_title(title, plain_title(tune.title)), tune.name


def test_the_canon_is_in_no_split():
    splits = (Path(bundled.__file__).parents[1] / "corpus" / "splits").glob("*.tsv")
    names = [line.split("\t")[0].lower() for file in splits for line in file.read_text().splitlines()]
    assert len(names) > 1_000
    assert not [name for name in names if "pachelbel" in name and "canon" in name]


def test_an_incomplete_installation_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "_folder", lambda: tmp_path)
    with pytest.raises(PieceError, match=r"canon\.json is incomplete: .*install standpartner again"):
        load_canon()
    columns = {"title": "Canon", "onset_s": [1.0, 2.0], "onset_page": [1], "onset_x": [0.1], "onset_y": [0.1]}
    (tmp_path / "canon.json").write_text(json.dumps(columns))
    with pytest.raises(PieceError, match="columns of different length"):
        load_canon()
