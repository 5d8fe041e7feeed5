import time
from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.game import PIANO, BatchedGame, ramp_track, random_track

SLOWER, SAME, FASTER = 0, 1, 2


def started(track, config=PIANO, **options):
    game = BatchedGame([track], config, **options)
    game.reset(0, 0)
    return game


def play(game, action, steps=10_000):
    results = []
    while game.running.any() and len(results) < steps:
        results.append(game.step(np.full(game.n_episodes, action)))
    return results


def test_nothing_runs_before_reset():
    game = BatchedGame([ramp_track()], PIANO, n_episodes=3)
    assert not game.running.any()
    result = game.step([SAME] * 3)
    assert not result.reward.any()
    assert not game.frame.any()


def test_starts_at_the_first_onset_at_rest():
    track = ramp_track(2.0, lead_in_frames=10)
    game = started(track)
    assert (game.frame[0], game.position_px[0], game.speed[0]) == (10, track.onset_x_px[0], 0)
    assert game.error_px[0] == 0


def test_one_step_moves_then_listens_then_judges():
    game = started(ramp_track(2.0))
    result = game.step([FASTER])
    # speed 1, position +1, target +2
    assert result.error_px[0] == pytest.approx(-1)
    assert result.reward[0] == pytest.approx(169 / 170)
    result = game.step([FASTER])
    assert (game.speed[0], result.error_px[0]) == (2, pytest.approx(-1))
    result = game.step([SLOWER])
    assert (game.speed[0], result.error_px[0]) == (1, pytest.approx(-2))


def test_standing_still_is_lost_just_beyond_the_bound():
    game = started(ramp_track(2.0, 40))
    results = play(game, SAME)
    # errors -2, -4, ..., -170 are allowed, -172 is lost
    assert len(results) == 86
    assert results[84].error_px[0] == pytest.approx(-170)
    assert results[84].reward[0] == pytest.approx(0, abs=1e-6)
    assert not results[84].lost[0]
    last = results[-1]
    assert (last.lost[0], last.finished[0], last.terminated[0], last.truncated[0]) == (True, False, True, False)
    assert last.reward[0] == 0
    assert game.lost_frame[0] == 10 + 86
    assert sum(r.reward[0] for r in results) == pytest.approx(sum((170 - 2 * k) / 170 for k in range(1, 86)), rel=1e-5)


def test_finishing_at_the_last_onset_exactly_at_the_bound_counts():
    # 85 frames of 2 px: the last onset is 170 px away from an agent that stands still
    game = started(ramp_track(2.0, 6, frames_per_onset=17))
    results = play(game, SAME)
    last = results[-1]
    assert len(results) == 85
    assert last.error_px[0] == pytest.approx(-170)
    assert (last.lost[0], last.finished[0], last.terminated[0], last.truncated[0]) == (False, True, True, False)
    assert game.lost_frame[0] == -1


def test_lost_at_the_last_onset_is_lost_not_finished():
    game = started(ramp_track(2.0, 6, frames_per_onset=17))
    game.reset(0, 0, start_position=60 - 0.5)
    last = play(game, SAME)[-1]
    assert game.frame[0] == game.last_frame[0]
    assert (last.lost[0], last.finished[0]) == (True, False)


def test_time_limit_only_truncates():
    game = started(ramp_track(2.0), replace(PIANO, time_limit_frames=7))
    results = play(game, SAME)
    assert len(results) == 7
    assert not any(r.truncated[0] for r in results[:-1])
    last = results[-1]
    assert (last.lost[0], last.finished[0], last.terminated[0], last.truncated[0]) == (False, False, False, True)
    assert last.reward[0] == pytest.approx((170 - 14) / 170)


@pytest.mark.parametrize(("limit", "onsets"), [(86, 40), (85, 6)])
def test_lost_or_finished_at_the_time_limit_is_not_truncated(limit, onsets):
    track = ramp_track(2.0, onsets, frames_per_onset=17 if onsets == 6 else 8)
    last = play(started(track, replace(PIANO, time_limit_frames=limit)), SAME)[-1]
    assert last.terminated[0]
    assert not last.truncated[0]


def test_ended_episodes_stay_frozen_until_reset():
    game = BatchedGame([ramp_track(2.0, 40), ramp_track(0.5, 40)], PIANO, n_episodes=2)
    game.reset([0, 1], [0, 1])
    play(game, SAME, steps=86)
    np.testing.assert_array_equal(game.running, [False, True])
    before = (game.position_px[0], game.speed[0], game.frame[0], game.error_px[0])
    result = game.step([FASTER, FASTER])
    assert (game.position_px[0], game.speed[0], game.frame[0], game.error_px[0]) == before
    assert result.reward[0] == 0
    assert not (result.lost[0] | result.finished[0] | result.terminated[0] | result.truncated[0])
    assert result.reward[1] > 0
    other = (game.position_px[1], game.frame[1])
    game.reset([0], 0)
    assert game.running.all()
    assert (game.frame[0], game.speed[0], game.lost_frame[0]) == (10, 0, -1)
    assert (game.position_px[1], game.frame[1]) == other


