import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.game import CONFIGS, NOTTINGHAM, PIANO, GameConfig
from standpartner.game.rules import is_lost, next_position, next_speed, onset_frame, reward, target_x_px


def test_the_two_configurations_are_the_papers():
    assert (PIANO.window_height_px, PIANO.window_width_px, PIANO.bound_px) == (160, 512, 170)
    assert (PIANO.shown_height_px, PIANO.shown_width_px, PIANO.frames_in_view) == (80, 256, 40)
    assert (NOTTINGHAM.shown_height_px, NOTTINGHAM.shown_width_px, NOTTINGHAM.bound_px) == (40, 150, 50)
    assert CONFIGS == {"piano": PIANO, "nottingham": NOTTINGHAM}


@pytest.mark.parametrize(
    ("error_px", "expected"), [(0, 1.0), (85, 0.5), (-85, 0.5), (170, 0.0), (-170, 0.0), (171, 0.0), (1e6, 0.0)]
)
def test_reward_falls_linearly_to_the_bound(error_px, expected):
    assert reward(error_px, 170) == pytest.approx(expected)


def test_exactly_at_the_bound_is_not_lost():
    np.testing.assert_array_equal(is_lost([170.0, -170.0, 170.01, -170.01], 170), [False, False, True, True])


def test_position_moves_with_the_new_speed():
    speed = next_speed([2.0, 0.0], [1, -1])
    np.testing.assert_array_equal(speed, [3.0, -1.0])
    np.testing.assert_array_equal(next_position([10.0, 10.0], speed), [13.0, 9.0])


def test_onset_frames_round_half_up():
    np.testing.assert_array_equal(onset_frame([0.0, 0.024, 0.025, 0.125, 1.0]), [0, 0, 1, 3, 20])


def test_target_is_linear_between_onsets_and_constant_outside():
    target = target_x_px([0, 20, 30, 40, 99], [1.0, 2.0], onset_x_px=[100.0, 140.0])
    np.testing.assert_allclose(target, [100, 100, 120, 140, 140])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bound_px": 0}, "1 or more"),
        ({"window_height_px": 161}, "exceeds 160"),
        ({"window_width_px": 511}, "divide by downscale"),
        ({"actions": ()}, "distinct"),
        ({"actions": (1, 1)}, "distinct"),
        ({"time_limit_frames": 0}, "time limit"),
    ],
)
def test_impossible_configurations_are_refused(change, message):
    values = {"name": "x", "window_height_px": 160, "window_width_px": 512, "downscale": 2, "bound_px": 170}
    with pytest.raises(ConfigError, match=message):
        GameConfig(**{**values, **change})
