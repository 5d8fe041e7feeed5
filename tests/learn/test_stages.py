"""Stages one after the other: each stands on the encoders as they are, whatever the stages before it did."""

import contextlib
import dataclasses
import itertools

import pytest
import torch

from standpartner.learn.a2c import A2cConfig
from standpartner.learn.features import encode
from standpartner.learn.run import Run
from standpartner.learn.stages import stages_for
from standpartner.networks.checkpoint import load_checkpoint, same_weights
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig


@pytest.fixture
def chain(tiny_config):
    """Imitation, then A2C with learning encoders, then PPO on what the encoders have become."""
    episode = dataclasses.replace(tiny_config.ppo.episode, frames=6)
    a2c = A2cConfig(steps=4, encoders=True, episode=episode, optimiser=tiny_config.ppo.optimiser)
    return dataclasses.replace(
        tiny_config,
        stages=("imitate", "a2c", "ppo"),
        a2c=a2c,
        augment=AugmentConfig.none(),
        mixed_precision="off",
        validate_every=4,
        imitate=dataclasses.replace(tiny_config.imitate, steps=2),
    )


def test_features_are_those_of_the_encoders_that_a_stage_stands_on(chain, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(chain.network)
    stages = stages_for(network, chain, tiny_data)
    before = stages.make("imitate", network)[0].actor.features
    assert stages.make("ppo", network)[0].actor.features is before  # they are gigabytes: made once
    with torch.no_grad():
        network.strip.norm.weight.mul_(1.5)
    actor, expected = stages.make("ppo", network)[0].actor, _features(network, tiny_data.train)
    assert torch.equal(actor.features.view, expected.view)
    assert not torch.equal(actor.features.view, before.view)
    with torch.no_grad():
        network.frames.norm.weight.mul_(1.5)
    assert torch.equal(stages.player(network).features.embeddings, _features(network, tiny_data.valid).embeddings)
    with torch.no_grad():
        network.policy.dense.weight.mul_(1.5)  # features do not depend on it
    assert stages.player(network).features is stages.player(network).features


def _features(network, data):
    return encode(network, data, settings=AugmentConfig.none(), seed=0)


def test_a_run_whose_encoders_learned_in_between_goes_on_to_the_same_weights(chain, tiny_data, tmp_path):
    def stop(stage, step, steps, measured):
        if (stage, step) == ("ppo", 5):
            raise KeyboardInterrupt

    Run(chain, tmp_path / "whole", data=tiny_data).train()
    with contextlib.suppress(KeyboardInterrupt):
        Run(chain, tmp_path / "stopped", data=tiny_data, progress=stop).train()
    Run(chain, tmp_path / "stopped", data=tiny_data).train()
    assert same_weights(tmp_path / "whole" / "ppo.safetensors", tmp_path / "stopped" / "ppo.safetensors")


def test_a_stage_with_fixed_encoders_does_not_go_back_to_weights_with_others(chain, tiny_data, tmp_path, monkeypatch):
    """The best validation was one of A2C, whose encoders went on learning after it."""
    impatient = dataclasses.replace(chain.ppo.optimiser, patience=1, refinements=5)
    config = dataclasses.replace(
        chain, stages=("a2c", "ppo"), validate_every=1, ppo=dataclasses.replace(chain.ppo, optimiser=impatient)
    )
    found = itertools.chain([0.9], itertools.repeat(0.1))
    monkeypatch.setattr(
        "standpartner.learn.stages.validate", lambda *_: {"valid/r_on": next(found), "valid/error_cm": 1.0}
    )
    Run(config, tmp_path, data=tiny_data).train()
    best, a2c, ppo = (
        load_checkpoint(tmp_path / f"{name}.safetensors")[0].encoder_weights() for name in ("best", "a2c", "ppo")
    )
    assert all(torch.equal(ppo[name], a2c[name]) for name in a2c)
    assert any(not torch.equal(ppo[name], best[name]) for name in best)
