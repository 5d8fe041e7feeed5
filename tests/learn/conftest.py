"""A training configuration that runs in seconds."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from standpartner.learn.config import (
    EpisodeConfig,
    ImitateConfig,
    OptimiserConfig,
    PpoConfig,
    PretrainConfig,
    SeekConfig,
    TrainConfig,
)
from standpartner.learn.data import training_set
from standpartner.learn.run import RunData


@pytest.fixture(scope="session")
def tiny_data(tiny_pieces):
    data = training_set(tiny_pieces)
    return RunData(train=data, valid=data, checksum="tiny")


@pytest.fixture
def tiny_config(tiny_network_config):
    quick = OptimiserConfig(warmup_steps=1)
    episode = EpisodeConfig(episodes=6, frames=8)
    return TrainConfig(
        name="tiny",
        corpus="none",
        validate_every=3,
        network=tiny_network_config,
        pretrain=PretrainConfig(steps=6, segments=3, frames=8, columns=96, optimiser=quick),
        seek=SeekConfig(steps=6, segments=3, frames=8, optimiser=quick),
        imitate=ImitateConfig(steps=6, episode=episode, optimiser=quick),
        ppo=PpoConfig(steps=6, track=True, episode=replace(episode, again=0.5), optimiser=quick),
    )
