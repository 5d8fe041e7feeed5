"""Which stretches of sound and score pre-training sees."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from standpartner.learn.pretrain import search_loss
from standpartner.learn.reading import named_right, pitch_loss
from standpartner.learn.segments import SegmentConfig, SegmentSampler
from standpartner.perform import AugmentConfig

PLAIN = SegmentConfig(segments=12, frames=16, columns=96)
LEAD = 10


def batch(data, seed=0, **settings):
    sampler = SegmentSampler(
        data, dataclasses.replace(PLAIN, **settings), lead_frames=LEAD, augment=AugmentConfig.none()
    )
    return sampler.batch(np.random.default_rng(seed))


def as_in_recording(frames, data):
    """Return for each heard frame of a stretch whether the frame before it comes before it in a recording, too."""
    follows = np.zeros(len(frames) - 1, bool)
    for performance in data.performances:
        heard = np.concatenate([np.zeros((1, 78), np.float32), performance.track.spectrogram])
        for k in range(len(follows)):
            same = np.isclose(heard[:-1], frames[k], atol=1e-5).all(axis=1)
            same &= np.isclose(heard[1:], frames[k + 1], atol=1e-5).all(axis=1)
            follows[k] |= same.any()
    return follows | (frames[1:] == 0).all(axis=1)


def test_a_stretch_is_one_piece_of_a_recording(tiny_data):
    for frames in batch(tiny_data.train).frames:
        assert as_in_recording(frames, tiny_data.train).all()


def test_a_joined_stretch_begins_after_something_else(tiny_data):
    made = batch(tiny_data.train, joined=1.0)
    breaks = [~as_in_recording(frames, tiny_data.train) for frames in made.frames]
    assert all(each.sum() <= 1 for each in breaks)
    assert sum(each.sum() for each in breaks) >= 6
    for seen, each in zip(made.seen, breaks, strict=True):
        joint = int(np.flatnonzero(each)[0]) + 1 if each.any() else 0
        assert not seen[: max(0, joint - LEAD)].any()  # where it was before the joint is no question
        assert joint < LEAD + len(seen) // 2 + 1
    assert made.seen.mean() > 0.3


def test_printed_stretches_keep_their_truth(tiny_data):
    clean, printed = batch(tiny_data.train), batch(tiny_data.train, printed=1.0)
    assert set(np.unique(printed.score.ink[0])) != set(np.unique(clean.score.ink[0]))
    np.testing.assert_array_equal(printed.score.heads[0], clean.score.heads[0])
    np.testing.assert_array_equal(printed.target_column[0], clean.target_column[0])


def test_columns_know_the_pitches_that_are_printed_there(tiny_data, tiny_pieces):
    made = batch(tiny_data.train)
    names = [piece.name for piece in tiny_data.train.pieces]
    scores = {piece.name: piece.score.noteheads for piece in tiny_pieces}
    for row, piece in enumerate(made.score.piece):
        heads = scores[names[piece]]
        column = np.floor(heads.x_px / 8).astype(int) - made.score.first_column[row]
        inside = (column >= 0) & (column < PLAIN.columns)
        assert inside.any()
        printed = {(int(at), int(pitch) - 21) for at, pitch in zip(column[inside], heads.pitch[inside], strict=True)}
        assert set(map(tuple, np.argwhere(made.score.pitches[row]).tolist())) == printed


def test_the_place_in_the_whole_score_is_that_in_the_window(tiny_data):
    made = batch(tiny_data.train)
    window_begin = made.window_index + made.window_fraction - 64 + made.score.first_column[:, None]
    np.testing.assert_allclose((window_begin + made.target_column)[made.seen], made.score_column[made.seen], atol=1e-3)


def test_a_search_that_knows_nothing_and_one_that_knows_all(tiny_data):
    made = batch(tiny_data.train)
    middle, shape = PLAIN.frames // 2, (PLAIN.segments, PLAIN.segments, PLAIN.columns)
    nothing = search_loss(torch.zeros(shape), made)
    assert float(nothing) == pytest.approx(np.log(made.score.in_strip.sum()), rel=1e-4)
    place = made.score.first_column[:, None] + np.arange(PLAIN.columns)
    near = np.abs(place - made.score_column[:, middle, None, None]) < 1
    right = near & (made.score.piece == made.score.piece[:, None])[..., None] & made.score.in_strip
    assert (right.any(2).sum(1) > 1).any()  # some places are shown by several segments
    knows = torch.where(torch.as_tensor(right), 0.0, -30.0)
    most = np.log(right.sum((1, 2)).max())
    assert float(search_loss(knows, made)) <= most + 1e-4
    assert float(search_loss(-knows, made)) > 20


def test_a_pitch_is_told_from_those_that_are_not_meant():
    meant = torch.zeros(1, 2, 88, dtype=torch.bool)
    meant[0, 0, [40, 44]] = True
    nothing = torch.zeros(1, 2, 88)
    assert float(pitch_loss(nothing, meant)) == pytest.approx(np.log(87))  # the other note of a chord is no alternative
    sure = torch.where(meant, 30.0, 0.0)
    assert float(pitch_loss(sure, meant)) < 1e-6
    sure[0, 0, 41] = 30.0  # a semitone off is as likely
    assert float(pitch_loss(sure, meant)) == pytest.approx(np.log(2))


def test_a_pitch_is_named_right_if_it_is_above_all_that_are_not_meant():
    meant = torch.zeros(1, 1, 88, dtype=torch.bool)
    meant[0, 0, [40, 44]] = True
    logits = torch.zeros(1, 1, 88)
    logits[0, 0, [40, 41, 44]] = torch.tensor([3.0, 2.0, 1.0])  # a semitone above the lower key, above the upper one
    assert torch.nonzero(named_right(logits, meant)[0, 0]).flatten().tolist() == [40]
    assert torch.nonzero(named_right(logits, meant, semitones=1)[0, 0]).flatten().tolist() == [40, 44]
    assert not named_right(torch.zeros(1, 1, 88), meant, semitones=1).any()  # a draw is not above
