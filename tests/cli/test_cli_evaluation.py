"""``standpartner evaluate`` and ``standpartner table`` as a user calls them."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from standpartner.piece import Piece, save_piece

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def corpus(tiny_pieces: list[Piece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny pieces as a built corpus of their own."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "corpora" / "tunes"
    for piece in tiny_pieces:
        save_piece(piece, folder / "pieces" / piece.name)
    rows = "".join(f"{piece.name}\tvalid\tx\n" for piece in tiny_pieces)
    (folder / "split.tsv").write_text("name\tsplit\tsha256\n" + rows)
    return "tunes"


def test_reports_go_into_files_and_a_table(call: Call, corpus: str, tmp_path: Path) -> None:
    for agent in ("oracle", "constant"):
        report = tmp_path / "reports" / f"{agent}.json"
        words = ("--agent", agent, "--corpus", corpus, "--json", report, "--csv", report.with_suffix(".csv"))
        code, out, _ = call("evaluate", *words)
        assert code == 0
        assert "2 / 4 / " in out
        assert "system_accuracy" in out
    assert json.loads((tmp_path / "reports" / "oracle.json").read_text())["r_tue"] == 1.0
    with (tmp_path / "reports" / "constant.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["tune-0/p0", "tune-0/p1", "tune-1/p0", "tune-1/p1"]
    reports = sorted((tmp_path / "reports").glob("*.json"))
    code, out, _ = call("table", *reports)
    assert code == 0
    assert out.count("| oracle | tunes valid, 2 pieces, 4 performances, as-built, piano rules |") == 2
    assert "    standpartner evaluate --agent constant --corpus tunes --split valid" in out
    assert call("table", *reports, "--out", tmp_path / "t.md")[0] == 0
    assert (tmp_path / "t.md").read_text() == out
    assert call("table", *reports, "--out", tmp_path / "t.tex", "--no-published")[0] == 0
    assert r"\begin{tabular}" in (tmp_path / "t.tex").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("evaluate", "--agent", "oracle", "--corpus", "tunes", "--sound", "loud"),
            "score, free, rubato, room",
        ),
        (("evaluate", "--agent", "oracle", "--corpus", "tunes", "--sound", "room"), "npm install --prefix"),
        (("evaluate", "--agent", "otw", "--corpus", "tunes"), "install it with: make peers"),
        (
            ("evaluate", "--agent", "oracle", "--corpus", "tunes", "--csv", "/dev/null/x.csv"),
            "cannot make the folder",
        ),
        (("table", "/nowhere/report.json"), "cannot read the report"),
        (("table", "report.json", "--out", "table.html"), "ends in .md or .tex, got table.html"),
    ],
)
def test_mistakes_are_one_sentence(
    call: Call, corpus: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("STANDPARTNER_PEERS_PYTHON", "/nowhere/python")
    code, _, err = call(*words)
    assert code == 1
    assert said in err
    assert err.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("run.evaluate", ("evaluate", "--agent", "oracle", "--json")),
        ("run.evaluate", ("evaluate", "--agent", "oracle", "--csv")),
        ("jumps.evaluate_jumps", ("jumps", "--agent", "follower", "--json")),
        ("practice.evaluate_practice", ("practice", "--json")),
        ("calibration.calibrate", ("calibrate", "--agent", "piano", "--picture")),
    ],
)
def test_it_is_told_before_the_work_where_nothing_can_be_written(
    call: Call, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, words: tuple[str, ...]
) -> None:
    def work(*_: object) -> None:
        pytest.fail("the work has begun")

    monkeypatch.setattr(f"standpartner.evaluate.{module}", work)
    code, _, err = call(*words, tmp_path, "--corpus", corpus)
    assert code == 1
    assert err.splitlines()[-1].startswith(f"error: cannot write {tmp_path}: it is a folder")


def test_a_part_of_a_split_does_not_replace_the_whole_in_a_model_card(
    call: Call, corpus: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    agent = tmp_path / "agent"
    shutil.copytree(tiny_bundle, agent)
    words = ("evaluate", "--agent", agent, "--corpus", corpus, "--record")
    assert call(*words)[0] == 0
    recorded = (agent / "MODEL_CARD.md").read_text()
    assert "| 2 |" in recorded
    code, _, err = call(*words, "--limit", 1)
    assert (code, "leave out --record or --limit" in err) == (1, True)
    assert (agent / "MODEL_CARD.md").read_text() == recorded


def test_a_picture_without_matplotlib_is_refused_before_the_work(
    call: Call, corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("standpartner.support.requirements.find_spec", lambda module: None)
    code, _, err = call("calibrate", "--agent", "piano", "--corpus", corpus, "--picture", tmp_path / "picture.svg")
    assert code == 1
    assert 'Matplotlib is not installed; install it with: pip install "standpartner[explain]"' in err
    assert not (tmp_path / "picture.svg").exists()


def test_calibration_is_printed_drawn_and_recorded(call: Call, corpus: str, tiny_bundle: Path, tmp_path: Path) -> None:
    agent, picture, report = tmp_path / "agent", tmp_path / "picture.svg", tmp_path / "report.json"
    shutil.copytree(tiny_bundle, agent)
    words = ("--agent", agent, "--corpus", corpus, "--picture", picture, "--json", report, "--record")
    code, out, err = call("calibrate", *words)
    assert code == 0, err
    assert "0.9 to 1.0" in out
    assert "expected calibration error" in out
    assert picture.read_text().startswith("<svg")
    kept = json.loads((agent / "agent.json").read_text())["calibration"]
    assert kept == json.loads(report.read_text())["calibration"]
    assert set(kept) == {"search", "tracker", "bias"}


def test_tunes_too_short_for_jumps(call: Call, corpus: str, tiny_bundle: Path) -> None:
    code, _, err = call("jumps", "--agent", f"follower:{tiny_bundle}", "--corpus", corpus)
    assert code == 1
    assert "no piece of tunes valid has room for jumps (random)" in err
    code, _, err = call("jumps", "--agent", str(tiny_bundle), "--corpus", corpus, "--jumps", "repeats")
    assert code == 1
    assert "the repeats of tunes are not annotated, only those of msmd; choose --jumps sections" in err


def test_test_pieces_are_measured_and_nothing_is_fitted_to_them(call: Call, corpus: str, tiny_bundle: Path) -> None:
    words = ("calibrate", "--agent", str(tiny_bundle), "--corpus", corpus)
    code, _, err = call(*words, "--split", "test")
    assert code == 1
    assert "nothing may be fitted to test pieces; calibrate with --split train or valid" in err
    code, _, err = call(*words, "--measure", "--record")
    assert code == 1
    assert "leave out --record or --measure" in err
    code, out, err = call(*words, "--measure")
    assert code == 0, err
    assert "0 pieces fitted, 2 measured" in " ".join(out.split())
    assert "weights: search 0.500, tracker 0.500, bias 0.000" in out
