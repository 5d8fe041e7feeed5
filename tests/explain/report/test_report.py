"""The page about a training run, made of a real one that took seconds."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.explain.report.charts import Line, draw_lines, line_chart, ribbon
from standpartner.explain.report.checkpoints import play_checkpoints
from standpartner.explain.report.page import write_report
from standpartner.explain.report.run_log import read_run
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import training_set
from standpartner.learn.imitate import ImitateConfig
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.pretrain import PretrainConfig
from standpartner.learn.rollout import EpisodeConfig
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
    write_report(tmp_path / "report.html", run, pieces=2, progress=told.append)
    text = (tmp_path / "report.html").read_text()
    assert told[:2] == ["playing imitate", "playing best"], "pre-training does not learn to act"
    for name in ("valid/r_on", "loss/locate", "episode/reward", "gradient_norm"):
        assert f"<h3>{name}</h3>" in text
    assert not re.search(r"https?://(?!www\.w3\.org/)|src=[\"'](?!data:)|url\((?!#)", text)
    assert text.count("to the end") + text.count('class="lost"') == 4
    lost = re.findall(r"<h3>(tune-\d): best is lost at", text)
    assert told[2:] == [f"explaining {name}" for name in lost]
    assert text.count("<img") == 2 * len(lost), "where it left the music, and where it was lost"
    assert "Best on validation: stage " in text
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


def test_a_chart_draws_means_of_neighbouring_points_and_their_spread():
    axes = Figure().subplots()
    x = np.arange(1000.0)
    draw_lines(axes, [Line(x, x % 10, "#123456"), Line(x[:3], x[:3], "#654321")], x_label="steps")
    long, short = (line.get_xydata() for line in axes.lines)
    np.testing.assert_allclose(long, np.stack([np.arange(100) * 10 + 4.5, np.full(100, 4.5)], axis=1))
    np.testing.assert_array_equal(short, [[0, 0], [1, 1], [2, 2]])
    (spread,) = axes.collections
    assert (spread.get_paths()[0].vertices[:, 1].min(), spread.get_paths()[0].vertices[:, 1].max()) == (0, 9)
    assert axes.get_xlabel() == "steps"


def test_a_chart_is_an_element_with_words_and_the_same_each_time():
    lines = [Line(np.array([1.0]), np.array([0.0]), "#123456")]
    chart = line_chart(lines, x_label="steps", words="a < b")
    assert chart.startswith("<svg")
    assert ET.fromstring(chart).get("aria-label") == "a < b"  # noqa: S314
    assert chart == line_chart(lines, x_label="steps", words="a < b")


def test_a_ribbon_changes_colour_where_the_agent_is_lost():
    drawn = ribbon(np.linspace(0, 2, 400), lost_from=200, words="far off")
    before, after = re.findall(r'<polygon points="([^"]*)" fill="(#\w+)"', drawn)
    assert before[1] != after[1]
    assert max(float(pair.split(",")[0]) for pair in before[0].split()) == 110
    assert len(re.findall("<polygon", ribbon(np.zeros(400), lost_from=None, words="near"))) == 1
