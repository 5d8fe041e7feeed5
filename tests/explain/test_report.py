"""The page about a training run, made of a real one that took seconds."""

import json
import re

import numpy as np
import pytest

pytest.importorskip("torch")

from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.explain.charts import Line, line_chart, ribbon, ticks
from standpartner.explain.report import play_checkpoints, read_run, write_report
from standpartner.learn.config import (
    EpisodeConfig,
    ImitateConfig,
    OptimiserConfig,
    PretrainConfig,
    TrainConfig,
)
from standpartner.learn.data import training_set
from standpartner.learn.run import Run, RunData
from standpartner.piece import save_piece


@pytest.fixture(scope="module")
def run(tiny_pieces, tiny_network_config, tmp_path_factory):
    """Folder of a run of two stages."""
    quick = OptimiserConfig(warmup_steps=1)
    config = TrainConfig(
        name="tiny",
        corpus="nottingham",
        stages=("pretrain", "imitate"),
        validate_every=2,
        network=tiny_network_config,
        pretrain=PretrainConfig(steps=2, segments=2, frames=8, columns=96, optimiser=quick),
        imitate=ImitateConfig(steps=3, episode=EpisodeConfig(episodes=4, frames=8), optimiser=quick),
    )
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    data = training_set(tiny_pieces)
    Run(config, folder, data=RunData(train=data, valid=data, checksum="tiny")).train()
    return folder


@pytest.fixture
def corpus(tiny_pieces, tmp_path, monkeypatch):
    """The tiny pieces as if they were a built corpus."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    monkeypatch.setattr(Corpus, "splits", {piece.name: ("valid", "") for piece in tiny_pieces})
    for piece in tiny_pieces:
        save_piece(piece, tmp_path / "corpora" / "nottingham" / "pieces" / piece.name)


def test_the_page_has_curves_checkpoints_and_lost_moments(run, corpus, tmp_path):
    told = []
    write_report(tmp_path / "report.html", run, pieces=2, told=told.append)
    text = (tmp_path / "report.html").read_text()
    assert told == ["imitate", "best"], "pre-training does not learn to act"
    for name in ("valid/r_on", "loss/locate", "episode/reward", "gradient_norm"):
        assert f"<h3>{name}</h3>" in text
    assert not re.search(r"https?://|src=[\"'](?!data:)|url\(", text)
    assert text.count("to the end") + text.count('class="lost"') == 4
    assert text.count("<img") == len(re.findall(r"<h3>tune-\d: best is lost at", text))
    assert "Best R_on on validation: " in text
    write_report(tmp_path / "curves.html", run, pieces=0)
    assert "checkpoint" not in (tmp_path / "curves.html").read_text()


def test_a_checkpoint_plays_as_its_agent_does(run, tiny_pieces):
    config, rows = read_run(run)
    played = play_checkpoints(run, config, tiny_pieces)
    assert [checkpoint.name for checkpoint in played] == ["imitate", "best"]
    assert played[0].words == "imitate, step 3"
    logged = [row for row in rows if row["stage"] == "imitate" and "valid/r_tue" in row]
    assert logged[-1]["step"] == 3
    assert [trace.track.name for trace in played[0].traces] == [piece.tracks()[0].name for piece in tiny_pieces]


def test_a_run_under_way_can_be_read(run, tmp_path):
    for name in ("config.json", "log.jsonl"):
        (tmp_path / name).write_text((run / name).read_text())
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"stage": "imitate", "st')
    config, rows = read_run(tmp_path)
    assert rows == read_run(run)[1]
    assert play_checkpoints(tmp_path, config, []) == []
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(ConfigError, match="logged nothing yet"):
        read_run(tmp_path)
    with pytest.raises(ConfigError, match="expected a training run"):
        read_run(tmp_path / "nowhere")


def test_a_chart_draws_its_points_where_they_are():
    chart = line_chart([Line(np.array([0.0, 10.0]), np.array([1.0, 3.0]), "#123456")], x_label="steps", words="a < b")
    (points,) = re.findall(r'<polyline points="([^"]*)"', chart)
    (x0, y0), (x1, y1) = (map(float, pair.split(",")) for pair in points.split())
    assert (x0, x1) == (52, 410)
    assert y0 > y1
    assert 'aria-label="a &lt; b"' in chart
    labels = dict(re.findall(r'<text x="46" y="([\d.]+)" text-anchor="end">([\d.]+)</text>', chart))
    (level,) = [float(y) - 4 for y, value in labels.items() if float(value) == 1]
    assert level == pytest.approx(y0, abs=0.11)
    flat = line_chart([Line(np.array([1.0]), np.array([0.0]), "#123456")], x_label="steps", words="flat")
    assert "nan" not in flat
    assert json.dumps(ticks(0, 1).tolist()) == "[0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]"


def test_a_ribbon_changes_colour_where_the_agent_is_lost():
    drawn = ribbon(np.linspace(0, 2, 400), lost_from=200, words="far off")
    before, after = re.findall(r'<polygon points="([^"]*)" fill="(#\w+)"', drawn)
    assert before[1] != after[1]
    assert max(float(pair.split(",")[0]) for pair in before[0].split()) == 110
    assert len(re.findall("<polygon", ribbon(np.zeros(400), lost_from=None, words="near"))) == 1
