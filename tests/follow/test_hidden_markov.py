"""The hidden Markov model of places and speeds: what it believes a frame later, told by multiplying it out."""

import numpy as np
import pytest

from standpartner.follow.hidden_markov import Belief, neighbour_mixing, normal_mixing

CELLS, CELL_PX = 30, 4.0
SPEEDS_PX = np.array([0.0, 1.0, 3.0, 4.0, 10.0])


def moved_by_hand(table, mixing, *, keep_end):
    """Every cell of every speed sends its share to every speed, which splits it between two cells."""
    result = np.zeros_like(table)
    for now in range(len(SPEEDS_PX)):
        for then, speed_px in enumerate(SPEEDS_PX):
            for cell in range(CELLS):
                share = mixing[then, now] * table[now, cell]
                whole, beyond = divmod(speed_px / CELL_PX, 1)
                for goal, part in ((cell + int(whole), 1 - beyond), (cell + int(whole) + 1, beyond)):
                    if goal < CELLS or keep_end:
                        result[then, min(goal, CELLS - 1)] += part * share
    return result


@pytest.mark.parametrize("keep_end", [True, False])
@pytest.mark.parametrize("mixing", [neighbour_mixing(5, 0.1).astype(np.float64), normal_mixing(SPEEDS_PX, 1.5)])
def test_moves_as_multiplied_out(mixing, keep_end):
    belief = Belief(CELLS, CELL_PX, speeds_px=SPEEDS_PX, mixing=mixing, keep_end=keep_end)
    belief.take(np.random.default_rng(0).uniform(size=belief.table.shape))
    expected = moved_by_hand(belief.table, mixing, keep_end=keep_end)
    np.testing.assert_allclose(belief.moved(), expected, rtol=0, atol=1e-15)
    assert expected.sum() == pytest.approx(1.0) if keep_end else expected.sum() < 0.99


def test_the_type_of_the_mixing_is_that_of_the_belief():
    belief = Belief(CELLS, CELL_PX, speeds_px=SPEEDS_PX, mixing=neighbour_mixing(5, 0.1))
    belief.begin(40.0)
    assert belief.table.dtype == belief.moved().dtype == np.float32


@pytest.mark.parametrize("mixing", [neighbour_mixing(5, 0.1), normal_mixing(SPEEDS_PX, 1.5)])
def test_speeds_turn_into_each_other_without_loss(mixing):
    np.testing.assert_allclose(mixing.sum(axis=0), 1.0, rtol=1e-6)
    assert (mixing >= 0).all()
    assert (mixing.argmax(axis=0) == np.arange(5)).all()


def test_begins_at_a_place_or_anywhere():
    belief = Belief(CELLS, CELL_PX, speeds_px=SPEEDS_PX, mixing=normal_mixing(SPEEDS_PX, 1.5))
    assert np.ptp(belief.table) == 0
    assert belief.table.sum() == pytest.approx(1.0)
    belief.begin(42.0)  # the middle of cell 10
    peak = belief.peak()
    assert peak.x_px == pytest.approx(42.0)
    calm = np.exp(-SPEEDS_PX / 4)
    assert peak.speed_px == pytest.approx((calm * SPEEDS_PX).sum() / calm.sum())
    np.testing.assert_allclose(belief.place[8] / belief.place[10], np.exp(-2.0))
    belief.begin(None)
    assert np.ptp(belief.table) == 0


def test_the_peak_is_between_two_equal_neighbours():
    belief = Belief(CELLS, CELL_PX, speeds_px=SPEEDS_PX, mixing=normal_mixing(SPEEDS_PX, 1.5))
    table = np.zeros_like(belief.table)
    table[2, 5:7] = 1.0
    belief.take(table)
    assert (belief.peak().x_px, belief.peak().speed_px) == (24.0, 3.0)
