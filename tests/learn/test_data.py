"""What training takes from pieces, and the batches drawn from it."""

import numpy as np
import pytest

from standpartner.learn.data import outline_truth, roughened
from standpartner.perform import AugmentConfig
from standpartner.score import Onsets


def onsets(x_px, quarter) -> Onsets:
    zeros = np.zeros(len(x_px))
    return Onsets(x_px=x_px, quarter=quarter, time_s=quarter, measure=zeros, system=zeros)


def test_an_onset_is_shared_by_the_two_columns_nearest_to_it():
    outline = outline_truth(onsets([12.0, 34.0], [0.0, 1.0]), 6)  # centres of columns are 4, 12, 20, ...
    np.testing.assert_allclose(outline[:, 0], [0, 1, 0, 0.25, 0.75, 0], atol=1e-6)


def test_pace_counts_octaves_of_the_usual_pixels_a_quarter():
    # a quarter over 32 px, an eighth over 32 px, a whole note over 64 px
    outline = outline_truth(onsets([0.0, 32.0, 64.0, 128.0], [0.0, 1.0, 1.5, 5.5]), 18)
    np.testing.assert_allclose(outline[:, 1], [0] * 4 + [1] * 4 + [-1] * 8 + [-1] * 2, atol=1e-6)


@pytest.mark.parametrize("x_px", [[-1.0, 30.0], [1.0, 79.5]])
def test_onsets_at_the_edges_stay_inside(x_px):
    outline = outline_truth(onsets(x_px, [0.0, 1.0]), 10)
    assert outline.shape == (10, 2)
    assert np.isfinite(outline).all()
    assert 0 < outline[:, 0].sum() <= 2


def test_one_onset_has_no_pace():
    np.testing.assert_array_equal(outline_truth(onsets([20.0], [0.0]), 5)[:, 1], 0)


def test_rough_pieces_have_the_same_notes_in_other_sound_and_every_second_on_worn_paper(tiny_data):
    clean = tiny_data.train
    rough, again = (roughened(clean, AugmentConfig(), seed=3) for _ in range(2))
    changed = [not np.array_equal(old.ink, new.ink) for old, new in zip(clean.pieces, rough.pieces, strict=True)]
    assert changed == [number % 2 == 0 for number in range(len(clean.pieces))]
    for old, new, same in zip(clean.performances, rough.performances, again.performances, strict=True):
        assert not np.array_equal(old.track.spectrogram, new.track.spectrogram)
        np.testing.assert_array_equal(new.track.spectrogram, same.track.spectrogram)
        np.testing.assert_array_equal(old.target_x_px, new.target_x_px)
    assert [piece.head_key.tolist() for piece in rough.pieces] == [piece.head_key.tolist() for piece in clean.pieces]