def test_start_anywhere_on_the_true_path():
    track = random_track(0)
    game = BatchedGame([track], PIANO, n_episodes=3)
    game.reset([0, 1, 2], 0, start_frame=[50, 60, 70], start_speed=[1, 2, 3])
    np.testing.assert_allclose(game.position_px, track.targets[[50, 60, 70]])
    np.testing.assert_array_equal(game.speed, [1, 2, 3])
    np.testing.assert_array_equal(game.error_px, 0)
    game.reset(1, 0, start_frame=60, start_position=track.targets[60] + 5.25)
    assert game.error_px[1] == pytest.approx(5.25)


def test_without_the_stop_it_goes_on_to_the_last_onset_and_stays_on_the_strip():
    track = ramp_track(4.0, 60)
    game = started(track, stop_when_lost=False)
    results = play(game, SLOWER)
    assert len(results) == track.last_frame - track.first_frame
    assert game.position_px[0] == 0
    first_lost = int(np.argmax([r.lost[0] for r in results]))
    assert game.lost_frame[0] == track.first_frame + first_lost + 1
    assert not any(r.terminated[0] for r in results[:-1])
    last = results[-1]
    assert (last.lost[0], last.finished[0], last.terminated[0]) == (True, False, True)
    assert sum(r.reward[0] for r in results[first_lost:]) == 0
    fast = started(track, stop_when_lost=False)
    play(fast, FASTER)
    assert fast.position_px[0] == track.strip.shape[1] - 1


def test_lost_and_found_again_is_not_finished():
    track = ramp_track(2.0, 100)
    game = started(track, stop_when_lost=False)
    play(game, SAME, steps=100)
    game.step([FASTER])
    while game.running[0]:
        game.step([FASTER if game.error_px[0] + 6 * game.speed[0] < 10 else SLOWER])
    assert abs(game.error_px[0]) < 170
    assert game.lost_frame[0] > 0


def test_batched_equals_one_by_one():
    tracks = [random_track(seed) for seed in range(5)]
    actions = np.random.default_rng(0).integers(3, size=(80, 5))
    together = BatchedGame(tracks, PIANO, n_episodes=5)
    together.reset(np.arange(5), np.arange(5))
    alone = [started(track) for track in tracks]
    for row in actions:
        result = together.step(row)
        single = [game.step(row[k : k + 1]) for k, game in enumerate(alone)]
        np.testing.assert_array_equal(result.reward, [r.reward[0] for r in single])
        np.testing.assert_array_equal(result.lost, [r.lost[0] for r in single])
        np.testing.assert_array_equal(result.error_px, [r.error_px[0] for r in single])


def test_targets_ahead_repeat_the_last_onset():
    track = ramp_track(2.0, 3, frames_per_onset=8)
    game = started(track)
    game.reset(0, 0, start_frame=track.last_frame - 2)
    end = track.onset_x_px[-1]
    np.testing.assert_allclose(game.targets_ahead(4), [[end - 2, end, end, end]], rtol=1e-6)


@pytest.mark.parametrize(
    ("actions", "message"),
    [([1], "int \\(2,\\)"), ([1.0, 1.0], "float64"), ([0, 3], "from 0 to 2"), ([-1, 0], "from 0 to 2")],
)
def test_bad_actions_are_refused(actions, message):
    game = BatchedGame([ramp_track()], PIANO, n_episodes=2)
    game.reset([0, 1], 0)
    with pytest.raises(GameError, match=message):
        game.step(actions)


def test_bad_resets_are_refused():
    track = ramp_track(2.0, 5)
    game = BatchedGame([track], PIANO, n_episodes=2)
    for indices, tracks in ((2, 0), (-1, 0), (0, 1), ([0, 1], [0, -1])):
        with pytest.raises(GameError, match="indices must be from"):
            game.reset(indices, tracks)
    for frame in (track.first_frame - 1, track.last_frame):
        with pytest.raises(GameError, match=f"from {track.first_frame} to {track.last_frame - 1}"):
            game.reset(0, 0, start_frame=frame)
    with pytest.raises(GameError, match="needs a track"):
        BatchedGame([], PIANO)


def test_steps_are_fast_enough_for_learning():
    game = BatchedGame([random_track(seed) for seed in range(8)], PIANO, n_episodes=256, stop_when_lost=False)
    game.reset(np.arange(256), np.arange(256) % 8)
    actions = np.ones(256, dtype=np.int64)
    started_at = time.perf_counter()
    for _ in range(100):
        game.step(actions)
    assert 100 * 256 / (time.perf_counter() - started_at) > 100_000
