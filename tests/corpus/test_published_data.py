"""What the published data sets hold: sources are those that the splits were fixed with, works agree with headers.

Other tests of this room use music that they write themselves; these need the data sets.
"""

import pickletools
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from standpartner.align import align_match, read_match
from standpartner.corpus.original.format import OriginalFiles, find_original, read_original, write_original
from standpartner.corpus.original.plain_pickle import read_int_dict, write_int_dict
from standpartner.corpus.recipes import asap, humdrum, msmd, mutopia, nottingham, vienna
from standpartner.corpus.registry import CORPORA
from standpartner.corpus.same_music import known_pairs, settle_splits
from standpartner.corpus.split_by_work import work_of
from standpartner.corpus.store import read_split
from standpartner.corpus.verify.measurements import played
from standpartner.piece import Performance, Piece
from standpartner.score import read_score
from standpartner.score.notation.midi import read_midi

DATA = Path(__file__).parents[3] / "shared" / "data"
SAMPLE = DATA / "msmd" / "test_sample"
if not DATA.is_dir():
    pytest.skip("put the data sets that docs/corpus.md names into ../shared/data", allow_module_level=True)


@pytest.mark.parametrize(
    ("corpus", "entries"),
    [
        ("asap", lambda: asap.entries_of_split(DATA / "asap")),
        ("humdrum", lambda: humdrum.read_files(DATA)),
        ("msmd", lambda: msmd.read_movements(DATA / "mutopia")),
        ("mutopia", lambda: mutopia.read_pieces(DATA / "mutopia")),
        ("nottingham", lambda: nottingham.read_tunes(DATA / "nottingham")),
        ("vienna", lambda: vienna.read_excerpts(DATA / "vienna4x22")),
    ],
)
def test_the_sources_are_those_that_the_split_was_fixed_with(corpus: str, entries: Callable[[], list]) -> None:
    found = {entry.name: entry.sha256 for entry in entries()}
    assert found == {name: checksum for name, (_, checksum) in read_split(corpus).items()}


def test_every_score_of_asap_has_performances() -> None:
    assert all(entry.performances for entry in asap.entries_of_split(DATA / "asap"))


def test_works_agree_with_the_headers_of_humdrum_files() -> None:
    checked = 0
    for file in humdrum.find_files(DATA):
        text = file.path.read_text(encoding="utf-8", errors="replace")
        header = dict(re.findall(r"^!!!(OPS|OTL|SCT1?):[^\S\n]*(.+)$", text, re.MULTILINE))
        number = {
            "bach-wtc": re.search(r"BWV (\d+)", header.get("SCT", "")),
            "mozart": re.search(r"K(?:<sup>1</sup>)? (\d+)", header.get("SCT1", header.get("SCT", ""))),
            "scarlatti": re.search(r"K\.(\d+)", header.get("OTL", "")),
        }.get(file.name.split("__")[0], re.search(r"(\d+)", header.get("OPS", "")))
        if number and "GDC" not in file.name:  # its opus numbers are those of doubtful reprints
            checked += 1
            assert re.search(r"\D0*(\d+)$", work_of(file.name))[1] == number[1], file.name
    assert checked > 430  # all but Joplin, who gave no numbers, and some posthumous pieces


def test_works_agree_with_the_opus_numbers_of_mutopia_files() -> None:
    checked = 0
    for piece in mutopia.find_pieces(DATA / "mutopia"):
        text = piece.path.read_text(encoding="utf-8", errors="replace")
        opus = re.search(r'\bmutopiaopus\s*=\s*"(?:Op(?:us)?|O|KV|K|BWV|D)\b\W*(\d+)', text)
        number = re.search(r"-(?:op|k|bwv|d)(\d+)", work_of(piece.name))
        if opus and number:
            checked += 1
            assert number[1] == opus[1], piece.name
    assert checked > 80


def test_the_split_is_that_of_the_published_file() -> None:
    published, split = {}, ""
    for line in (DATA / "msmd" / "splits" / "all_split.yaml").read_text().splitlines():
        if match := re.match(r"(\w+):", line):
            split = match[1]
        elif match := re.match(r"- (\S+)", line):
            published[match[1]] = split
    assert {name: split for name, (split, _) in read_split("msmd").items()} == published


@pytest.mark.slow
def test_no_title_and_no_melody_stands_in_two_splits() -> None:
    tunes = nottingham.read_tunes(DATA / "nottingham")
    table = read_split("nottingham")
    by_title = defaultdict(set)
    for tune in tunes:
        by_title[nottingham.plain_title(tune.title)].add(table[tune.name][0])
    assert all(len(where) == 1 for where in by_title.values())
    families = [[("nottingham", tune.name) for tune in family] for family in nottingham.tune_families(tunes)]
    pairs = known_pairs() + [pair for family in families for pair in pairwise(family)]
    splits = {(corpus, name): split for corpus in CORPORA for name, (split, _) in read_split(corpus).items()}
    made = {("nottingham", name): split for name, split in nottingham.make_split(tunes).items()}
    assert settle_splits(splits | made, pairs) == splits


