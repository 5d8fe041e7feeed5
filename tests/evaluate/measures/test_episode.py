"""Episodes refuse what cannot be one."""

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.measures import Episode

GOOD = {
    "name": "x",
    "onset_s": np.array([0.0, 1.0]),
    "onset_x_px": np.array([10.0, 50.0]),
    "position_px": np.linspace(10, 50, 21),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset_s": np.array([]), "onset_x_px": np.array([])}, "not empty"),
        ({"position_px": np.array([])}, "not empty"),
        ({"onset_x_px": np.array([10.0])}, "expected onset_s"),
        ({"position_px": np.zeros((21, 1))}, "expected onset_s"),
        ({"position_px": np.array([np.nan])}, "finite"),
        ({"onset_s": np.array([0.0, np.inf])}, "finite"),
        ({"onset_s": np.array([1.0, 0.0])}, "never decrease"),
        ({"onset_x_px": np.array([50.0, 10.0])}, "never decrease"),
        ({"lost_frame": 21}, "0 to 20, got 21"),
        ({"lost_frame": -1}, "0 to 20, got -1"),
        ({"system_left_px": np.array([])}, "system_left_px"),
        ({"system_left_px": np.array([5.0, 0.0])}, "never decrease"),
        ({"bar_left_px": np.zeros((2, 2))}, "bar_left_px"),
    ],
)
def test_broken_episodes_are_refused_by_name(change, message):
    Episode(**GOOD)
    with pytest.raises(ConfigError, match=f"episode 'x': .*{message}"):
        Episode(**{**GOOD, **change})


def test_names_tell_the_piece():
    assert Episode(**GOOD).piece == "x"
    assert Episode(**{**GOOD, "name": "corpus/x/second"}).piece == "corpus/x"


def test_passages_of_a_performance_belong_to_its_piece():
    assert Episode(**{**GOOD, "name": "x/second/2"}).piece == "x"
    assert Episode(**{**GOOD, "name": "x/2"}).piece == "x"
