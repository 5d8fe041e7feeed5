"""A policy of the user's own, from a Python file."""

import gymnasium
import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.players import PlayConfig, agent_of_player, find_player, play_episodes
from standpartner.game import ENVIRONMENT_ID, ConstantSpeedPolicy, ramp_track
from standpartner.game.rules import NOTTINGHAM

TRACKS = [ramp_track(1.0, 40), ramp_track(2.0, 60)]
STEADY = """
import numpy as np
SEEN = []

def make_policy(num_envs, seed):
    def act(observations):
        SEEN.append(observations)
        return np.full(num_envs, 2 if len(SEEN) <= 2 else 1)  # speed 2 from the second frame on
    return act
"""
STILL = """
import numpy as np
MADE = []

def make_policy(num_envs, seed):
    MADE.append((num_envs, seed))
    return lambda seen: np.ones(num_envs, int)
"""


def test_it_plays_what_its_function_says_and_sees_what_the_environment_shows(tmp_path):
    path = tmp_path / "steady.py"
    path.write_text(STEADY)
    player = find_player(f"policy:{path}")
    (episodes,) = player.play_tracks(TRACKS, PlayConfig(game=NOTTINGHAM))
    for episode, track in zip(episodes, TRACKS, strict=True):
        moved = np.diff(episode.position_px)
        np.testing.assert_array_equal(moved[:4], [1, 2, 2, 2])
        assert len(episode.position_px) == track.last_frame - track.first_frame + 1
    envs = gymnasium.make_vec(ENVIRONMENT_ID, num_envs=2, tracks=TRACKS, config="nottingham")
    shown, _ = envs.reset(options={"track": np.arange(2)})
    seen = player.make.__globals__["SEEN"]
    for number, action in enumerate((2, 2, 1)):
        for key in ("score", "spectrogram"):
            np.testing.assert_array_equal(seen[number][key], shown[key])
        shown, *_ = envs.step(np.full(2, action))


def test_each_run_and_each_group_of_games_gets_a_policy_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("standpartner.evaluate.players.own_policy.GAMES_AT_ONCE", 2)
    path = tmp_path / "still.py"
    path.write_text(STILL)
    player = find_player(f"policy:{path}")
    runs = player.play_tracks([*TRACKS, TRACKS[0]], PlayConfig(game=NOTTINGHAM, runs=2, seed=5))
    assert player.make.__globals__["MADE"] == [(2, 5), (1, 5), (2, 6), (1, 6)]
    alone = play_episodes(ConstantSpeedPolicy(0.0), [*TRACKS, TRACKS[0]], config=NOTTINGHAM)
    for run in runs:
        for one, other in zip(run, alone, strict=True):
            np.testing.assert_array_equal(one.position_px, other.position_px)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "expected a Python file with a function make_policy"),
        ("x = 1", "defines no function make_policy"),
        ("1 / 0", "could not be run: ZeroDivisionError"),
        ("make_policy = lambda n, seed: lambda seen: [3] * n", "whole numbers from 0 to 2"),
        ("make_policy = lambda n, seed: lambda seen: [1]", "expected 2 actions"),
        ("make_policy = lambda n, seed: lambda seen: [0.5] * n", "whole numbers"),
        ("OBSERVE = 'notes'\nmake_policy = lambda n, seed: None", "'windows' or 'features'"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_one_sentence(tmp_path, text, message):
    path = tmp_path / "own.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        find_player(f"policy:{path}").play_tracks(TRACKS, PlayConfig(game=NOTTINGHAM))


def test_it_has_no_model_card():
    with pytest.raises(ConfigError, match="leave --record out"):
        agent_of_player("policy:own.py")
