"""MSMD: the paper's split, pieces built from their sources, and corpora imported from the original format."""

import contextlib
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus import split_styles
from standpartner.corpus.build import build_corpus
from standpartner.corpus.original import recipe as imported
from standpartner.corpus.recipes import msmd
from standpartner.corpus.store import Corpus, open_corpus, read_split
from standpartner.errors import CorpusError, PieceError
from standpartner.perform import soundfonts

SHARED = Path(__file__).parents[3] / "shared" / "data"
SOURCE = SHARED / "mutopia"
SAMPLE = SHARED / "msmd" / "test_sample"
LESGRACES = "Anonymous__lesgraces__lesgraces"
DANCE = "Traditional__traditioner_af_swenska_folk_dansar.3.8__traditioner_af_swenska_folk_dansar.3.8"
needs_soundfonts = pytest.mark.skipif(
    not set(split_styles.SOUNDFONTS) <= set(soundfonts()),
    reason="install the Debian soundfonts that docs/corpus.md names",
)
needs_source = pytest.mark.skipif(not SOURCE.is_dir(), reason="clone MutopiaProject to ../shared/data/mutopia")
needs_sample = pytest.mark.skipif(not SAMPLE.is_dir(), reason="CPJKU/msmd's test_sample is not in ../shared/data/msmd")
needs_lilypond = pytest.mark.skipif(
    shutil.which("lilypond") is None, reason="LilyPond is not installed; install it with: apt-get install lilypond"
)


def short_dance(source: Path) -> list[msmd.Movement]:
    return [movement for movement in msmd.read_movements(source) if movement.name == DANCE]


def test_the_split_is_the_papers() -> None:
    table = read_split("msmd")
    splits = [split for split, _ in table.values()]
    assert {split: splits.count(split) for split in set(splits)} == {"train": 354, "valid": 19, "test": 94}
    assert list(table) == list(msmd.sources())
    assert len(set(msmd.sources().values())) == len({checksum for _, checksum in table.values()}) == 467
    named = (
        "AndreJ__O34__andre-sonatine",
        "BeethovenLv__O79__LVB_Sonate_79_1",
        "MozartWA__KV331__KV331_1_2_var1",
        "TchaikovskyPI__O39__01MorningPrayer",
    )
    assert {table[name][0] for name in named} == {"test"}


@pytest.mark.skipif(not (SHARED / "msmd" / "splits").is_dir(), reason="CPJKU/msmd's splits are not in ../shared/data")
def test_the_split_is_that_of_the_published_file() -> None:
    published, split = {}, ""
    for line in (SHARED / "msmd" / "splits" / "all_split.yaml").read_text().splitlines():
        if match := re.match(r"(\w+):", line):
            split = match[1]
        elif match := re.match(r"- (\S+)", line):
            published[match[1]] = split
    assert {name: split for name, (split, _) in read_split("msmd").items()} == published


@needs_source
def test_the_sources_are_those_that_the_split_was_fixed_with() -> None:
    movements = msmd.read_movements(SOURCE)
    assert {movement.name: movement.sha256 for movement in movements} == {
        name: checksum for name, (_, checksum) in read_split("msmd").items()
    }


def test_the_checksum_covers_included_files(tmp_path: Path) -> None:
    (tmp_path / "a.ly").write_text('\\include "b.ily"\n% \\include "c.ily"\n')
    for name in ("b.ily", "c.ily"):
        (tmp_path / name).write_text("{ c }")
    before = msmd.checksum(tmp_path / "a.ly")
    (tmp_path / "c.ily").write_text("{ d }")
    assert msmd.checksum(tmp_path / "a.ly") == before
    (tmp_path / "b.ily").write_text("{ d }")
    assert msmd.checksum(tmp_path / "a.ly") != before


def test_an_incomplete_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="467 of 467 LilyPond files are missing"):
        msmd.read_movements(tmp_path)


