"""Pieces that are the same music stand in one split, and the command finds those that do not."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.registry import CORPORA
from standpartner.corpus.same_music import FIXED, known_pairs, settle_splits
from standpartner.corpus.store import Built, Corpus, log_built, read_split
from standpartner.score import Score, save_score

A, B, C = ("nottingham", "a"), ("nottingham", "b"), ("humdrum", "c")
PUBLISHED = (FIXED, "m")


def test_known_pairs_stand_in_one_split() -> None:
    splits = {(corpus, name): split for corpus in CORPORA for name, (split, _) in read_split(corpus).items()}
    pairs = known_pairs()
    assert len(pairs) > 20
    assert [pair for pair in pairs if splits[pair[0]] != splits[pair[1]]] == []


@pytest.mark.parametrize(
    ("corpus", "piece", "split"),
    [
        ("nottingham", "reelsm-q-022-clap-dance-miss-mcleod", "train"),
        ("nottingham", "hpps-023-jennys-bawbee", "train"),
        ("nottingham", "reelsm-q-069-the-piper-o-dundee", "train"),
        ("nottingham", "reelsr-t-007-red-haired-boy", "valid"),
        ("humdrum", "chopin-preludes__prelude28-14", "train"),
        ("humdrum", "mozart__sonata11-1a", "valid"),
        ("humdrum", "mozart__sonata11-1g", "train"),
        ("humdrum", "bach-wtc__wtc1p11", "train"),
        ("humdrum", "bach-wtc__wtc1f11", "test"),
        ("asap", "Bach__Prelude__bwv_856", "train"),
        ("vienna", "Mozart__K331_1st-mov", "valid"),
    ],
)
def test_clashes_that_readers_found_are_mended(corpus: str, piece: str, split: str) -> None:
    assert read_split(corpus)[piece][0] == split


def test_what_was_learned_from_is_not_tested_with() -> None:
    assert settle_splits({A: "test", B: "train"}, [(A, B)]) == {A: "train", B: "train"}
    assert settle_splits({A: "test", B: "valid"}, [(A, B)]) == {A: "valid", B: "valid"}


def test_a_chain_of_variants_comes_into_one_split() -> None:
    settled = settle_splits({A: "test", B: "test", C: "valid"}, [(A, B), (B, C)])
    assert set(settled.values()) == {"valid"}


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_the_published_split_is_followed_and_stays(split: str) -> None:
    before = {PUBLISHED: split, A: "valid"}
    assert settle_splits(before, [(A, PUBLISHED)]) == {PUBLISHED: split, A: split}


def test_the_published_split_is_not_mended() -> None:
    before = {PUBLISHED: "train", (FIXED, "n"): "test"}
    assert settle_splits(before, [(PUBLISHED, (FIXED, "n"))]) == before


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


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command; its exit code and its words."""
    from standpartner.cli import main

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["standpartner", "corpus", "verify", *words])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, " ".join("".join(capsys.readouterr()).split())

    return run


def first_of(corpus: str, split: str) -> str:
    return next(name for name, (where, _) in read_split(corpus).items() if where == split)


def test_the_command_names_pieces_of_two_splits_that_are_the_same_music(built, call, tmp_path: Path) -> None:
    tunes = [60 + np.cumsum(np.random.default_rng(seed).integers(-4, 5, 70)) for seed in range(5)]
    names = [name for name, (split, _) in read_split("nottingham").items() if split == "train"]
    for name, tune in zip(names, tunes, strict=False):
        built("nottingham", name, tune)
    variant = first_of("humdrum", "test")
    built("humdrum", variant, tunes[2] + 5)
    code, said = call("--splits", "--json", str(tmp_path / "report.json"))
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
    code, said = call("--splits")
    assert code == 0
    assert "1 pairs of pieces are the same music in two splits: 1 within the published split" in said


def test_wrong_use_is_one_sentence(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    assert call() == (1, "error: expected the name of a corpus, or --splits to compare all that are built")
    assert "leave out --split, --limit and --html" in call("--splits", "--limit", "3")[1]
    assert "no corpus is built" in call("--splits")[1]
