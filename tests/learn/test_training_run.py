"""Runs: the same seed gives the same weights, also after kill -9; validation does not disturb learning."""

import dataclasses
import json
import multiprocessing
import os
import signal

import numpy as np
import pytest
import torch

from standpartner.agent.checkpoint import load_checkpoint, same_weights
from standpartner.errors import AgentError, ConfigError
from standpartner.learn.run import STAGES, Run


def test_same_seed_same_weights_and_another_seed_others(tiny_config, tiny_data, tmp_path):
    for folder in ("a", "b"):
        Run(tiny_config, tmp_path / folder, data=tiny_data).train()
    other = dataclasses.replace(tiny_config, seed=1)
    Run(other, tmp_path / "c", data=tiny_data).train()
    for stage in STAGES:
        assert same_weights(tmp_path / "a" / f"{stage}.safetensors", tmp_path / "b" / f"{stage}.safetensors")
        assert not same_weights(tmp_path / "a" / f"{stage}.safetensors", tmp_path / "c" / f"{stage}.safetensors")


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
    with pytest.raises(ConfigError, match="has other sizes"):
        Run(larger, tmp_path / "larger", data=tiny_data)


def _train_until_killed(config, folder, data, stage, step):
    def kill(name, number, steps, measured):
        if name == stage and number == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Run(config, folder, data=data, progress=kill).train()


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_goes_on_to_the_same_result(stage, tiny_config, tiny_data, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    Run(tiny_config, whole, data=tiny_data).train()
    child = multiprocessing.get_context("spawn").Process(
        target=_train_until_killed, args=(tiny_config, killed, tiny_data, stage, 5)
    )
    child.start()
    child.join(timeout=120)
    assert child.exitcode == -signal.SIGKILL
    assert not (killed / f"{stage}.safetensors").exists()
    Run(tiny_config, killed, data=tiny_data).train()
    assert same_weights(whole / "ppo.safetensors", killed / "ppo.safetensors")
    assert same_weights(whole / "best.safetensors", killed / "best.safetensors")


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
