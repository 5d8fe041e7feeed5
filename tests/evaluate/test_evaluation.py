"""Evaluation of agents and baselines on real small pieces."""

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.players import PlayConfig, find_player
from standpartner.evaluate.players.agent_player import AgentPolicy
from standpartner.evaluate.players.episodes import play_episodes, play_runs
from standpartner.evaluate.players.forward_filter import CELL_PX, FilterConfig, ForwardFilter
from standpartner.evaluate.players.read_once import ReadOnceDecisions
from standpartner.evaluate.run import EvaluationConfig, evaluate, game_for
from standpartner.game.encoded import EncodedTracks
from standpartner.game.rules import NOTTINGHAM, PIANO
from standpartner.piece import save_piece

KEYS = (
    "pieces performances onsets r_tue r_on r_on_as_published error_cm_mean error_cm_std within_s system_accuracy "
    "bar_accuracy system_within_1_s false_jumps_per_hour by_piece intervals rows agent corpus split sound game seed "
    "limit runs seconds"
)


@pytest.fixture
def corpus(tiny_pieces, tmp_path, monkeypatch):
    """The tiny pieces as if they were a built corpus."""
    built = Corpus("nottingham", tmp_path)
    monkeypatch.setattr(Corpus, "splits", {piece.name: ("valid", "") for piece in tiny_pieces})
    for piece in tiny_pieces:
        save_piece(piece, built.piece_folder(piece.name))
    return built


def test_the_report_has_its_keys_and_the_oracle_follows_everything(corpus):
    report = evaluate(EvaluationConfig(agent="oracle"), corpus)
    assert set(KEYS.split()) <= set(report)
    assert (report["r_tue"], report["r_on"], report["pieces"], report["performances"]) == (1.0, 1.0, 2, 4)
    assert report["system_accuracy"] == 1.0
    assert 0.9 < report["bar_accuracy"] <= 1.0
    assert report["within_s"].keys() == {"0.05", "0.1", "0.5", "1", "5"}
    assert (report["game"], report["sound"], report["seed"], report["limit"]) == ("nottingham", "as-built", 0, None)


def test_baselines_are_worse_than_the_oracle(corpus, tiny_bundle):
    oracle = evaluate(EvaluationConfig(agent="oracle"), corpus)["r_on"]
    for agent in ("random", "constant", str(tiny_bundle), f"filter:{tiny_bundle}"):
        report = evaluate(EvaluationConfig(agent=agent), corpus)
        assert 0 < report["r_on"] <= oracle
        assert report["agent"] == agent


def test_stochastic_runs_differ_and_repeat_with_their_seed(corpus, tiny_bundle):
    config = EvaluationConfig(agent=str(tiny_bundle), runs=3, game="piano")
    first, second = evaluate(config, corpus), evaluate(config, corpus)
    assert first["runs"] == 3
    assert {k: v for k, v in first.items() if k != "seconds"} == {k: v for k, v in second.items() if k != "seconds"}
    assert len({run["error_cm_mean"] for run in first["per_run"]}) > 1


def test_runs_in_one_game_are_those_played_apart(tiny_pieces, tiny_bundle):
    tracks = [track for piece in tiny_pieces for track in piece.tracks()]
    encoded, count = EncodedTracks(load_agent(str(tiny_bundle)), tracks), len(tracks)
    policy = AgentPolicy(ReadOnceDecisions(encoded, episodes=2 * count), seeds=[7, 8])
    together = play_runs(policy, tracks, config=NOTTINGHAM, runs=2, stop_when_lost=True)
    for seed, run in zip((7, 8), together, strict=True):
        policy = AgentPolicy(ReadOnceDecisions(encoded, episodes=count), seeds=[seed])
        apart = play_episodes(policy, tracks, config=NOTTINGHAM, stop_when_lost=True)
        for one, other in zip(run, apart, strict=True):
            np.testing.assert_array_equal(one.position_px, other.position_px)


def test_what_draws_nothing_is_played_once(corpus, tiny_bundle):
    for agent in ("oracle", "constant", f"filter:{tiny_bundle}"):
        assert evaluate(EvaluationConfig(agent=agent, runs=3), corpus)["runs"] == 1
    assert evaluate(EvaluationConfig(agent="random", runs=3), corpus)["runs"] == 3


@pytest.mark.needs("fluidsynth", "musescore")
def test_another_sound_makes_another_evaluation(corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    report = evaluate(EvaluationConfig(agent="oracle", sound="score"), corpus)
    assert (report["sound"], report["pieces"], report["performances"]) == ("score", 2, 2)
    assert [row["name"] for row in report["rows"]] == ["tune-0/score", "tune-1/score"]
    with pytest.raises(ConfigError, match="as-built, score, free, rubato, room"):
        evaluate(EvaluationConfig(agent="oracle", sound="loud"), corpus)


def test_episodes_do_not_depend_on_their_company(tiny_pieces, tiny_bundle):
    """Played side by side or alone, a piece is followed in the same way."""
    tracks = [track for piece in tiny_pieces for track in piece.tracks()]
    player, config = find_player(str(tiny_bundle)), PlayConfig(game=PIANO)
    (together,) = player.play_tracks(tracks, config)
    for track, episode in zip(tracks, together, strict=True):
        ((alone,),) = player.play_tracks([track], config)
        np.testing.assert_array_equal(alone.position_px, episode.position_px)


def test_numpy_play_equals_pytorch_play(tiny_pieces, tmp_path, tiny_network_config):
    torch = pytest.importorskip("torch")
    from standpartner.learn.data import training_set
    from standpartner.learn.features import encode
    from standpartner.learn.fixed_encoders import FixedEncoders
    from standpartner.learn.validate import ActorPlayer
    from standpartner.networks.export import export_bundle
    from standpartner.networks.read_once import ReadOnceNetwork
    from standpartner.perform import AugmentConfig

    torch.manual_seed(5)
    network = ReadOnceNetwork(tiny_network_config)
    export_bundle(network, tmp_path, about={"name": "tiny"})
    data = training_set(tiny_pieces)
    tracks = [performance.track for performance in data.performances]
    features = encode(network, data, settings=AugmentConfig.none(), seed=0)
    player = ActorPlayer(FixedEncoders(network, features), episodes=len(tracks))
    learned = play_episodes(player, tracks, config=PIANO)
    (shipped,) = find_player(str(tmp_path)).play_tracks(tracks, PlayConfig(game=PIANO))
    for a, b in zip(learned, shipped, strict=True):
        np.testing.assert_array_equal(a.position_px, b.position_px)


def test_the_filter_follows_a_perfect_locate():
    place = ForwardFilter(2000, start_px=50.0, config=FilterConfig())
    truth = 50.0
    for _ in range(200):
        truth += 4.0
        place.predict()
        columns = (truth - place.position_px) / 8 + 31.5
        place.correct((-0.5 * (np.arange(64) - columns) ** 2).astype(np.float32))
        assert abs(place.position_px - truth) < 3 * CELL_PX
    assert place.belief.table.sum() == pytest.approx(1.0)


def test_bad_settings_are_named(corpus):
    with pytest.raises(ConfigError, match="at least one run"):
        evaluate(EvaluationConfig(agent="oracle", runs=0), corpus)
    with pytest.raises(ConfigError, match="piano, nottingham"):
        game_for("nottingham", "chess")
    assert game_for("nottingham", None) is NOTTINGHAM
    assert game_for("asap", None) is PIANO
