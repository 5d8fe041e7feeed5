from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.evaluate.players.episodes import play_episodes
from standpartner.game import BatchedGame, ConstantSpeedPolicy, OraclePolicy, RandomPolicy
from standpartner.play import Round, play_round

SLOWER, SAME, FASTER = 0, 1, 2


def test_a_round_is_an_episode_of_the_game(music):
    played, game = Round(music), BatchedGame([music.track], music.config)
    game.reset(0, 0)
    total = 0.0
    for action in np.random.default_rng(1).integers(3, size=40):
        if not game.running[0]:
            break
        result = game.step(np.array([action]))
        total += float(result.reward[0])
        view = played.step(int(action))
        assert view == {
            "frame": game.frame[0],
            "position_px": game.position_px[0],
            "target_px": game.target_px[0],
            "error_px": game.error_px[0],
            "speed": game.speed[0],
            "reward": float(result.reward[0]),
            "score": pytest.approx(total),
            "state": result.state(0),
        }
    assert played.running == game.running[0]


@pytest.mark.parametrize(
    "player", [OraclePolicy(), ConstantSpeedPolicy(2.0), ConstantSpeedPolicy(0.0), RandomPolicy(3)]
)
def test_its_measures_are_those_of_an_evaluation(music, player):
    found = play_round(player, music).measures()
    [episode] = play_episodes(player, [music.track], config=music.config, stop_when_lost=True)
    if not isinstance(player, RandomPolicy):  # whose second play differs
        expected = evaluate_episodes([episode])
        assert found["r_on"] == expected["r_on"]
        assert found["error_cm"] == pytest.approx(expected["error_cm_mean"])
        assert (found["state"] == "finished") == (expected["r_tue"] == 1)
    assert 0 <= found["score"] <= found["best"] == 48


def test_lost_finished_and_out_of_time_are_told_apart(music):
    assert play_round(ConstantSpeedPolicy(0.0), music).state == "lost"
    assert play_round(OraclePolicy(), music).state == "finished"
    short = replace(music, config=replace(music.config, time_limit_frames=5))
    assert play_round(OraclePolicy(), short).state == "out of time"


def test_lost_at_the_first_step_has_measures_too(music):
    played = Round(replace(music, config=replace(music.config, bound_px=1)))
    played.step(SLOWER)
    found = played.measures()
    assert (found["state"], found["score"]) == ("lost", 0)
    assert found["r_on"] == pytest.approx(1 / 7)


def test_a_round_ends_once(music):
    played = Round(music)
    with pytest.raises(GameError, match="still going on"):
        played.measures()
    while played.running:
        played.step(SAME)
    with pytest.raises(GameError, match="has ended"):
        played.step(FASTER)
