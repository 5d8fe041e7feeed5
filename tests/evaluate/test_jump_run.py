"""Agents on performances with jumps of a corpus, and their calibration, from end to end."""

from dataclasses import replace

import pytest

from standpartner.corpus.build import render_performance
from standpartner.corpus.split_styles import VALID_STYLE
from standpartner.corpus.store import open_corpus
from standpartner.demo.bundled import load_demo
from standpartner.errors import ConfigError
from standpartner.evaluate.calibration import calibrate as calibrate_module
from standpartner.evaluate.calibration.calibrate import CalibrationConfig, calibrate
from standpartner.evaluate.jumps import run as jump_run
from standpartner.evaluate.jumps.run import JumpEvaluationConfig, evaluate_jumps
from standpartner.perform import soundfonts
from standpartner.piece import Piece, save_piece
from standpartner.score import read_score


@pytest.fixture
def corpus(tmp_path, monkeypatch, tiny_pieces):
    """The menuet, which has room for jumps, and a tune, which has none."""
    style = replace(VALID_STYLE, soundfonts=(next(iter(soundfonts())),))
    for module in (jump_run, calibrate_module):
        monkeypatch.setattr(module, "style_of", lambda split: style)
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    score = read_score(load_demo().score)
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


def test_repeats_need_annotations(corpus, tiny_bundle):
    with pytest.raises(ConfigError, match="the repeats of few are not annotated"):
        evaluate_jumps(JumpEvaluationConfig(agent=str(tiny_bundle), jumps="repeats"), corpus)


def test_half_of_the_pieces_is_fitted_and_half_measured(corpus, tiny_bundle):
    result = calibrate(CalibrationConfig(agent=str(tiny_bundle)), [corpus])
    assert result.pieces == (1, 1)
    tune = next(piece for piece in corpus.pieces("valid") if piece.name == "tune-0").tracks()[0]
    assert result.reached.count.sum() == tune.last_frame - tune.first_frame + 1, "the tune, straight only"
    assert 0 <= result.to_json()["diagrams"]["calibrated"]["expected_calibration_error"] <= 1
    with pytest.raises(ConfigError, match="at least two pieces"):
        calibrate(CalibrationConfig(agent=str(tiny_bundle), limit=1), [corpus])
