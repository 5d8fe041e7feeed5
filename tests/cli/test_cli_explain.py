"""``standpartner explain`` and ``standpartner report``, as a user calls them."""

import json

import pytest

from standpartner.piece import save_piece


@pytest.fixture
def folder(tiny_pieces, tmp_path):
    """A built piece among those of a corpus that is called nottingham."""
    path = tmp_path / "nottingham" / "pieces" / "tune-0"
    save_piece(tiny_pieces[0], path)
    return path


def test_a_viewer_of_a_piece(call, folder, tiny_bundle, tmp_path):
    page = tmp_path / "page.html"
    words = ("explain", "viewer", folder, "--agent", tiny_bundle, "--performance", "p1", "--out", page)
    code, out, _ = call(*words)
    assert code == 0
    assert f"Open {page} in a browser" in out.replace("\n", "")
    text = page.read_text()
    content = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert "<h1>Test tune 0</h1>" in text
    assert (content["agent"], content["rules"]) == ("tiny", "nottingham")
    code, _, err = call(*words[:-1], tmp_path / "nowhere" / "page.html")
    assert (code, "make it first" in err) == (1, True)


def test_a_viewer_with_gradients(call, folder, tiny_pieces, tiny_bundle, tmp_path):
    for module in ("torch", "captum", "sklearn", "matplotlib"):
        pytest.importorskip(module)
    page, track = tmp_path / "page.html", tiny_pieces[0].tracks()[0]
    words = ("explain", "viewer", folder, "--agent", tiny_bundle, "--out", page, "--every", 60, "--gradients")
    code, _, err = call(*words, "locate")
    assert code == 0, err
    content = json.loads(page.read_text().partition('type="application/json">')[2].partition("</script>")[0])
    assert content["explained"] == list(range(0, track.last_frame - track.first_frame, 60))
    assert set(content["attribution"]) == {"locate's likeliest column"}
    assert content["arrays"]["forScore"]["shape"][0] == len(content["explained"])
    code, _, err = call(*words, "mood")
    assert code == 1
    assert "expected a target of action, other, value, locate" in err


def test_gradients_without_captum(call, folder, tiny_bundle, tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    checked = "standpartner.support.requirements.find_spec"
    monkeypatch.setattr(checked, lambda name: None if name == "captum" else find(name))
    words = ("explain", "viewer", folder, "--agent", tiny_bundle, "--out", tmp_path / "page.html")
    code, _, err = call(*words, "--gradients", "action")
    assert code == 1
    assert err == 'error: Captum is not installed; install it with: pip install "standpartner[explain]"\n'


def test_a_video_of_a_piece(call, folder, tiny_bundle, tmp_path):
    pytest.importorskip("av")
    goal = tmp_path / "tune.mp4"
    words = ("explain", "video", folder, "--agent", tiny_bundle, "--out", goal, "--view", "page", "--height", 360)
    code, out, _ = call(*words)
    assert code == 0, out
    assert goal.stat().st_size > 20_000
    code, _, err = call(*words, "--paper")
    assert code == 1
    assert "expected a PIECE, or --paper without PIECE" in err
    code, _, err = call(*words, "--speed", 9)
    assert code == 1
    assert "a speed from 0.25 to 4.0" in err


def test_the_papers_pieces_are_of_the_test_split():
    from standpartner.cli.explain import PAPER_PIECES
    from standpartner.corpus.store import read_split

    assert len(PAPER_PIECES) == 4
    for corpus, name in (piece.split("/") for piece in PAPER_PIECES):
        assert read_split(corpus)[name][0] == "test"


def test_without_pyav_the_command_that_installs_it_is_named(call, folder, tiny_bundle, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "standpartner.explain.traces.video", raising=False)
    code, _, err = call("explain", "video", folder, "--agent", tiny_bundle, "--out", tmp_path / "x.mp4")
    assert code == 1
    expected = 'PyAV is not installed; install it with: pip install "standpartner[video]"'
    assert err.strip() == f"error: {expected}"


def test_a_folder_without_a_run(call, tmp_path):
    pytest.importorskip("torch")
    code, _, err = call("report", tmp_path)
    assert code == 1
    assert "expected a training run" in err