def test_the_test_pieces_piano_is_heard_nowhere_else() -> None:
    heard = {
        split: {font for style, _ in split_styles.performance_styles(split) for font in style.soundfonts}
        for split in ("train", "valid", "test")
    }
    assert not heard["test"] & (heard["train"] | heard["valid"])
    assert [bool(sounds) for _, sounds in split_styles.performance_styles("train")] == [False, False, True, True]


@needs_source
@needs_soundfonts
@needs_lilypond
def test_a_test_piece_is_built_and_sounds_as_its_midi_stands(tmp_path: Path) -> None:
    corpus = Corpus("msmd", tmp_path)
    (built,) = build_corpus(replace(msmd.RECIPE, entries=short_dance), corpus, source=SOURCE)
    assert (built.name, built.split, built.reason) == (DANCE, "test", "")
    (piece,) = corpus.pieces("test")
    (performance,) = piece.performances
    assert performance.made_by["soundfont"] == "musescore"
    np.testing.assert_allclose(performance.onset_s, piece.score.onsets.time_s - piece.score.onsets.time_s[0], atol=0.1)
    np.testing.assert_allclose(np.diff(performance.onset_s), np.diff(piece.score.onsets.time_s), atol=1e-6)


@needs_sample
@needs_soundfonts
def test_an_archive_becomes_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    archive = tmp_path / "tunes_valid"
    for folder in ("score", "performance"):
        shutil.copytree(SAMPLE / folder, archive / folder)
        for path in (archive / folder).iterdir():
            path.rename(path.with_stem("another-piece"))
    (built,) = imported.import_original(archive, name="tunes")
    assert (built.name, built.split, built.reason) == ("another-piece", "valid", "")
    (piece,) = open_corpus("tunes").pieces("valid")
    assert len(piece.performances[0].onset_s) == len(piece.score.onsets) == 114
    assert piece.performances[0].onset_s[-1] == pytest.approx(40.814, abs=0.01)
    assert piece.tracks()[0].strip.shape == (160, 2968)
    stamp = (open_corpus("tunes").piece_folder("another-piece") / "piece.json").stat().st_mtime_ns
    imported.import_original(archive, name="tunes")  # goes on where it was
    assert (open_corpus("tunes").piece_folder("another-piece") / "piece.json").stat().st_mtime_ns == stamp
    with pytest.raises(CorpusError, match="holds another import"):
        imported.import_original(SAMPLE, name="tunes")


@needs_sample
def test_pieces_of_msmd_come_into_the_papers_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    monkeypatch.setattr(imported, "build_corpus", lambda *arguments, **options: [])
    imported.import_original(SAMPLE, name="sample")
    assert {name: split for name, (split, _) in read_split("sample").items()} == {LESGRACES: "train"}


def test_names_of_imports_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    with pytest.raises(CorpusError, match="belongs to a corpus"):
        imported.import_original(tmp_path, name="msmd")
    with pytest.raises(CorpusError, match="small letters"):
        imported.import_original(tmp_path, name="../elsewhere")
    with pytest.raises(PieceError, match="found none"):
        imported.import_original(tmp_path, name="nothing")


@needs_sample
@needs_soundfonts
def test_the_command_imports_lists_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from standpartner.cli import main

    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["standpartner", "corpus", *words])
        with contextlib.suppress(SystemExit):
            main()
        return "".join(capsys.readouterr())

    (tmp_path / "data").mkdir()
    for folder in ("score", "performance"):
        shutil.copytree(SAMPLE / folder, tmp_path / "data" / folder)
    said = " ".join(call("import-npz", str(tmp_path / "data"), "--jobs", "1").split())
    assert "1 pieces of original are built" in said
    assert "0 are not" in said
    assert "msmd" in call("list")
    assert "114" in call("info", "original")
    with pytest.raises(CorpusError, match="no valid piece"):
        list(open_corpus("original").pieces("valid"))
    (piece,) = open_corpus("original").pieces("train")
    assert len(piece.performances) == 4
    assert len({performance.duration_s for performance in piece.performances}) == 4
