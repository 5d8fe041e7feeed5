"""Runs: the same seed gives the same weights, also after kill -9; validation does not disturb learning."""

import dataclasses
import json
import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch

from standpartner.agent.bundle import WindowAgent
from standpartner.errors import AgentError, ConfigError, CorpusError
from standpartner.learn.finish import finish_run
from standpartner.learn.run import STAGES, Run, load_data
from standpartner.networks.checkpoint import grown, load_checkpoint, same_weights
from standpartner.networks.export import export_bundle
from standpartner.networks.read_once import ReadOnceNetwork


@pytest.mark.slow
def test_same_seed_same_weights_and_another_seed_others(tiny_config, tiny_data, tmp_path):
    for folder in ("a", "b"):
        Run(tiny_config, tmp_path / folder, data=tiny_data).train()
    other = dataclasses.replace(tiny_config, seed=1)
    Run(other, tmp_path / "c", data=tiny_data).train()
    for stage in STAGES:
        assert same_weights(tmp_path / "a" / f"{stage}.safetensors", tmp_path / "b" / f"{stage}.safetensors")
        assert not same_weights(tmp_path / "a" / f"{stage}.safetensors", tmp_path / "c" / f"{stage}.safetensors")


def test_what_is_not_built_is_told_before_anything_is_loaded(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    for corpus, splits in {"first": ("train", "valid"), "second": ("train",)}.items():
        folder = tmp_path / "corpora" / corpus
        for split in splits:
            (folder / "pieces" / split).mkdir(parents=True)
            (folder / "pieces" / split / "piece.json").write_text("cannot be loaded")
        (folder / "split.tsv").write_text("name\tsplit\tsha256\n" + "".join(f"{s}\t{s}\t-\n" for s in splits))
    with pytest.raises(CorpusError, match="no valid piece of second is built"):
        load_data(dataclasses.replace(tiny_config, corpus="first", also=("second",)))


def test_a_run_can_start_from_an_agent(tiny_config, tiny_data, tiny_bundle, tmp_path):
    nothing = {
        stage: dataclasses.replace(getattr(tiny_config, stage), steps=0 if stage != "ppo" else 3) for stage in STAGES
    }
    config = dataclasses.replace(tiny_config, start=str(tiny_bundle), **nothing)
    Run(config, tmp_path / "on", data=tiny_data).train()
    begun = tiny_bundle / "weights.safetensors"
    assert same_weights(tmp_path / "on" / "imitate.safetensors", begun)
    assert not same_weights(tmp_path / "on" / "ppo.safetensors", begun)
    larger = dataclasses.replace(config, network=dataclasses.replace(config.network, memory=24))
    with pytest.raises(AgentError, match="no more than further dilations"):
        Run(larger, tmp_path / "larger", data=tiny_data)


def test_a_run_can_start_from_an_agent_that_hears_less(tiny_config, tiny_data, tiny_bundle, tmp_path):
    """Further layers of hearing start small: the embeddings are almost those of the agent."""
    longer = dataclasses.replace(tiny_config.network, frame_dilations=(*tiny_config.network.frame_dilations, 4))
    config = dataclasses.replace(tiny_config, start=str(tiny_bundle), network=longer)
    network = Run(config, tmp_path, data=tiny_data).network
    before, _, _ = load_checkpoint(tiny_bundle / "weights.safetensors")
    more = network.frames.lead_frames - before.frames.lead_frames
    assert more == 8
    sound = torch.rand(1, network.frames.lead_frames + 20, 78)
    with torch.no_grad():
        new, old = network.frames(sound), before.frames(sound[:, more:])
    assert 0 < float((new - old).abs().mean()) < 0.1 * float(old.std())


def test_a_run_can_start_from_an_agent_that_carries_nothing(
    tiny_config, carrying_config, tiny_data, tiny_bundle, tmp_path
):
    """What is carried adds little to the columns at first."""
    config = dataclasses.replace(tiny_config, start=str(tiny_bundle), network=carrying_config)
    larger = Run(config, tmp_path, data=tiny_data).network
    before, _, _ = load_checkpoint(tiny_bundle / "weights.safetensors")
    ink = torch.rand(1, 1, 80, 120, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        new, old = larger.strip(ink), before.strip(ink)
    assert 0 < float((new - old).abs().mean()) < 0.25 * float(old.std())


def test_a_run_can_start_from_an_agent_with_fewer_units_behind_what_is_carried(carrying_config):
    """The new units add little to the columns at first."""
    torch.manual_seed(0)
    before = ReadOnceNetwork(carrying_config)
    larger = grown(before, dataclasses.replace(carrying_config, carried_units=48))
    ink = torch.rand(1, 1, 80, 120)
    with torch.no_grad():
        new, old = larger.strip(ink), before.strip(ink)
    assert 0 < float((new - old).abs().mean()) < 0.1 * float(old.std())
    with pytest.raises(AgentError, match="more carried along"):
        grown(larger, carrying_config)


def _train_until_killed(config, folder, data, stage, step):
    def kill(name, number, steps, measured):
        if name == stage and number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Run(config, folder, data=data, progress=kill).train()


def _compare_with_killed(config, data, stage, folder):
    """Train once in one go and once killed in a stage and called again; both come to the same weights."""
    whole, killed = folder / "whole", folder / "killed"
    Run(config, whole, data=data).train()
    child = multiprocessing.get_context("spawn").Process(
        target=_train_until_killed, args=(config, killed, data, stage, 5)
    )
    child.start()
    child.join(timeout=120)
    assert child.exitcode == -signal.SIGKILL
    assert not (killed / f"{stage}.safetensors").exists()
    Run(config, killed, data=data).train()
    for name in (config.stages[-1], "best"):
        assert same_weights(whole / f"{name}.safetensors", killed / f"{name}.safetensors")


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_to_the_same_result(stage, tiny_config, tiny_data, tmp_path):
    _compare_with_killed(tiny_config, tiny_data, stage, tmp_path)


@pytest.mark.parametrize("stage", ["read", "pretrain"])
def test_killed_runs_that_learn_to_read_go_on_to_the_same_result(
    stage, tiny_config, carrying_config, tiny_data, tmp_path
):
    config = dataclasses.replace(
        tiny_config,
        network=carrying_config,
        stages=("read", "pretrain", "seek", "imitate"),
        pretrain=dataclasses.replace(tiny_config.pretrain, search_weight=0.5),
        seek=dataclasses.replace(tiny_config.seek, transposed=0.5, afresh=False),
    )
    _compare_with_killed(config, tiny_data, stage, tmp_path)


@pytest.mark.parametrize("stage", ["reinforce", "a2c", "ppo", "mmloc"])
def test_killed_runs_of_window_networks_go_on_to_the_same_result(stage, window_config, tiny_data, tmp_path):
    config = window_config(stage)
    _compare_with_killed(config, tiny_data, stage, tmp_path)
    Run(dataclasses.replace(config, seed=1), tmp_path / "other", data=tiny_data).train()
    last = f"{stage}.safetensors"
    assert not same_weights(tmp_path / "whole" / last, tmp_path / "other" / last)


def test_a_run_ends_when_its_minutes_are_over(window_config, tiny_data, tmp_path):
    config = dataclasses.replace(window_config("a2c"), minutes=1e-6)
    best = Run(config, tmp_path, data=tiny_data).train()
    _, info, _ = load_checkpoint(tmp_path / "a2c.safetensors")
    assert info["step"] == 1
    assert best.is_file()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert "valid/r_on" in rows[-1]
    assert rows[-1]["minutes"] > 0
    before = (tmp_path / "log.jsonl").read_bytes()
    assert Run(config, tmp_path, data=tiny_data).train() == best  # there is nothing left to do
    assert (tmp_path / "log.jsonl").read_bytes() == before


def test_no_stage_begins_after_the_minutes_are_over(tiny_config, tiny_data, tmp_path):
    Run(dataclasses.replace(tiny_config, minutes=1e-6), tmp_path, data=tiny_data).train()
    assert (tmp_path / "pretrain.safetensors").is_file()
    assert not (tmp_path / "imitate.safetensors").exists()


def test_without_a_better_validation_steps_get_smaller_and_then_end(window_config, tiny_data, tmp_path, monkeypatch):
    config = window_config("a2c")
    optimiser = dataclasses.replace(config.a2c.optimiser, patience=2, refinements=1)
    config = dataclasses.replace(
        config, validate_every=1, a2c=dataclasses.replace(config.a2c, steps=50, optimiser=optimiser)
    )
    found = iter([0.1, 0.3, 0.2, 0.3, 0.2, 0.2, 0.9])
    monkeypatch.setattr(
        "standpartner.learn.stages.validate", lambda *_: {"valid/r_on": next(found), "valid/error_cm": 1.0}
    )
    Run(config, tmp_path, data=tiny_data).train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    rates = [row["learning_rate"] for row in rows if "learning_rate" in row]
    assert rates == pytest.approx([1e-4] * 4 + [1e-5] * 2)  # after 4: refined; after 6: over
    _, info, _ = load_checkpoint(tmp_path / "a2c.safetensors")
    assert (info["step"], info["best"]["step"]) == (6, 2.0)


def test_refining_goes_back_to_the_best_weights(window_config, tiny_data, tmp_path, monkeypatch):
    config = window_config("a2c")
    optimiser = dataclasses.replace(config.a2c.optimiser, patience=1, refinements=1, learning_rate=0.0)
    config = dataclasses.replace(
        config, validate_every=1, a2c=dataclasses.replace(config.a2c, steps=50, optimiser=optimiser)
    )
    found = iter([0.5, 0.4, 0.4])
    monkeypatch.setattr(
        "standpartner.learn.stages.validate", lambda *_: {"valid/r_on": next(found), "valid/error_cm": 1.0}
    )

    def go_astray(stage, number, steps, measured):
        if number == 2:
            with torch.no_grad():
                next(run.network.parameters()).add_(1.0)

    run = Run(config, tmp_path, data=tiny_data, progress=go_astray)
    run.train()
    best, last = (next(load_checkpoint(tmp_path / f"{name}.safetensors")[0].parameters()) for name in ("best", "a2c"))
    torch.testing.assert_close(last, best)


def test_a_run_that_was_begun_before_a_setting_existed_goes_on(tiny_config, tiny_data, tmp_path):
    Run(tiny_config, tmp_path, data=tiny_data)
    path = tmp_path / "config.json"
    older = json.loads(path.read_text())
    for name in ("a2c", "minutes", "stages"):
        del older[name]
    del older["ppo"]["samples"]
    path.write_text(json.dumps(older))
    Run(tiny_config, tmp_path, data=tiny_data)
    with pytest.raises(ConfigError, match="another configuration"):
        Run(dataclasses.replace(tiny_config, validate_every=4), tmp_path, data=tiny_data)


def test_a_window_agent_is_finished_as_a_bundle_with_a_card(window_config, tiny_data, tmp_path):
    best = Run(window_config("a2c"), tmp_path, data=tiny_data).train()
    finish_run(best, tmp_path / "agent", command="standpartner train x")
    assert WindowAgent(tmp_path / "agent").config.kind == "window"
    assert "stage a2c" in (tmp_path / "agent" / "MODEL_CARD.md").read_text()


def test_a_card_counts_the_minutes_until_the_chosen_weights(tiny_config, tiny_data, tmp_path):
    Run(tiny_config, tmp_path, data=tiny_data).train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    spent = {stage: sum(row.get("seconds", 0) for row in rows if row["stage"] == stage) for stage in STAGES}
    finish_run(tmp_path / "imitate.safetensors", tmp_path / "agent", command="standpartner train x")
    about = json.loads((tmp_path / "agent" / "agent.json").read_text())["about"]
    assert about["minutes"] * 60 == pytest.approx(spent["pretrain"] + spent["seek"] + spent["imitate"])
    assert [(stage["stage"], stage["steps"]) for stage in about["stages"]] == [(name, 6) for name in STAGES[:3]]
    assert [(stage["stage"], stage["steps"]) for stage in about["left_out"]] == [("ppo", 6)]
    assert about["chosen"] == "stage imitate, step 6: where the stage ended"
    card = (tmp_path / "agent" / "MODEL_CARD.md").read_text()
    assert "| started from | fresh weights |" in card
    assert "| ran, but not in these weights | ppo (6 steps, " in card


def test_a_card_says_that_the_best_validation_chose(tiny_config, tiny_data, tmp_path):
    best = Run(tiny_config, tmp_path, data=tiny_data).train()
    finish_run(best, tmp_path / "agent", command="standpartner train x")
    about = json.loads((tmp_path / "agent" / "agent.json").read_text())["about"]
    place = f"stage {about['stage']}, step {about['step']}"
    assert about["chosen"].startswith(f"{place}: of 4 validations the most onsets followed on the validation split")
    steps = {stage["stage"]: stage["steps"] for stage in about["stages"]}
    assert list(steps)[-1] == about["stage"]
    assert steps[about["stage"]] == about["step"]
    assert (about["command"], about["command_note"]) == ("standpartner train x", "")


@pytest.mark.parametrize(
    ("stages", "start", "searches"),
    [
        (("pretrain", "seek", "imitate"), "", True),
        (("pretrain", "imitate"), "", False),
        (("imitate",), "searching", True),  # what the start can do stays
        (("imitate",), "playing", False),
        (("pretrain", "imitate"), "searching", False),  # its encoders have changed since
    ],
)
def test_an_agent_searches_if_its_search_head_fits_its_encoders(
    stages, start, searches, tiny_config, tiny_data, tmp_path
):
    for name, untrained in (("searching", ()), ("playing", ("search",))):
        network = ReadOnceNetwork(tiny_config.network)
        export_bundle(network, tmp_path / name, about={"name": name}, untrained=untrained)
    config = dataclasses.replace(tiny_config, stages=stages, start=str(tmp_path / start) if start else "")
    best = Run(config, tmp_path / "run", data=tiny_data).train()
    finish_run(best, tmp_path / "agent", command="standpartner train x")
    assert (tmp_path / "agent" / "search.onnx").is_file() == searches


def test_a_checkpoint_says_where_it_comes_from(tiny_config, tiny_data, tmp_path):
    best = Run(tiny_config, tmp_path, data=tiny_data).train()
    _, info, _ = load_checkpoint(best)
    assert info["config"] == json.loads(json.dumps(tiny_config.to_json()))
    assert info["data"] == "tiny"
    assert info["stage"] in ("imitate", "ppo")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert info["best"]["valid/r_on"] == pytest.approx(max(row.get("valid/r_on", 0) for row in rows), abs=1e-6)


def test_a_folder_with_another_run_is_refused(tiny_config, tiny_data, tmp_path):
    Run(tiny_config, tmp_path, data=tiny_data)
    with pytest.raises(ConfigError, match="another configuration"):
        Run(dataclasses.replace(tiny_config, seed=7), tmp_path, data=tiny_data)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_a_damaged_checkpoint_is_refused(content, tmp_path):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(AgentError, match="expected a standpartner checkpoint"):
        load_checkpoint(tmp_path / "x.safetensors")


def test_pretraining_learns_to_locate_what_it_sees_often(tiny_config, tiny_data, tmp_path):
    config = dataclasses.replace(
        tiny_config,
        validate_every=1000,
        pretrain=dataclasses.replace(tiny_config.pretrain, steps=60, segments=8, frames=16),
        imitate=dataclasses.replace(tiny_config.imitate, steps=1),
        ppo=dataclasses.replace(tiny_config.ppo, steps=1),
    )
    Run(config, tmp_path, data=tiny_data).train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for name in ("loss/locate", "loss/read", "loss/listen", "loss/outline"):
        losses = [row[name] for row in rows if row["stage"] == "pretrain" and name in row]
        assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert torch.get_num_threads() == config.threads


def test_a_run_that_had_too_little_time_goes_on_when_it_is_given_more(tiny_config, tiny_data, tmp_path):
    short = dataclasses.replace(tiny_config, stages=("imitate", "ppo"), minutes=1e-6)
    Run(short, tmp_path / "cut", data=tiny_data).train()
    _, info, _ = load_checkpoint(tmp_path / "cut" / "imitate.safetensors")
    assert info["cut"]
    assert info["step"] == 1
    assert not (tmp_path / "cut" / "ppo.safetensors").exists()
    Run(short, tmp_path / "cut", data=tiny_data).train()  # no more time than before
    assert load_checkpoint(tmp_path / "cut" / "imitate.safetensors")[1]["step"] == 1
    whole = dataclasses.replace(short, minutes=0)
    Run(whole, tmp_path / "cut", data=tiny_data).train()
    Run(whole, tmp_path / "whole", data=tiny_data).train()
    for stage in whole.stages:
        assert same_weights(tmp_path / "cut" / f"{stage}.safetensors", tmp_path / "whole" / f"{stage}.safetensors")
    assert json.loads((tmp_path / "cut" / "config.json").read_text())["minutes"] == 0
