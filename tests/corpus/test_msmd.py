"""MSMD: the paper's split, pieces built from their sources, and corpora imported from the original format."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus import split_styles
from standpartner.corpus.build import build_corpus
from standpartner.corpus.original import recipe as imported
from standpartner.corpus.original.format import write_original
from standpartner.corpus.recipes import msmd
from standpartner.corpus.store import Corpus, open_corpus, read_split, split_table
from standpartner.errors import CorpusError, PieceError
from standpartner.piece import Piece

LESGRACES = "Anonymous__lesgraces__lesgraces"
LILYPOND = r"""\version "2.24.0"
right = \relative { \time 3/4 g''4 d b | c8 b a g fis4 | <b d>2 a4 | g2. }
left = \relative { \clef bass g4 b d | a c d, | g fis d | g2. }
\score { \new PianoStaff << \new Staff \right \new Staff \left >> \layout { } \midi { \tempo 4 = 90 } }
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def archive(tiny_pieces: list[Piece], tmp_path: Path) -> Path:
    """A validation tune in the original format."""
    write_original(tiny_pieces[0], tmp_path / "tunes_valid")
    return tmp_path / "tunes_valid"


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
    assert [bool(sounds) for _, sounds in split_styles.performance_styles("train")] == [False] * 2 + [True] * 4


def test_names_of_imports_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    with pytest.raises(CorpusError, match="belongs to a corpus"):
        imported.import_original(tmp_path, name="msmd")
    with pytest.raises(CorpusError, match="small letters"):
        imported.import_original(tmp_path, name="../elsewhere")
    with pytest.raises(PieceError, match="found none"):
        imported.import_original(tmp_path, name="nothing")


@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
@pytest.mark.needs("lilypond")
def test_a_test_piece_is_built_and_sounds_as_its_midi_stands(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "waltz.ly"
    path.write_text(LILYPOND)
    waltz = msmd.Movement("Nobody__O1__waltz", path, msmd.checksum(path))
    corpus = Corpus("waltzes", cache / "corpora" / "waltzes")
    corpus.folder.mkdir(parents=True)
    (corpus.folder / "split.tsv").write_text(split_table([waltz], {waltz.name: "test"}))
    recipe = replace(msmd.RECIPE, entries=lambda source: [waltz])
    (built,) = build_corpus(recipe, corpus, source=tmp_path)
    assert (built.name, built.split, built.reason) == (waltz.name, "test", "")
    (piece,) = corpus.pieces("test")
    assert piece.score.onsets.quarter.tolist() == [0, 1, 2, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9]
    (performance,) = piece.performances
    assert performance.made_by["soundfont"] == "musescore"
    np.testing.assert_allclose(np.diff(performance.onset_s), np.diff(piece.score.onsets.quarter) / 1.5, atol=1e-3)


@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
def test_an_archive_becomes_a_corpus(archive: Path, cache: Path, tiny_pieces: list[Piece]) -> None:
    (built,) = imported.import_original(archive, name="tunes")
    assert (built.name, built.split, built.reason) == ("tune-0", "valid", "")
    (piece,) = open_corpus("tunes").pieces("valid")
    truth = tiny_pieces[0].performances[0].onset_s
    np.testing.assert_allclose(piece.performances[0].onset_s, truth, atol=1e-3)  # MIDI is written at 0.5 ms a tick
    assert piece.tracks()[0].strip.shape == tiny_pieces[0].score.strip.shape
    stamp = (open_corpus("tunes").piece_folder("tune-0") / "piece.json").stat().st_mtime_ns
    imported.import_original(archive, name="tunes")  # goes on where it was
    assert (open_corpus("tunes").piece_folder("tune-0") / "piece.json").stat().st_mtime_ns == stamp
    write_original(tiny_pieces[1], archive)
    with pytest.raises(CorpusError, match="holds another import"):
        imported.import_original(archive, name="tunes")


def test_pieces_of_msmd_come_into_the_papers_split(
    tiny_pieces: list[Piece], tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported, "build_corpus", lambda *arguments, **options: [])
    write_original(replace(tiny_pieces[0], name=LESGRACES), tmp_path / "data")
    imported.import_original(tmp_path / "data", name="sample")
    assert {name: split for name, (split, _) in read_split("sample").items()} == {LESGRACES: "train"}


@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
def test_training_pieces_of_an_archive_are_played_in_six_ways(
    tiny_pieces: list[Piece], tmp_path: Path, cache: Path
) -> None:
    write_original(replace(tiny_pieces[0], name=LESGRACES), tmp_path / "data")
    imported.import_original(tmp_path / "data", name="original")
    with pytest.raises(CorpusError, match="no valid piece"):
        list(open_corpus("original").pieces("valid"))
    (piece,) = open_corpus("original").pieces("train")
    assert len({performance.duration_s for performance in piece.performances}) == 6
