"""Where in a window the music is, by hand."""

import numpy as np

from standpartner.agent.columns import column_offsets_px, located_px


def test_columns_stand_eight_px_apart_around_the_middle():
    offsets_px = column_offsets_px()
    assert len(offsets_px) == 64
    assert offsets_px[[0, 31, 32, 63]].tolist() == [-252.0, -4.0, 4.0, 252.0]


def test_the_most_probable_bin_and_its_neighbours_say_where():
    logits = np.log(np.array([[0.01, 0.01, 0.6, 0.2, 0.18], [0.9, 0.02, 0.02, 0.02, 0.04]], np.float32))
    expected = [(0.01 * 15 + 0.6 * 25 + 0.2 * 35) / 0.81, (0.9 * 5 + 0.02 * 15) / 0.92]
    np.testing.assert_allclose(located_px(logits, 50), expected, rtol=1e-5)
    np.testing.assert_array_equal(located_px(logits[None], 50)[0], located_px(logits, 50))


def test_a_window_of_columns_counts_from_its_left_edge():
    for column in (0, 20, 63):
        logits = np.where(np.arange(64) == column, 100.0, 0.0).astype(np.float32)
        np.testing.assert_allclose(located_px(logits, 512) - 256, column_offsets_px()[column], atol=1e-6)
