"""A toy game that must be solved from reward alone."""

import dataclasses

import numpy as np
import torch

from standpartner.agent.networks import ReadOnceNetwork
from standpartner.agent.views import ink
from standpartner.audio import AugmentConfig
from standpartner.game import PIANO, ramp_track
from standpartner.learn.config import EpisodeConfig, OptimiserConfig, PpoConfig
from standpartner.learn.data import TrainingPerformance, TrainingPiece, TrainingSet
from standpartner.learn.features import encode
from standpartner.learn.ppo import Ppo
from standpartner.learn.validate import validate


def toy_set(track) -> TrainingSet:
    image = np.round(ink(track.strip) * 255).astype(np.uint8)
    nothing = np.zeros(0, np.int64)
    piece = TrainingPiece(track.name, image, nothing, nothing)
    return TrainingSet((piece,), (TrainingPerformance(0, track, track.targets, nothing, nothing),))


def test_ppo_solves_a_ramp_from_reward_alone(tiny_config):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = ReadOnceNetwork(tiny_config.network)
    data = toy_set(ramp_track(3.0, 30))
    features = encode(network, data, settings=AugmentConfig.none(), seed=0)
    before = validate(network, data, features, game=PIANO)
    settings = PpoConfig(
        steps=60,
        episode=EpisodeConfig(episodes=32, frames=32, anywhere=0.3),
        optimiser=OptimiserConfig(learning_rate=3e-3, warmup_steps=1, average=0.9),
    )
    stage = Ppo(network, data, features, config=dataclasses.replace(tiny_config, ppo=settings))
    for number in range(settings.steps):
        stage.step(number)
    after = validate(network, data, features, game=PIANO)
    assert before["valid/r_on"] < 1.0
    assert after["valid/r_on"] == 1.0
    assert after["valid/r_tue"] == 1.0
