"""The stage that reads scores alone: it learns what noteheads mean, and nothing that hears or plays."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from standpartner.errors import ConfigError  # noqa: E402
from standpartner.learn.optimise import OptimiserConfig  # noqa: E402
from standpartner.learn.read import Read, ReadConfig  # noqa: E402
from standpartner.networks.read_once import ReadOnceNetwork  # noqa: E402

QUICK = OptimiserConfig(learning_rate=1e-2, warmup_steps=1, average=0.0)


def test_learns_what_pitches_are_printed_and_changes_nothing_else(carrying_config, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(carrying_config)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    settings = ReadConfig(steps=60, samples=4, columns=80, printed=0.0, optimiser=QUICK)
    stage = Read(network, tiny_data.train, settings, seed=0)
    untaught = stage.validate(tiny_data.valid, batches=3)
    for number in range(stage.steps):
        measured = stage.step(number)
    taught = stage.validate(tiny_data.valid, batches=3)
    assert measured.keys() >= {"loss/read", "loss/pitch", "loss/outline", "read/right_pitch"}
    assert taught["read/right_pitch"] > max(0.35, 3 * untaught["read/right_pitch"])
    assert taught["loss/pitch"] < untaught["loss/pitch"] - 1
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.partition(".")[0] for name in changed} == {"strip", "read", "pitch", "outline"}


def test_reading_comes_before_all_other_stages(tiny_config):
    dataclasses.replace(tiny_config, stages=("read", "pretrain", "seek"))
    with pytest.raises(ConfigError, match="expected read first"):
        dataclasses.replace(tiny_config, stages=("pretrain", "read"))
    with pytest.raises(ConfigError, match="expected pretrain first"):
        dataclasses.replace(tiny_config, stages=("read", "seek", "pretrain"))
