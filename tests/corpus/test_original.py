"""The original npz and MIDI format: what is read is what was published, what is written comes back, nothing is run."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.original.format import find_original, read_original, write_original
from standpartner.corpus.original.plain_pickle import read_int_dict, write_int_dict
from standpartner.errors import PieceError
from standpartner.piece import Performance, Piece
from tests.damage import spoil_block


def npy(content: object, **options: object) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([content], dtype=object), **options)
    return file.getvalue()


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


def test_a_damaged_block_is_named(tiny_pieces: list[Piece], tmp_path: Path) -> None:
    write_original(tiny_pieces[0], tmp_path)
    (files,) = find_original(tmp_path)
    spoil_block(files.npz)
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
