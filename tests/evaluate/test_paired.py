"""Differences of two players on the same performances."""

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.paired import compare_reports


def report(shares, *, agent="a", onsets=None, **changed):
    """Return a report of one performance a piece, of which some share of the onsets was reached."""
    counts = onsets or [10] * len(shares)
    rows = [
        {
            "name": f"piece{k}/one", "onsets": count, "r_tue": float(share == 1), "r_on": share,
            "within_s": {"0.5": share}, "bar_accuracy": None, "system_accuracy": share,
        }
        for k, (share, count) in enumerate(zip(shares, counts, strict=True))
    ]  # fmt: skip
    setting = {"corpus": "c", "split": "valid", "sound": "room", "game": "piano", "limit": None}
    return {"agent": agent, "rows": rows} | setting | changed


def by_measure(differences):
    return {one.measure: one for one in differences}


def test_values_are_pooled_over_onsets_and_the_mean_of_reports():
    found = by_measure(
        compare_reports([report([0.5, 1.0], onsets=[30, 10])], [report([1.0, 1.0], onsets=[30, 10])] * 2, seed=1)
    )
    assert set(found) == {"r_tue", "r_on", "within_s 0.5", "system_accuracy"}  # a measure that is not there is left out
    assert (found["r_on"].first, found["r_on"].second) == (0.625, 1.0)
    assert (found["r_tue"].first, found["r_tue"].second) == (0.5, 1.0)


def test_a_gain_on_every_piece_has_an_interval_above_zero_however_different_the_pieces_are():
    hard = np.linspace(0.05, 0.9, 12)
    found = by_measure(compare_reports([report(hard)], [report(hard + 0.05)]))["r_on"]
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))


def test_the_interval_is_that_of_the_normal_law_where_pieces_vary():
    rng = np.random.default_rng(0)
    gain = rng.normal(0.02, 0.1, 400)
    found = by_measure(compare_reports([report(np.full(400, 0.5))], [report(0.5 + gain)]))["r_on"]
    half = 1.96 * gain.std() / 20
    assert (found.low, found.high) == pytest.approx((gain.mean() - half, gain.mean() + half), abs=0.002)


def test_reports_of_other_seeds_widen_the_interval():
    same = by_measure(compare_reports([report([0.5] * 5)], [report([0.6] * 5)] * 3))["r_on"]
    varied = by_measure(compare_reports([report([0.5] * 5)], [report([x] * 5) for x in (0.4, 0.6, 0.8)]))["r_on"]
    assert (same.low, same.high) == pytest.approx((0.1, 0.1))
    assert varied.low < 0 < varied.high
    assert varied.second == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([], [report([1.0])], "at least one report of each player, got 0 and 1"),
        ([report([1.0])], [report([1.0, 1.0])], "differ in performances"),
        ([report([1.0])], [report([1.0], sound="free", split="test")], "differ in split, sound"),
    ],
)
def test_other_performances_are_refused(first, second, message):
    with pytest.raises(ConfigError, match=message):
        compare_reports(first, second)
