from itertools import product

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.game import (
    NOTTINGHAM,
    PIANO,
    BatchedGame,
    ConstantSpeedPolicy,
    OraclePolicy,
    RandomPolicy,
    constant_speed,
    marked_track,
    oracle_actions,
    ramp_track,
    random_track,
)


def play(player, tracks, config=PIANO):
    """Absolute errors while running and who finished."""
    game = BatchedGame(tracks, config, n_episodes=len(tracks))
    game.reset(np.arange(len(tracks)), np.arange(len(tracks)))
    finished, errors = np.zeros(len(tracks), dtype=bool), []
    while game.running.any():
        running = game.running.copy()
        result = game.step(player.act(game))
        errors.extend(np.abs(result.error_px[running]))
        finished |= result.finished
    return np.array(errors), finished


@pytest.mark.parametrize("config", [PIANO, NOTTINGHAM], ids=lambda config: config.name)
def test_oracle_finishes_everything_with_small_error(config):
    tracks = [ramp_track(1.0), ramp_track(3.7)] + [random_track(seed, 150) for seed in range(20)]
    errors, finished = play(OraclePolicy(), tracks, config)
    assert finished.all()
    assert errors.mean() < 3


@pytest.mark.parametrize("config", [PIANO, NOTTINGHAM], ids=lambda config: config.name)
def test_oracle_gets_over_line_ends(config):
    # every 16th onset is a clef and a key signature away
    steps = np.where(np.arange(1, 120) % 16 == 0, 110.0, 24.0)
    seconds = 0.5 + 0.4 * np.arange(120)
    track = marked_track("lines", seconds, onset_x_px=60 + np.concatenate([[0], np.cumsum(steps)]), seed=0)
    errors, finished = play(OraclePolicy(), [track], config)
    assert finished.all()
    assert errors.max() < 45


def test_oracle_tries_every_sequence():
    rng = np.random.default_rng(0)
    position, speed = rng.uniform(0, 50, 40), rng.integers(-3, 6, 40)
    holds = (1, 1, 3)
    targets = position[:, None] + np.cumsum(rng.uniform(-4, 9, (40, 5)), axis=1)
    chosen = oracle_actions(position, speed, future_targets=targets, holds=holds)
    for k in range(40):
        costs = {}
        for sequence in product((-1, 0, 1), repeat=3):
            path = position[k] + np.cumsum(speed[k] + np.cumsum(np.repeat(sequence, holds)))
            costs[sequence] = np.sum((path - targets[k]) ** 2)
        assert chosen[k] == min(costs, key=costs.get)[0] + 1


def test_oracle_keeps_its_speed_when_that_is_as_good():
    steady = [[2.0, 4.0, 6.0, 8.0]]
    np.testing.assert_array_equal(oracle_actions([0.0], [2.0], future_targets=steady, holds=(1, 1, 1, 1)), [1])
    either = [[0.5], [-0.5]]
    np.testing.assert_array_equal(oracle_actions([0.0, 0.0], [0.0, 0.0], future_targets=either, holds=(1,)), [1, 1])


def test_oracle_refuses_shapes_that_do_not_agree():
    right, wrong = np.zeros((1, 2)), np.zeros((1, 3))
    for position, speed, targets, holds in (
        ([0.0], [0.0, 1.0], right, (1, 1)),
        ([0.0], [0.0], [1.0], (1, 1)),
        ([0.0], [0.0], wrong, (1, 1)),
        ([0.0], [0.0], np.zeros((1, 0)), ()),
    ):
        with pytest.raises(GameError, match="future_targets must be"):
            oracle_actions(position, speed, future_targets=targets, holds=holds)


def test_constant_speed_follows_a_ramp_of_its_own_speed_and_loses_others():
    tracks = [ramp_track(2.4, 60), ramp_track(3.4, 60), ramp_track(1.4, 60)]
    errors, finished = play(ConstantSpeedPolicy(2.4), tracks)
    np.testing.assert_array_equal(finished, [True, False, False])
    errors, finished = play(ConstantSpeedPolicy([2.4, 3.4, 1.4]), tracks)
    assert finished.all()
    assert errors.mean() < 2


def test_constant_speed_loses_music_with_rubato():
    tracks = [random_track(seed, 200) for seed in range(20)]
    speeds = [constant_speed(track.onset_s * 1.15, track.onset_x_px) for track in tracks]
    _, finished = play(ConstantSpeedPolicy(speeds), tracks)
    assert finished.mean() < 0.3


def test_constant_speed_of_a_score():
    assert constant_speed([0.0, 1.0, 2.0], [100.0, 130.0, 180.0]) == pytest.approx(2.0)
    with pytest.raises(GameError, match="time going on"):
        constant_speed([1.0, 1.0], [0.0, 5.0])
    with pytest.raises(GameError, match="one per track"):
        play(ConstantSpeedPolicy([1.0, 2.0]), [ramp_track()])


def test_random_player_loses_and_repeats_with_its_seed():
    tracks = [random_track(seed, 200) for seed in range(20)]
    errors, finished = play(RandomPolicy(1), tracks)
    again, _ = play(RandomPolicy(1), tracks)
    assert not finished.any()
    np.testing.assert_array_equal(errors, again)
    assert not np.array_equal(errors, play(RandomPolicy(2), tracks)[0])
