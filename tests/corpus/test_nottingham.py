"""The Nottingham split and building: nothing stands in two splits, everything is resumable and logged."""

import json

import pytest

from standpartner.corpus.build import build_corpus, seed_of
from standpartner.corpus.recipes import nottingham
from standpartner.corpus.store import SPLITS, Corpus, open_corpus, read_split, split_table
from standpartner.errors import CorpusError, MissingExtraError
from standpartner.support.cache import cache_folder

ABC = """X:1
T:The First
M:4/4
L:1/8
K:G
"G"GABc dedB|"D7"dedB d2B2|

X:2
T:Second, The
M:3/4
L:1/4
K:D
d2f|a2f|

"""


RECIPE = nottingham.RECIPE


def test_the_split_is_fixed_and_about_70_10_20():
    splits = [split for split, _ in read_split("nottingham").values()]
    shares = {split: splits.count(split) / len(splits) for split in SPLITS}
    assert len(splits) == 1034
    assert shares["train"] == pytest.approx(0.7, abs=0.03)
    assert shares["valid"] == pytest.approx(0.1, abs=0.03)
    assert shares["test"] == pytest.approx(0.2, abs=0.03)


def test_tunes_of_one_title_or_one_melody_are_one_group(tmp_path):
    other_key = "X:3\nT:Quite another name\nK:C\nCEGE cGEG|AcAF GEGC|\n"
    melody = "X:4\nT:Original\nK:G\nGBdB gdBd|egec dBdG|\n"
    (tmp_path / "a.abc").write_text(ABC + other_key + "\n" + melody + "\nX:5\nT:A First\nK:F\nF8|c8|\n")
    tunes = nottingham.read_tunes(tmp_path)
    groups = nottingham.group_tunes(tunes)
    assert groups[2] == groups[3]  # the same melody in another key
    assert groups[0] == groups[4]  # the same title but for the article
    assert len({groups[0], groups[1], groups[2]}) == 3
    assert '"G"' not in tunes[0].text


def test_an_empty_source_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="jukedeck/nottingham-dataset"):
        nottingham.read_tunes(tmp_path)


def test_unknown_corpora_and_splits_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    with pytest.raises(CorpusError, match="nottingham"):
        open_corpus("nothing")
    with pytest.raises(CorpusError, match="train, valid, test"):
        open_corpus("nottingham").names("all")
    with pytest.raises(CorpusError, match="corpus build nottingham"):
        open_corpus("nottingham").names("test")


def test_a_changed_source_is_refused(tmp_path):
    (tmp_path / "jigs.abc").write_text(ABC)
    with pytest.raises((CorpusError, MissingExtraError), match=r"differ from the ones|not installed"):
        build_corpus(nottingham.RECIPE, Corpus("nottingham", tmp_path), source=tmp_path)


def test_seeds_depend_on_all_words():
    assert seed_of("a", "1") == seed_of("a", "1")
    assert len({seed_of("a", "1"), seed_of("a", "2"), seed_of("b", "1"), seed_of("a1")}) == 4


@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
def test_building_goes_on_where_it_stopped_and_logs_reasons(tmp_path, monkeypatch):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "tunes.abc").write_text(ABC + "X:3\nT:Third\nM:2/4\nL:1/4\nK:C\nce|gc|\n")
    tunes = nottingham.read_tunes(tmp_path / "source")
    corpus = Corpus("tunes", tmp_path / "corpora" / "tunes")
    corpus.folder.mkdir(parents=True)
    splits = dict(zip((tune.name for tune in tunes), SPLITS, strict=True))
    (corpus.folder / "split.tsv").write_text(split_table(tunes, splits))
    seen = []
    (only,) = build_corpus(RECIPE, corpus, source=tmp_path / "source", split="valid")
    assert only.split == "valid"
    results = build_corpus(
        RECIPE, corpus, source=tmp_path / "source", report=lambda built, total: seen.append((built.name, total))
    )
    assert sorted(built.split for built in results) == ["test", "train", "valid"]
    assert seen == [(built.name, 3) for built in results]
    assert all(not built.reason for built in results)
    stamps = {name: (corpus.piece_folder(name) / "piece.json").stat().st_mtime_ns for name, _ in seen}
    build_corpus(RECIPE, corpus, source=tmp_path / "source")
    assert stamps == {name: (corpus.piece_folder(name) / "piece.json").stat().st_mtime_ns for name in stamps}
    assert len((corpus.folder / "build.jsonl").read_text().splitlines()) == 3
    assert json.loads((corpus.folder / "build.jsonl").read_text().splitlines()[0])["reason"] == ""
    train, test = (next(corpus.pieces(split)) for split in ("train", "test"))
    assert len(train.performances) == nottingham.PERFORMANCES["train"]
    heard = {performance.made_by["soundfont"] for performance in train.performances}
    assert not heard & {performance.made_by["soundfont"] for performance in test.performances}
    assert corpus.checksum("train") != corpus.checksum("test")
