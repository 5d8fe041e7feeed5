"""``explain gradients`` and ``explain embedding`` on the command line."""

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("captum")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from standpartner.corpus.store import read_split
from standpartner.piece import save_piece


@pytest.fixture
def built(tiny_pieces, tmp_path, monkeypatch):
    """The tiny pieces as the only validation tunes."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    names = [name for name, (split, _) in read_split("nottingham").items() if split == "valid"]
    for name, piece in zip(names, tiny_pieces, strict=False):
        save_piece(replace(piece, name=name), tmp_path / "cache" / "corpora" / "nottingham" / "pieces" / name)


def test_frames_are_explained_with_pictures_and_numbers(call, tiny_pieces, tiny_bundle, tmp_path):
    save_piece(tiny_pieces[0], tmp_path / "piece")
    words = ["--agent", tiny_bundle, "--out", tmp_path / "out", "--game", "piano", "--targets", "value,locate"]
    first = tiny_pieces[0].tracks()[0].first_frame
    words += ["--frames", f"{first}:{first + 2}"]
    code, out, err = call("explain", "gradients", tmp_path / "piece", *words)
    assert code == 0, err
    assert "completeness error" in out
    assert len(list((tmp_path / "out").glob("frame-*.png"))) == 2
    with np.load(tmp_path / "out" / "gradients.npz", allow_pickle=False) as maps:
        assert maps["value_score"].shape == (2, 160, 512)
    rows = json.loads((tmp_path / "out" / "gradients.json").read_text())
    assert [row["name"] for row in rows] == ["value", "locate"]
    assert max(row["completeness_error_max"] for row in rows) < 0.01


def test_a_passage_is_no_performance(call, tiny_pieces, tiny_bundle, tmp_path):
    played = tiny_pieces[0].performances[0]
    order = np.array([*range(10), *range(len(played.onset_s))])
    onset_s = played.onset_s[0] + 0.3 * np.arange(len(order))
    sound = np.zeros((int(20 * onset_s[-1]) + 20, 78), np.float32)
    repeating = replace(played, onset_s=onset_s, order=order, spectrogram=sound)
    save_piece(replace(tiny_pieces[0], performances=(repeating,)), tmp_path / "piece")
    words = ["--agent", tiny_bundle, "--out", tmp_path / "out", "--game", "piano", "--performance", 1]
    code, _, err = call("explain", "gradients", tmp_path / "piece", *words)
    assert (code, "has 1 performances; choose one from 0 to 0" in err) == (1, True)


def test_attributions_are_checked(call, built, tiny_bundle, tmp_path):
    words = ["--agent", tiny_bundle, "--out", tmp_path, "--game", "piano", "--targets", "value", "--count", 3]
    code, out, err = call("explain", "gradients", "--check", *words)
    assert code == 0, err
    assert "random correlation" in out
    (row,) = json.loads((tmp_path / "check.json").read_text())
    assert row["frames"] == 3
    assert row["complete"] == 1
    assert row["random_correlation"] > 0.9  # the tiny agent is what the check's seed draws: nothing was learned


def test_an_embedding_is_mapped(call, built, tiny_bundle, tmp_path):
    words = ["--agent", tiny_bundle, "--corpus", "nottingham", "--game", "piano", "--out", tmp_path, "--points", 100]
    code, out, err = call("explain", "embedding", *words)
    assert code == 0, err
    assert "C3 near clefs" in out
    report = json.loads((tmp_path / "embedding.json").read_text())
    assert report["mapped"] == min(100, report["frames"])
    assert report["size"] == 48
    assert "audio/ogg" in (tmp_path / "embedding.html").read_text()
    assert (tmp_path / "embedding.png").is_file()
    assert (tmp_path / "embedding.svg").is_file()


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("gradients.run.check_gradients", ("gradients", "--check")),
        ("embedding.run.record_activations", ("embedding", "--corpus", "nottingham")),
        ("failures.atlas.survey_failures", ("failures", "--corpus", "nottingham")),
    ],
)
def test_it_is_told_before_the_work_where_nothing_can_be_written(
    call, built, tiny_bundle, tmp_path, monkeypatch, work, words
):
    def begun(*_, **__):
        pytest.fail("the work has begun")

    monkeypatch.setattr(f"standpartner.explain.{work}", begun)
    (tmp_path / "file").write_text("")
    code, _, err = call("explain", *words, "--agent", tiny_bundle, "--out", tmp_path / "file")
    assert code == 1
    assert f"error: cannot make the folder {tmp_path / 'file'}" in err


def test_a_piece_or_a_check_is_wanted(call):
    code, _, err = call("explain", "gradients")
    assert code == 1
    assert "PIECE" in err


def test_a_missing_extra_is_one_sentence(call, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "standpartner.support.requirements.find_spec", lambda name: None if name == "captum" else found(name)
    )
    code, _, err = call("explain", "gradients", "anything")
    assert code == 1
    assert err == 'error: Captum is not installed; install it with: pip install "standpartner[explain]"\n'
