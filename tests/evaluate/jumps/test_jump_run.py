"""Agents on performances with jumps of a corpus, and their calibration, from end to end."""

import shutil
from dataclasses import replace

import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.calibration import Calibration
from standpartner.agent.card import record_calibration
from standpartner.corpus.build import render_performance
from standpartner.corpus.split_styles import VALID_STYLE
from standpartner.corpus.store import open_corpus
from standpartner.demo.bundled import load_menuet
from standpartner.errors import ConfigError
from standpartner.evaluate.calibration import CalibrationConfig, calibrate, measure_calibration
from standpartner.evaluate.calibration import run as calibration_run
from standpartner.evaluate.jumps import run as jump_run
from standpartner.evaluate.jumps.run import JumpEvaluationConfig, evaluate_jumps
from standpartner.evaluate.players.follower import FollowerPlayer
from standpartner.follow.pursuit import IN_PICTURES
from standpartner.perform import soundfonts
from standpartner.piece import Piece, save_piece
from standpartner.score import read_score


@pytest.fixture
def corpus(tmp_path, monkeypatch, tiny_pieces):
    """The menuet, which has room for jumps, and a tune, which has none."""
    style = replace(VALID_STYLE, soundfonts=(next(iter(soundfonts())),))
    for module in (jump_run, calibration_run):
        monkeypatch.setattr(module, "style_of", lambda split: style)
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    score = read_score(load_menuet().score)
    menuet = Piece("menuet", score, (render_performance(score, style, name="p", seed=0),))
    folder = tmp_path / "cache" / "corpora" / "few"
    for piece in (menuet, tiny_pieces[0]):
        save_piece(piece, folder / "pieces" / piece.name)
    (folder / "split.tsv").write_text("name\tsplit\tsha256\nmenuet\tvalid\tx\ntune-0\tvalid\tx\n")
    return open_corpus("few")


def test_only_a_follower_jumps_and_both_play_the_same(corpus, tiny_bundle):
    alone = evaluate_jumps(JumpEvaluationConfig(agent=str(tiny_bundle)), corpus)
    searching = evaluate_jumps(JumpEvaluationConfig(agent=f"follower:{tiny_bundle}"), corpus)
    for report in (alone, searching):
        assert (report["pieces"], report["jumps"], report["jumps_elsewhere"]) == (1, 3, 3)
        assert [row["name"] for row in report["rows"]] == ["menuet"]
    assert alone["jumps_of_follower"] == 0
    assert alone["jumps_kind"] == searching["jumps_kind"] == "random"


def test_in_pictures_the_search_follows_the_rule_for_pictures(corpus, monkeypatch):
    asked = []

    class Asked(FollowerPlayer):
        def __init__(self):
            self.name = "asked"

        def follow(self, performance, pursuit=None):
            asked.append(pursuit)
            raise ConfigError("enough")

    monkeypatch.setattr(jump_run, "find_player", lambda name: Asked())
    monkeypatch.setattr(jump_run, "performances_with_jumps", lambda config, corpus: iter([object()]))
    for name in ("few", "prints"):
        with pytest.raises(ConfigError, match="enough"):
            evaluate_jumps(JumpEvaluationConfig(agent="follower"), replace(corpus, name=name))
    assert asked == [None, IN_PICTURES]


def test_repeats_need_annotations(corpus, tiny_bundle):
    with pytest.raises(ConfigError, match="the repeats of few are not annotated"):
        evaluate_jumps(JumpEvaluationConfig(agent=str(tiny_bundle), jumps="repeats"), corpus)


def test_players_that_cannot_follow_are_refused(corpus):
    for name in ("oracle", "constant", "random"):
        with pytest.raises(ConfigError, match=f"{name} cannot follow a performance with jumps"):
            evaluate_jumps(JumpEvaluationConfig(agent=name), corpus)


def test_players_that_cannot_follow_are_refused_before_all_is_played(corpus, monkeypatch):
    def played(config, corpus):
        yield object()
        pytest.fail("another piece was performed")

    monkeypatch.setattr(jump_run, "performances_with_jumps", played)
    with pytest.raises(ConfigError, match="oracle cannot follow"):
        evaluate_jumps(JumpEvaluationConfig(agent="oracle"), corpus)


def test_half_of_the_pieces_is_fitted_and_half_measured(corpus, tiny_bundle):
    result = calibrate(CalibrationConfig(agent=str(tiny_bundle)), [corpus])
    assert result.pieces == (1, 1)
    tune = next(piece for piece in corpus.pieces("valid") if piece.name == "tune-0").tracks()[0]
    assert result.reached.count.sum() == tune.last_frame - tune.first_frame + 1, "the tune, straight only"
    assert 0 <= result.to_json()["diagrams"]["calibrated"]["expected_calibration_error"] <= 1
    with pytest.raises(ConfigError, match="at least two pieces"):
        calibrate(CalibrationConfig(agent=str(tiny_bundle), limit=1), [corpus])


def test_nothing_is_fitted_to_test_pieces(tiny_bundle):
    with pytest.raises(ConfigError, match=r"nothing may be fitted to test pieces.*--measure"):
        calibrate(CalibrationConfig(agent=str(tiny_bundle), split="test"), [])


def test_an_agents_own_calibration_is_measured_on_test_pieces(corpus, tiny_bundle, tmp_path):
    agent = tmp_path / "agent"
    shutil.copytree(tiny_bundle, agent)
    own = Calibration(search=0.0, tracker=0.0, bias=-20.0)  # it never thinks that it is right
    record_calibration(agent, own, how="by hand")
    split = corpus.folder / "split.tsv"
    split.write_text(split.read_text().replace("tune-0\tvalid", "tune-0\ttest"))
    result = measure_calibration(CalibrationConfig(agent=str(agent), split="test"), [open_corpus("few")])
    assert result.pieces == (0, 1)
    assert result.calibration == own
    assert result.reached.count[0] == result.reached.count.sum() > 0
    assert result.reached.confidence[0] == pytest.approx(0.0, abs=1e-6)
    assert load_agent(str(agent)).calibration == own, "nothing was fitted"
    with pytest.raises(ConfigError, match="expected at least one piece"):
        measure_calibration(CalibrationConfig(agent=str(agent)), [])
