"""A training configuration that runs in seconds."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from standpartner.agent.config import Convolution, WindowNetworkConfig
from standpartner.learn.a2c import A2cConfig
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import training_set
from standpartner.learn.imitate import ImitateConfig
from standpartner.learn.mmloc import MmlocConfig
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.ppo import PpoConfig
from standpartner.learn.pretrain import PretrainConfig
from standpartner.learn.read import ReadConfig
from standpartner.learn.reinforce import ReinforceConfig
from standpartner.learn.rollout import EpisodeConfig
from standpartner.learn.run import RunData
from standpartner.learn.seek import SeekConfig
from standpartner.perform import AugmentConfig


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
        read=ReadConfig(steps=6, samples=2, columns=80, optimiser=quick),
        pretrain=PretrainConfig(steps=6, segments=3, frames=8, columns=96, optimiser=quick),
        seek=SeekConfig(steps=6, segments=3, frames=8, optimiser=quick),
        imitate=ImitateConfig(steps=6, episode=episode, optimiser=quick),
        ppo=PpoConfig(steps=6, track=True, episode=replace(episode, again=0.5), optimiser=quick),
    )


@pytest.fixture
def window_config(tiny_config):
    """A run of a small window network with dropout, which draws from PyTorch's own generator."""
    layer = (Convolution(2, kernel=5, stride=(5, 5), dropout=0.5),)
    network = WindowNetworkConfig(game="nottingham", score=layer, spectrogram=layer, joint=8, head=8, head_dropout=0.5)
    settings = {
        "a2c": A2cConfig(steps=9, episode=EpisodeConfig(episodes=3, frames=5, anywhere=0.0, game="nottingham")),
        "reinforce": ReinforceConfig(
            steps=9, episode=EpisodeConfig(episodes=1, frames=0, anywhere=0.0, game="nottingham")
        ),
        "ppo": PpoConfig(
            steps=9, samples=8, episode=EpisodeConfig(episodes=3, frames=5, anywhere=0.0, game="nottingham")
        ),
        "mmloc": MmlocConfig(steps=9, samples=6, optimiser=tiny_config.ppo.optimiser),
    }

    def make(stage: str) -> TrainConfig:
        kind = replace(network, bins=15, differences=False) if stage == "mmloc" else network
        return replace(
            tiny_config, stages=(stage,), network=kind, augment=AugmentConfig.none(), validate_greedy=False, **settings
        )

    return make