def as_piece(files: OriginalFiles) -> Piece:
    """A piece whose audio is silent: only its truth matters here."""
    original = read_original(files)
    performance = Performance(
        name="silent",
        onset_s=original.onset_s,
        spectrogram=np.zeros((4, 78), np.float32),
        note_pitch=original.played.pitch,
        note_onset_s=original.played.onset_s,
        note_duration_s=original.played.duration_s,
    )
    return Piece(original.name, original.score, (performance,))


def coords_and_times(files: OriginalFiles) -> tuple[np.ndarray, list[int], np.ndarray]:
    """What the authors' program takes from the files: heads, which of them start notes, when each was played."""
    with zipfile.ZipFile(files.npz) as archive:
        onsets = read_int_dict(archive.read("coord2onset.npy"))
    midi = read_midi(files.performance_midi)
    times_s = np.sort(midi.seconds(midi.tick))
    return np.load(files.npz)["coords"], list(onsets), times_s[list(onsets.values())]


def test_the_published_sample_has_its_heads_and_onsets() -> None:
    (files,) = find_original(SAMPLE)
    piece = as_piece(files)
    score = piece.score
    assert score.strip.shape == (160, 2968)
    assert len(score.noteheads) == len(score.notes) == 228
    assert len(score.onsets) == 114
    assert score.onsets.quarter[:6].tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    np.testing.assert_allclose(score.onsets.time_s[1], 60 / 86 / 2, atol=1e-4)  # 86 quarters a minute
    np.testing.assert_allclose(piece.performances[0].onset_s, score.onsets.time_s)
    for x, y in zip(score.noteheads.x_px, score.noteheads.y_px, strict=True):
        assert score.strip[int(y), int(x) - 3 : int(x) + 4].min() < 128
    first = score.noteheads.onset == 3  # g in the bass, g two octaves above
    assert sorted(score.noteheads.pitch[first].tolist()) == [55, 79]
    assert score.noteheads.pitch[first][score.noteheads.y_px[first].argmin()] == 79


def test_the_published_sample_goes_round_with_identical_coordinates(tmp_path: Path) -> None:
    (files,) = find_original(SAMPLE)
    write_original(as_piece(files), tmp_path)
    (again,) = find_original(tmp_path)
    published, written = np.load(files.npz), np.load(again.npz)
    np.testing.assert_array_equal(written["sheet"], published["sheet"])
    np.testing.assert_array_equal(written["coords"], published["coords"])
    assert written["coords"].dtype == published["coords"].dtype
    for ours, theirs in zip(coords_and_times(again), coords_and_times(files), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=6e-4)  # MIDI is written at 0.5 ms a tick
    once_more = as_piece(again)
    np.testing.assert_array_equal(once_more.score.onsets.x_px, as_piece(files).score.onsets.x_px)


def test_our_arrays_name_what_the_published_ones_name() -> None:
    """So any numpy that reads the published files reads ours."""
    (files,) = find_original(SAMPLE)
    with zipfile.ZipFile(files.npz) as archive:
        published = archive.read("coord2onset.npy")
    ours = write_int_dict(read_int_dict(published))
    start = published.index(b"\x80\x02")
    assert ours[10:].split(b"}")[0] == published[10:].split(b"}")[0]  # the header: type, order, shape

    def names(content: bytes) -> list[object]:
        return [argument for code, argument, _ in pickletools.genops(content) if code.name == "GLOBAL"]

    assert names(ours[ours.index(b"\x80\x02") :]) == names(published[start:])


def test_there_are_four_excerpts_with_22_performances_each() -> None:
    excerpts = vienna.read_excerpts(DATA / "vienna4x22")
    assert [excerpt.name for excerpt in excerpts] == [
        "Chopin__op10_no3",
        "Chopin__op38",
        "Mozart__K331_1st-mov",
        "Schubert__D783_no15",
    ]
    assert {len(excerpt.matches) for excerpt in excerpts} == {22}


def test_onsets_are_where_their_notes_are_played() -> None:
    pytest.importorskip("partitura")
    excerpt = vienna.read_excerpts(DATA / "vienna4x22")[3]
    score = read_score(excerpt.path)
    for path in excerpt.matches[:3]:
        alignment = align_match(score, read_match(path))
        assert alignment.share > 0.99
        notes = alignment.played
        silent = np.zeros((1, 78), np.float32)
        performance = Performance(path.stem, alignment.onset_s, silent, notes.pitch, notes.onset_s, notes.duration_s)
        assert played(score, performance, within_s=0.15).mean() > 0.93
