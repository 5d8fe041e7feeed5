"""Pieces: what is saved comes back, damage is noticed, alignments must fit."""

import dataclasses
import json

import numpy as np
import pytest

from standpartner.errors import PieceError
from standpartner.piece import Piece, load_piece, save_piece


def test_a_piece_comes_back_as_it_was(tiny_pieces, tmp_path):
    piece = tiny_pieces[0]
    save_piece(piece, tmp_path / "p")
    back = load_piece(tmp_path / "p", verify=True)
    assert back.name == piece.name
    assert back.score.title == piece.score.title
    np.testing.assert_array_equal(back.score.strip, piece.score.strip)
    np.testing.assert_array_equal(back.score.onsets.x_px, piece.score.onsets.x_px)
    for a, b in zip(back.performances, piece.performances, strict=True):
        np.testing.assert_array_equal(a.onset_s, b.onset_s)
        np.testing.assert_allclose(a.spectrogram, b.spectrogram, rtol=1e-3, atol=1e-4)
        assert a.made_by == b.made_by


def test_onsets_sound_where_the_truth_says(tiny_pieces):
    """Energy rises at annotated onsets more than a few frames away from them."""
    for piece in tiny_pieces:
        for performance in piece.performances:
            flux = np.maximum(np.diff(performance.spectrogram, axis=0, prepend=0), 0).sum(axis=1)
            frames = np.round(performance.onset_s * 20).astype(int)
            shares = {shift: flux[np.clip(frames + shift, 0, len(flux) - 1)].sum() for shift in range(-4, 5)}
            assert max(shares, key=shares.get) in (-1, 0, 1)


@pytest.mark.parametrize("victim", ["score.npz", "performances/p0.npz"])
def test_damage_is_noticed(victim, tiny_pieces, tmp_path):
    save_piece(tiny_pieces[0], tmp_path)
    content = bytearray((tmp_path / victim).read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / victim).write_bytes(bytes(content))
    with pytest.raises(PieceError, match="checksum"):
        load_piece(tmp_path, verify=True)
    (tmp_path / victim).unlink()
    with pytest.raises(PieceError, match="missing"):
        load_piece(tmp_path)


def test_unfinished_and_foreign_folders_are_refused(tiny_pieces, tmp_path):
    with pytest.raises(PieceError, match=r"no readable piece\.json"):
        load_piece(tmp_path)
    save_piece(tiny_pieces[0], tmp_path)
    content = json.loads((tmp_path / "piece.json").read_text())
    (tmp_path / "piece.json").write_text(json.dumps(content | {"format": 0}))
    with pytest.raises(PieceError, match="format 0"):
        load_piece(tmp_path)


def test_nowhere_to_write_is_one_sentence(tiny_pieces, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PieceError, match="cannot write piece"):
        save_piece(tiny_pieces[0], tmp_path / "file" / "piece")


def test_alignments_must_fit_the_score(tiny_pieces):
    piece = tiny_pieces[0]
    short = dataclasses.replace(piece.performances[0], onset_s=piece.performances[0].onset_s[:-1])
    with pytest.raises(PieceError, match="one for each onset"):
        Piece(piece.name, piece.score, (short,))
    with pytest.raises(PieceError, match="strictly increasing"):
        dataclasses.replace(piece.performances[0], onset_s=piece.performances[0].onset_s[::-1])
    with pytest.raises(PieceError, match="spectrogram"):
        dataclasses.replace(piece.performances[0], spectrogram=np.zeros((5, 3), np.float32))


def test_tracks_are_what_the_game_needs(tiny_pieces):
    tracks = tiny_pieces[0].tracks()
    assert [track.name for track in tracks] == ["tune-0/p0", "tune-0/p1"]
    assert tracks[0].targets[tracks[0].first_frame] == pytest.approx(tiny_pieces[0].score.onsets.x_px[0], abs=4)
