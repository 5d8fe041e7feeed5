"""Pieces: what is saved comes back, damage is noticed, alignments must fit."""

import dataclasses
import json

import numpy as np
import pytest

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import PieceError
from standpartner.learn.data import training_set
from standpartner.piece import Piece, load_piece, save_piece
from tests.damage import spoil_block


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


def test_a_damaged_performance_is_noticed_without_a_checksum(tiny_pieces, tmp_path):
    save_piece(tiny_pieces[0], tmp_path)
    path = tmp_path / "performances" / "p0.npz"
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:2000] + bytes(200) + whole[2200:], b""):
        path.write_bytes(damaged)
        with pytest.raises(PieceError, match="cannot read the performances"):
            load_piece(tmp_path)
    path.write_bytes(whole)
    spoil_block(path)
    with pytest.raises(PieceError, match="cannot read the performances"):
        load_piece(tmp_path)


@pytest.mark.parametrize("content", ["[]", '{"format": 1}', '{"format": 1, "name": "x", "files": []}'])
def test_a_damaged_description_is_one_sentence(content, tmp_path):
    (tmp_path / "piece.json").write_text(content)
    with pytest.raises(PieceError, match="build it again"):
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


def again(piece: Piece, *, first: int, last: int) -> Piece:
    """Return the piece with a first performance that plays its beginning again before it goes on."""
    performance = piece.performances[0]
    order = np.array([*range(first), *range(last, len(performance.onset_s))])
    onset_s = performance.onset_s[0] + np.arange(len(order)) * 0.3
    sound = np.zeros((int(onset_s[-1] * FRAME_RATE_HZ) + 20, performance.spectrogram.shape[1]), np.float32)
    played = dataclasses.replace(performance, onset_s=onset_s, order=order, spectrogram=sound)
    return dataclasses.replace(piece, performances=(played,))


def test_a_performance_that_goes_back_has_a_track_for_each_passage(tiny_pieces, tmp_path):
    piece = again(tiny_pieces[0], first=10, last=4)
    (performance,) = piece.performances
    assert performance.passages == [slice(0, 10), slice(10, len(performance.onset_s))]
    (zero, first), (begin, second) = piece.tracks_of(performance)
    assert (zero, first.name, second.name) == (0, "tune-0/p0", "tune-0/p0/2")
    assert first.onset_x_px.tolist() == piece.score.onsets.x_px[:10].tolist()
    assert second.onset_x_px.tolist() == piece.score.onsets.x_px[4:].tolist()
    assert second.first_frame in (0, 1)
    assert second.onset_s + begin / FRAME_RATE_HZ == pytest.approx(performance.onset_s[10:])
    assert len(first.spectrogram) == max(begin, first.last_frame + 1)
    save_piece(piece, tmp_path)
    assert load_piece(tmp_path).performances[0].onset.tolist() == performance.onset.tolist()


def test_a_passage_shorter_than_a_second_is_no_track(tiny_pieces):
    piece = again(tiny_pieces[0], first=3, last=0)
    assert [track.name for track in piece.tracks()] == ["tune-0/p0/2"]


def test_training_hears_the_notes_of_a_passage_at_their_frames(tiny_pieces):
    piece = again(tiny_pieces[0], first=10, last=4)
    played = dataclasses.replace(
        piece.performances[0],
        note_pitch=np.array([60, 62]),
        note_onset_s=piece.performances[0].onset_s[[0, 10]],
        note_duration_s=np.ones(2),
    )
    first, second = training_set([dataclasses.replace(piece, performances=(played,))]).performances
    assert first.key_frame.tolist() == [first.track.first_frame]
    assert second.key_frame.tolist() == [second.track.first_frame]


def test_an_order_must_lie_in_the_score(tiny_pieces):
    performance = tiny_pieces[0].performances[0]
    beyond = dataclasses.replace(performance, order=np.arange(len(performance.onset_s)) + 1)
    with pytest.raises(PieceError, match="expected onsets 0 to"):
        dataclasses.replace(tiny_pieces[0], performances=(beyond,))
