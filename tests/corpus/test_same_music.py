"""Pieces that are the same music stand in one split."""

import pytest

from standpartner.corpus.registry import CORPORA
from standpartner.corpus.same_music import FIXED, known_pairs, settle_splits
from standpartner.corpus.store import read_split

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
