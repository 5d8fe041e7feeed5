"""The batched game as a vector environment: each game goes as it would alone."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from standpartner.errors import ConfigError, GameError
from standpartner.game import ENVIRONMENT_ID, PIANO, ScoreFollowingEnv, ScoreFollowingVectorEnv, ramp_track

TRACKS = [ramp_track(2.0, 4), ramp_track(3.0, 12, seed=1), ramp_track(4.0, 5, seed=2)]
RULES = {"piano": "piano", "limited": replace(PIANO, time_limit_frames=30)}
GAMES = 5


def both(mode, config="piano"):
    alone = SyncVectorEnv(
        [lambda: gymnasium.make(ENVIRONMENT_ID, tracks=TRACKS, config=config)] * GAMES, autoreset_mode=mode
    )
    return alone, ScoreFollowingVectorEnv(GAMES, TRACKS, config=config, autoreset_mode=mode)


def assert_same(one, other):
    """The same nested arrays, of the same types."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, np.ndarray) and one.dtype == object:
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif one is None:
        assert other is None
    else:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP], ids=lambda mode: mode.value)
def test_every_game_goes_as_it_would_alone(mode, rules):
    """Observations, rewards, ends and info, over many ends: lost, finished and out of time."""
    alone, together = both(mode, RULES[rules])
    assert alone.observation_space == together.observation_space
    assert alone.action_space == together.action_space
    for one, other in zip(alone.reset(seed=3), together.reset(seed=3), strict=True):
        assert_same(one, other)
    rng, ended = np.random.default_rng(0), np.zeros(3, np.int64)
    for _ in range(80):
        actions = rng.integers(3, size=GAMES)
        results = alone.step(actions), together.step(actions)
        for one, other in zip(*results, strict=True):
            assert_same(one, other)
        info = results[1][4].get("final_info", results[1][4])
        ended += [info["lost"].sum(), info["finished"].sum(), results[1][3].sum()]
    assert ended[:2].all()
    assert (ended[2] > 0) == (rules == "limited")


def test_disabled_autoreset_waits_for_the_caller():
    alone, together = both(AutoresetMode.DISABLED)
    for env in (alone, together):
        env.reset(seed=1)
    same = np.ones(GAMES, np.int64)
    over = np.zeros(GAMES, bool)
    while not over.any():
        *_, terminated, truncated, _ = together.step(same)
        alone.step(same)
        over = terminated | truncated
    with pytest.raises(GameError, match="is not running"):
        together.step(same)
    results = [env.reset(options={"reset_mask": over.copy()}) for env in (alone, together)]
    for one, other in zip(*results, strict=True):
        assert_same(one, other)
    for one, other in zip(alone.step(same), together.step(same), strict=True):
        assert_same(one, other)


def test_make_vec_makes_the_batched_game():
    envs = gymnasium.make_vec(ENVIRONMENT_ID, num_envs=3, tracks=TRACKS, config="nottingham")
    assert isinstance(envs.unwrapped, ScoreFollowingVectorEnv)
    assert isinstance(envs, VectorEnv)
    assert envs.num_envs == 3
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    seen, info = envs.reset(seed=0)
    assert envs.observation_space.contains(seen)
    assert info["frame"].shape == (3,)
    same = gymnasium.make_vec(ENVIRONMENT_ID, num_envs=3, tracks=TRACKS, config="nottingham", autoreset_mode="SameStep")
    assert same.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    envs.close()


def test_seeds_and_tracks_are_chosen_for_all_games_or_for_each():
    envs = ScoreFollowingVectorEnv(4, TRACKS)
    _, first = envs.reset(seed=11)
    _, again = envs.reset(seed=[11, 12, 13, 14])
    assert_same(first, again)
    alone = [ScoreFollowingEnv(TRACKS).reset(seed=11 + k)[1]["track"] for k in range(4)]
    assert first["track"].tolist() == alone
    assert_same(first, envs.reset(seed=np.int64(11))[1])
    assert_same(first, envs.reset(seed=np.arange(11, 15))[1])
    assert_same(envs.reset(seed=0)[1], envs.reset(seed=np.int64(0))[1])
    assert envs.reset(options={"track": 1})[1]["track"].tolist() == [1] * 4
    assert envs.reset(options={"track": [0, 1, 2, 0]})[1]["track"].tolist() == [0, 1, 2, 0]


def test_observations_may_be_kept():
    envs = ScoreFollowingVectorEnv(2, TRACKS)
    seen, _ = envs.reset(seed=0)
    before = seen["score"].copy()
    envs.step(np.array([2, 2]))
    np.testing.assert_array_equal(seen["score"], before)


def test_features_are_those_of_the_agents_encoders(tiny_bundle):
    from standpartner.agent.bundle import load_agent
    from standpartner.agent.columns import window, window_index
    from standpartner.agent.listening import hear_recording

    envs = ScoreFollowingVectorEnv(3, TRACKS, observe="features", agent=str(tiny_bundle))
    seen, info = envs.reset(seed=0, options={"track": [0, 1, 2]})
    assert envs.observation_space.contains(seen)
    for _ in range(4):
        seen, *_, info = envs.step(np.array([0, 1, 2]))
    agent = load_agent(str(tiny_bundle))
    for number, track in enumerate(TRACKS):
        view = agent.read(track.strip)
        place = window_index(info["position_px"][number : number + 1], np.array([len(view) - 128]))
        np.testing.assert_allclose(seen["score"][number], window(view, *place)[0], rtol=1e-6)
        heard, _ = hear_recording(agent, track.spectrogram[: track.last_frame + 1])
        np.testing.assert_allclose(seen["spectrogram"][number], heard[info["frame"][number]], rtol=1e-6)


def test_wrong_wishes_are_refused():
    with pytest.raises(ConfigError, match="'windows' or 'features'"):
        ScoreFollowingVectorEnv(2, TRACKS, observe="everything")
    envs = ScoreFollowingVectorEnv(2, TRACKS)
    with pytest.raises(GameError, match="not running"):
        envs.step(np.array([1, 1]))
    with pytest.raises(GameError, match="one seed or 2"):
        envs.reset(seed=[1, 2, 3])
    with pytest.raises(GameError, match="reset options"):
        envs.reset(options={"piece": 1})
    with pytest.raises(GameError, match="reset_mask must be bool"):
        envs.reset(options={"reset_mask": np.array([1, 0])})
    with pytest.raises(ValueError, match="Never"):
        ScoreFollowingVectorEnv(2, TRACKS, autoreset_mode="Never")
