"""``corpus verify --splits`` finds pieces of two splits that are the same music."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.store import Built, Corpus, log_built, read_split
from standpartner.score import Score, save_score


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, menuet: Score) -> Callable[[str, str, np.ndarray], None]:
    """Put a piece of other pitches into the cache, as if it had been built."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))

    def add(corpus: str, piece: str, melody: np.ndarray) -> None:
        count = len(melody)
        places = np.arange(float(count))
        rows = {name: places for name in ("quarter", "time_s")} | {"pitch": melody, "onset": np.zeros(count)}
        rows |= {name: np.ones(count) for name in ("duration_quarter", "duration_s")}
        rows |= {name: np.zeros(count, bool) for name in ("grace", "hidden")}
        score = replace(menuet, music=replace(menuet.notation, notes=type(menuet.notes)(**rows)))
        home = Corpus(corpus, tmp_path / "corpora" / corpus)
        home.piece_folder(piece).mkdir(parents=True)
        save_score(score, home.piece_folder(piece) / "score.npz")
        (home.piece_folder(piece) / "piece.json").write_text("{}")
        log_built(home.folder, Built(piece, home.splits[piece][0]))

    return add


def first_of(corpus: str, split: str) -> str:
    return next(name for name, (where, _) in read_split(corpus).items() if where == split)


def test_the_command_names_pieces_of_two_splits_that_are_the_same_music(built, call, tmp_path: Path) -> None:
    tunes = [60 + np.cumsum(np.random.default_rng(seed).integers(-4, 5, 70)) for seed in range(5)]
    names = [name for name, (split, _) in read_split("nottingham").items() if split == "train"]
    for name, tune in zip(names, tunes, strict=False):
        built("nottingham", name, tune)
    variant = first_of("humdrum", "test")
    built("humdrum", variant, tunes[2] + 5)
    code, said, _ = call("corpus", "verify", "--splits", "--json", tmp_path / "report.json")
    said = " ".join(said.split())
    assert code == 1
    assert "6 pieces were compared: 5 of nottingham, 1 of humdrum." in said
    assert f"nottingham/{names[2]}" in said
    assert f"humdrum/{variant}" in said
    (clash,) = json.loads((tmp_path / "report.json").read_text())["clashes"]
    assert (clash["share"], clash["score"], clash["semitones"]) == (1.0, 70.0, 5)
    assert (clash["first"]["split"], clash["second"]["split"]) == ("train", "test")


def test_pairs_within_the_published_split_are_told_and_pass(built, call) -> None:
    tune = 60 + np.cumsum(np.random.default_rng(1).integers(-4, 5, 70))
    built("msmd", first_of("msmd", "train"), tune)
    built("msmd", first_of("msmd", "test"), tune)
    built("nottingham", first_of("nottingham", "train"), 140 - tune)
    code, said, _ = call("corpus", "verify", "--splits")
    said = " ".join(said.split())
    assert code == 0
    assert "1 pairs of pieces are the same music in two splits: 1 within the published split" in said


def test_wrong_use_is_one_sentence(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    code, _, error = call("corpus", "verify")
    assert (code, error) == (1, "error: expected the name of a corpus, or --splits to compare all that are built\n")
    assert "leave out --split, --limit and --html" in call("corpus", "verify", "--splits", "--limit", "3")[2]
    assert "no corpus is built" in call("corpus", "verify", "--splits")[2]
