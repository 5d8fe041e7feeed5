"""A toy game that must be solved from reward alone."""

import dataclasses

import numpy as np
import torch

from standpartner.agent.networks import ReadOnceNetwork
from standpartner.agent.views import ink
from standpartner.audio import AugmentConfig
from standpartner.evaluate.episodes import play_episodes
from standpartner.evaluate.measures import evaluate_runs
from standpartner.game import PIANO, ramp_track
from standpartner.learn.config import EpisodeConfig, OptimiserConfig, PpoConfig
from standpartner.learn.data import TrainingPerformance, TrainingPiece, TrainingSet
from standpartner.learn.features import encode
from standpartner.learn.ppo import Ppo
from standpartner.learn.validate import NetworkPlayer


def toy_set(track) -> TrainingSet:
    image = np.round(ink(track.strip) * 255).astype(np.uint8)
    nothing = np.zeros(0, np.int64)
    outline = np.zeros((image.shape[1] // 4, 2), np.float32)
    piece = TrainingPiece(track.name, image, nothing, nothing, outline)
    return TrainingSet((piece,), (TrainingPerformance(0, track, track.targets, nothing, nothing),))


def sampled_measures(network, data, features) -> dict:
    """Ten runs with drawn actions, as the paper measures."""
    tracks = [data.performances[0].track]
    players = [NetworkPlayer(network, features, episodes=1, rng=np.random.default_rng(run)) for run in range(10)]
    return evaluate_runs([play_episodes(player, tracks, config=PIANO) for player in players])


def test_ppo_solves_a_ramp_from_reward_alone(tiny_config):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = ReadOnceNetwork(tiny_config.network)
    data = toy_set(ramp_track(3.0, 30))
    features = encode(network, data, settings=AugmentConfig.none(), seed=0)
    before = sampled_measures(network, data, features)
    settings = PpoConfig(
        steps=100,
        discount=0.95,
        epochs=4,
        episode=EpisodeConfig(episodes=64, frames=32, anywhere=0.5),
        optimiser=OptimiserConfig(learning_rate=5e-3, warmup_steps=1),
    )
    stage = Ppo(network, data, features, config=dataclasses.replace(tiny_config, ppo=settings))
    for number in range(settings.steps):
        stage.step(number)
    after = sampled_measures(network, data, features)
    assert before["r_on"] < 0.9
    assert after["r_on"] == 1.0
    assert after["r_tue"] == 1.0
    assert after["error_cm_mean"] < before["error_cm_mean"]
