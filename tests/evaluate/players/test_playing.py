"""Episodes recorded from a game, and from positions without one."""

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.evaluate.measures import evaluate_episodes, r_on, r_tue
from standpartner.evaluate.players.episodes import episode_of_positions, play_episodes, play_runs
from standpartner.game import PIANO, ConstantSpeedPolicy, OraclePolicy, RandomPolicy, ramp_track, random_track


def test_oracle_is_measured_as_good_and_chance_as_bad():
    tracks = [random_track(seed, 150) for seed in range(12)]
    oracle = evaluate_episodes(play_episodes(OraclePolicy(), tracks, config=PIANO))
    assert (oracle["r_tue"], oracle["r_on"]) == (1.0, 1.0)
    assert oracle["error_cm_mean"] < 0.15
    assert oracle["within_s"]["0.5"] > 0.99
    chance = evaluate_episodes(play_episodes(RandomPolicy(0), tracks, config=PIANO))
    assert chance["r_tue"] == 0
    assert chance["r_on"] < chance["r_on_as_published"] < 0.6
    assert chance["within_s"]["0.5"] < 0.3


def test_recording_with_and_without_the_stop_agrees_up_to_the_loss():
    tracks = [ramp_track(2.0, 60), ramp_track(4.5, 60)]
    stopped = play_episodes(ConstantSpeedPolicy(2.0), tracks, config=PIANO, stop_when_lost=True)
    gone_on = play_episodes(ConstantSpeedPolicy(2.0), tracks, config=PIANO)
    assert [run.lost_frame is None for run in stopped] == [True, False]
    assert r_tue(stopped) == r_tue(gone_on) == 0.5
    assert r_on(stopped) == r_on(gone_on)
    for track, short, long in zip(tracks, stopped, gone_on, strict=True):
        assert short.lost_frame == long.lost_frame
        assert long.end_frame == track.last_frame
        np.testing.assert_array_equal(short.position_px, long.position_px[: len(short.position_px)])
    assert stopped[1].end_frame == stopped[1].lost_frame


def test_runs_side_by_side_are_each_a_play_of_all_tracks():
    tracks = [ramp_track(2.0, 60), ramp_track(4.5, 30)]
    runs = play_runs(ConstantSpeedPolicy(2.0), tracks, config=PIANO, runs=3)
    alone = play_episodes(ConstantSpeedPolicy(2.0), tracks, config=PIANO)
    assert [len(run) for run in runs] == [2, 2, 2]
    for run in runs:
        for one, other in zip(run, alone, strict=True):
            assert (one.name, one.lost_frame) == (other.name, other.lost_frame)
            np.testing.assert_array_equal(one.position_px, other.position_px)
    with pytest.raises(GameError, match="0 episodes"):
        play_runs(ConstantSpeedPolicy(2.0), tracks, config=PIANO, runs=0)


def test_a_follower_without_a_game_is_judged_by_its_bound():
    track = ramp_track(2.0, 60)
    truth = track.targets[track.first_frame : track.last_frame + 1].astype(float)
    assert episode_of_positions(track, truth, bound_px=50).lost_frame is None
    off = truth.copy()
    off[20:23] += 50.0  # at the bound, not beyond it
    assert episode_of_positions(track, off, bound_px=50).lost_frame is None
    off[30:33] -= 51.0
    episode = episode_of_positions(track, off, bound_px=50)
    assert episode.lost_frame == track.first_frame + 30
    assert (episode.name, episode.end_frame) == (track.name, track.last_frame)
