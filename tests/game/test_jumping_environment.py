"""The game in which player and agent jump, on a toy score that an agent with perfect pitch searches."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from standpartner.agent.columns import pad_columns
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import GameError
from standpartner.follow.search import WHOLE_UP_TO_STRETCHES
from standpartner.game import (
    ENVIRONMENT_ID,
    JUMPING_ENVIRONMENT_ID,
    PIANO,
    JumpingScoreFollowingEnv,
    JumpingTrack,
    ScoreFollowingEnv,
    jumping_track,
    ramp_track,
    random_track,
)

SAME, GO = 1, 3
SPEED_PX = 2
PASSAGES = ((0, 39), (10, 39))
LEVELS = 13


class MarkAgent:
    """Reads the toy's marks and hears its bands without fault: both are one of 13 levels."""

    class config:  # noqa: N801 - an attribute of agents
        history_frames = 1

    silent_front = np.zeros(LEVELS, np.float32)

    def read(self, strip):
        columns = np.zeros((-(-strip.shape[1] // 8), LEVELS), np.float32)
        rows, xs = np.nonzero(strip == 0)
        for x in np.unique(xs):
            middle = (rows[xs == x].min() + rows[xs == x].max()) // 2
            columns[x // 8, 6 - round((middle - 80) / 3)] = 1.0
        return pad_columns(columns)

    def fronts(self, frames):
        return frames[:, -1, 4 : 4 + 5 * LEVELS : 5]

    def listen(self, fronts):
        sounds = fronts[:, :, -1]
        begins = (sounds - fronts[:, :, -2]).max(axis=1) > 0.5
        return sounds, np.tile(np.where(begins, 9.0, -9.0)[:, None], (1, 88)).astype(np.float32)

    def search_keys(self, view):
        return np.ascontiguousarray(view[64:-64].T[None])

    def search(self, keys, embedding):
        return 8.0 * (embedding @ keys[0])[0]


@pytest.fixture(scope="module")
def track():
    return jumping_track(passages=PASSAGES)


@pytest.fixture
def env(track):
    return gymnasium.make(JUMPING_ENVIRONMENT_ID, tracks=[track], agent=MarkAgent()).unwrapped


def play(env, choose):
    """Read at the music's speed, and go elsewhere as `choose` tells by what is seen; return rewards and infos."""
    seen, info = env.reset(seed=0)
    rewards, infos, ended = [], [info], False
    while not ended:
        action = GO if choose(seen) else SAME + int(np.sign(SPEED_PX - info["speed"]))
        seen, reward, ended, truncated, info = env.step(action)
        assert env.observation_space.contains(seen)
        assert not truncated
        rewards.append(reward)
        infos.append(info)
    return np.array(rewards), infos


def test_the_game_without_jumps_is_not_called_out_of_date(track):
    assert type(gymnasium.make(ENVIRONMENT_ID, tracks=[track]).unwrapped) is ScoreFollowingEnv  # or it would warn
    envs = gymnasium.make_vec(JUMPING_ENVIRONMENT_ID, num_envs=2, tracks=[track], agent=MarkAgent())
    assert envs.reset(seed=0)[0]["places"].shape == (2, 3, 4)


def test_gymnasiums_own_checks_pass(track):
    check_env(JumpingScoreFollowingEnv([track], agent=MarkAgent()), skip_render_check=True)


def test_who_goes_where_the_search_is_sure_follows_a_jump_and_who_never_goes_is_lost(env, track):
    goes, infos = play(env, lambda seen: seen["places"][0, 1] > 6 and seen["here"][1] > 0.2)
    stays, stayed = play(env, lambda seen: False)
    jumped = track.onset_frames[40] - track.first_frame
    assert goes[:jumped].mean() > 0.9
    assert stays[:jumped].mean() > 0.9
    assert goes[jumped + 30 :].mean() > 0.85, "a second and a half after the player's jump it is back"
    assert stays[jumped + 30 :].sum() == 0, "the player went back and never comes near again"
    assert [infos[-1]["finished"], stayed[-1]["finished"]] == [True, True]
    assert [infos[-1]["lost"], stayed[-1]["lost"]] == [False, True]
    assert len(goes) == len(stays) == track.last_frame - track.first_frame


def test_going_takes_place_and_speed_of_the_first_other_place_and_costs(track):
    env = JumpingScoreFollowingEnv([track], agent=MarkAgent(), jump_cost=0.25)
    seen, info = env.reset(seed=0)
    for _ in range(60):
        seen, *_, info = env.step(SAME)
    (_, _, away, speed_px), width_px = seen["places"][0], track.strip.shape[1]
    there_px = info["position_px"] + away * width_px + round(float(speed_px))
    target_px = float(track.targets_at(np.array([info["frame"] + 1]))[0])
    _, reward, *_, moved = env.step(GO)
    assert moved["position_px"] == pytest.approx(there_px, abs=0.01)
    assert moved["speed"] == round(float(speed_px))
    assert reward == pytest.approx(max(0.0, (170 - abs(there_px - target_px)) / 170) - 0.25, abs=1e-4)


def test_what_is_told_of_here_counts_seconds_and_notes(env):
    seen, _ = env.reset(seed=0)
    np.testing.assert_allclose(seen["here"][2:], [0, 1])
    for _ in range(40):
        seen, *_ = env.step(SAME)
    np.testing.assert_allclose(seen["here"][2:], [2, 5], err_msg="a note each 8 frames")
    seen, *_ = env.step(GO)
    assert seen["here"][2] == pytest.approx(1 / FRAME_RATE_HZ)


def test_the_same_seed_gives_the_same_episode(env):
    first, _ = play(env, lambda seen: seen["places"][0, 1] > 6)
    again, _ = play(env, lambda seen: seen["places"][0, 1] > 6)
    np.testing.assert_array_equal(first, again)


def test_an_episode_in_a_long_score_does_not_depend_on_those_before():
    env = JumpingScoreFollowingEnv([random_track(1, n_onsets=700)])
    assert env.tracks[0].strip.shape[1] > 8 * 256 * WHOLE_UP_TO_STRETCHES
    episodes = []
    for _ in range(3):
        seen, _ = env.reset(seed=3)
        episodes.append([seen, *(env.step(2 if frame % 9 == 0 else SAME)[0] for frame in range(120))])
    for first, _, again in zip(*episodes, strict=True):
        for name in first:
            np.testing.assert_array_equal(first[name], again[name], err_msg=name)


def test_a_score_without_another_place_is_only_read_on():
    env = JumpingScoreFollowingEnv([ramp_track(2.0, 3)], agent=MarkAgent())
    env.reset(seed=0)
    seen, _, _, _, info = env.step(GO)
    assert info["speed"] in (0.0, *seen["places"][:, 3])


def test_time_limits_and_costs_are_checked(track):
    limited = JumpingScoreFollowingEnv([track], replace(PIANO, time_limit_frames=2), agent=MarkAgent())
    limited.reset(seed=0)
    assert [limited.step(SAME)[3], limited.step(SAME)[3]] == [False, True]
    with pytest.raises(GameError, match="cost of 0 or more"):
        JumpingScoreFollowingEnv([track], agent=MarkAgent(), jump_cost=-1)


def test_a_jumping_track_stands_still_between_passages_and_goes_back(track):
    assert isinstance(track, JumpingTrack)
    last, first = track.onset_frames[39], track.onset_frames[40]
    np.testing.assert_allclose(track.targets_at(np.array([last, last + 7, first])), [60 + 39 * 16] * 2 + [60 + 10 * 16])
    with pytest.raises(GameError, match="never decrease"):
        replace(track, starts=np.array([0]))
    with pytest.raises(GameError, match="passages must start"):
        replace(track, starts=np.array([1, 40]))
    with pytest.raises(GameError, match="expected passages within"):
        jumping_track(passages=[(0, 80)])
