"""The original npz and MIDI format: what is read is what was published, what is written comes back, nothing is run."""

import io
import pickle
import pickletools
import zipfile
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.original.format import OriginalFiles, find_original, read_original, write_original
from standpartner.corpus.original.plain_pickle import read_int_dict, write_int_dict
from standpartner.errors import PieceError
from standpartner.piece import Performance, Piece
from standpartner.score.notation.midi import read_midi

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "msmd" / "test_sample"
needs_sample = pytest.mark.skipif(not SAMPLE.is_dir(), reason="CPJKU/msmd's test_sample is not in ../shared/data/msmd")


def npy(content: object, **options: object) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([content], dtype=object), **options)
    return file.getvalue()


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


@needs_sample
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


@needs_sample
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


def test_an_engraved_piece_comes_back_from_the_original_format(tiny_pieces: list[Piece], tmp_path: Path) -> None:
    piece = tiny_pieces[0]
    write_original(piece, tmp_path, performance=1)
    (files,) = find_original(tmp_path)
    back = read_original(files)
    assert back.name == piece.name
    np.testing.assert_allclose(back.score.strip.astype(int), piece.score.strip, atol=1)  # halves round either way
    np.testing.assert_allclose(back.score.onsets.x_px, piece.score.onsets.x_px, atol=1e-3)
    np.testing.assert_allclose(back.score.onsets.time_s, piece.score.onsets.time_s, atol=1e-3)
    np.testing.assert_allclose(back.onset_s, piece.performances[1].onset_s, atol=1e-3)
    assert back.score.notes.pitch.tolist() == piece.score.notes.pitch.tolist()


def test_a_performance_of_other_notes_cannot_be_written(tiny_pieces: list[Piece], tmp_path: Path) -> None:
    piece = tiny_pieces[0]
    other = Piece(piece.name, piece.score, (tiny_pieces[0].performances[0],))
    changed = other.performances[0].note_pitch + 1
    performance = Performance(**{**vars(other.performances[0]), "note_pitch": changed})
    with pytest.raises(PieceError, match="other notes than its score"):
        write_original(Piece(piece.name, piece.score, (performance,)), tmp_path)


@pytest.mark.parametrize("content", [{}, {0: 0}, {0: 5, 1: 300, 2: 70_000}])
def test_dicts_of_numbers_come_back_from_ours_and_numpys_pickles(content: dict[int, int]) -> None:
    assert read_int_dict(write_int_dict(content)) == content
    assert read_int_dict(npy(content)) == content
    assert read_int_dict(npy({np.int64(key): np.int32(value) for key, value in content.items()})) == content


@needs_sample
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


class _Evil:
    def __reduce__(self) -> tuple:
        return (open, ("made-by-a-pickle", "w"))


@pytest.mark.parametrize(
    "content",
    [_Evil(), {0: _Evil()}, {"0": 1}, {0: 1.5}, [1, 2], {0: {1: 2}}, {0: True}],
    ids=["code", "code inside", "text", "fraction", "list", "nested", "truth"],
)
def test_a_pickle_with_anything_else_is_refused_and_not_run(
    content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PieceError, match="whole numbers"):
        read_int_dict(npy(content))
    assert not (tmp_path / "made-by-a-pickle").exists()


def test_numpys_own_functions_are_out_of_reach_too() -> None:
    hostile = b"\x80\x02cnumpy\nload\nU\x01xU\x01xU\x01xtR."
    header = write_int_dict({})[: write_int_dict({}).index(b"\x80\x02")]
    with pytest.raises(PieceError, match=r"numpy\.load"):
        read_int_dict(header + hostile)
    with pytest.raises(PieceError):
        read_int_dict(header + pickle.dumps({0: 1})[:-3])


def test_damaged_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PieceError, match=r"score/NAME\.npz"):
        find_original(tmp_path)
    (tmp_path / "score").mkdir()
    (tmp_path / "score" / "a.npz").write_bytes(b"PK no zip")
    with pytest.raises(PieceError, match="no performance"):
        find_original(tmp_path)
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / "a.mid").write_bytes(b"MThd")
    (files,) = find_original(tmp_path)
    with pytest.raises(PieceError, match="damaged"):
        read_original(files)


def test_heads_that_speak_of_missing_notes_are_refused(tiny_pieces: list[Piece], tmp_path: Path) -> None:
    write_original(tiny_pieces[0], tmp_path)
    (files,) = find_original(tmp_path)
    with zipfile.ZipFile(files.npz) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(files.npz, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, write_int_dict({0: 9_999}) if name.startswith("coord2onset") else data)
    with pytest.raises(PieceError, match="note 9999"):
        read_original(files)
