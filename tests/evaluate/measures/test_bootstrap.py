"""Intervals by resampling, worked out by hand."""

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals


def test_resampled_totals_draw_as_many_pieces_as_there_are():
    tallies = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, np.nan]])
    totals = resampled_totals(tallies, 3, resamples=500)
    np.testing.assert_array_equal(totals[:, 0], 3)
    np.testing.assert_array_equal(totals, resampled_totals(tallies, 3, resamples=500))
    with pytest.raises(ConfigError, match="needs tallies"):
        resampled_totals(np.zeros((0, 2)), 0)


def test_percentile_interval_by_hand():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))
    assert percentile_interval(np.array([1.0, np.nan, 3.0]), 0.5) == pytest.approx((1.5, 2.5))
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()
    with pytest.raises(ConfigError, match="between 0 and 1"):
        percentile_interval(np.arange(3.0), 95)
