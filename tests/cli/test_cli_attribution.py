"""``explain gradients`` and ``explain embedding`` on the command line."""

import importlib.util
import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("captum")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from standpartner.piece import save_piece


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


def test_a_piece_or_a_check_is_wanted(call):
    code, _, err = call("explain", "gradients")
    assert code == 1
    assert "PIECE" in err


def test_a_missing_extra_is_one_sentence(call, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr("standpartner.explain.extra.find_spec", lambda name: None if name == "captum" else found(name))
    code, _, err = call("explain", "gradients", "anything")
    assert code == 1
    assert err == 'error: Captum is not installed; install it with: pip install "standpartner[explain]"\n'
