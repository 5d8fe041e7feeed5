"""Toy games that must be solved from reward alone."""

import dataclasses

import numpy as np
import pytest
import torch

from standpartner.agent.config import Convolution, WindowNetworkConfig
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.evaluate.players.episodes import play_episodes
from standpartner.game import CONFIGS, PIANO, GameConfig, Track, ramp_track
from standpartner.learn.a2c import A2c, A2cConfig
from standpartner.learn.data import bare_set
from standpartner.learn.features import encode
from standpartner.learn.fixed_encoders import FixedEncoders
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.ppo import Ppo, PpoConfig
from standpartner.learn.reinforce import Reinforce, ReinforceConfig
from standpartner.learn.rollout import EpisodeConfig
from standpartner.learn.validate import ActorPlayer
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig


def ten_of(track: Track) -> list[Track]:
    """The track for ten runs side by side."""
    return [dataclasses.replace(track, name=f"{track.name}-{run}") for run in range(10)]


def sampled_measures(actor, track: Track, game: GameConfig) -> dict:
    """Ten runs with drawn actions, as the paper measures; the actor is one on ``ten_of`` the track."""
    player = ActorPlayer(actor, episodes=10, rng=np.random.default_rng(0))
    return evaluate_episodes(play_episodes(player, ten_of(track), config=game))


@pytest.mark.slow
def test_ppo_solves_a_ramp_from_reward_alone(tiny_config):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = ReadOnceNetwork(tiny_config.network)
    track = ramp_track(3.0, 30)
    actor, measured = (
        FixedEncoders(network, encode(network, bare_set(tracks), settings=AugmentConfig.none(), seed=0), tracker=False)
        for tracks in ([track], ten_of(track))
    )
    before = sampled_measures(measured, track, PIANO)
    settings = PpoConfig(
        steps=100,
        discount=0.95,
        epochs=4,
        episode=EpisodeConfig(episodes=64, frames=32, anywhere=0.5),
        optimiser=OptimiserConfig(learning_rate=5e-3, warmup_steps=1),
    )
    stage = Ppo(actor, [track], settings, seed=tiny_config.seed)
    for number in range(settings.steps):
        stage.step(number)
    after = sampled_measures(measured, track, PIANO)
    assert before["r_on"] < 0.9
    assert after["r_on"] == 1.0
    assert after["r_tue"] == 1.0


TOY = GameConfig(name="toy", window_height_px=48, window_width_px=64, downscale=2, bound_px=64 // 3, frames_in_view=6)
TOY_NETWORK = WindowNetworkConfig(
    game="toy",
    score=(Convolution(8, kernel=4, stride=(4, 2)),),
    spectrogram=(Convolution(8, kernel=6, stride=(6, 6)),),
    joint=64,
    head=64,
)
ADAM = OptimiserConfig(
    learning_rate=2e-3, warmup_steps=0, decay=False, weight_decay=0.0, gradient_norm=0.5, average=0.0
)
WORKERS = EpisodeConfig(episodes=16, frames=15, anywhere=0.0, game="toy")
LEARNERS = {  # the paper's settings, but for more workers and a higher learning rate; at most so many steps
    "reinforce": (
        Reinforce,
        ReinforceConfig(
            steps=200,
            episode=dataclasses.replace(WORKERS, episodes=8, frames=0),
            optimiser=dataclasses.replace(ADAM, learning_rate=1e-3),
        ),
    ),
    "a2c": (A2c, A2cConfig(steps=600, episode=WORKERS, optimiser=ADAM)),
    "ppo": (
        Ppo,
        PpoConfig(
            steps=300, epochs=1, samples=32, mean_values=False, entropy=0.05, value_weight=0.25, episode=WORKERS,
            optimiser=ADAM,
        ),
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_each_of_the_papers_learners_solves_a_ramp_from_reward_alone(name, monkeypatch):
    """A network of the paper's kind sees windows and hears excerpts; it is watched as validation watches a run."""
    monkeypatch.setitem(CONFIGS, "toy", TOY)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    kind, settings = LEARNERS[name]
    track = ramp_track(2.0, 15)
    network = WindowNetwork(TOY_NETWORK)
    measured = WindowActor(network, ten_of(track))
    found = sampled_measures(measured, track, TOY)
    assert found["r_on"] < 0.3
    stage, every = kind(WindowActor(network, [track]), [track], settings, seed=1), settings.steps // 20
    for number in range(settings.steps):
        stage.step(number)
        if number % every == every - 1:
            found = sampled_measures(measured, track, TOY)
            if found["r_on"] == 1.0:
                break
    assert found["r_on"] == 1.0
    assert found["r_tue"] == 1.0
