"""Learning from reward: nothing but the game knows where the music is, and what is learned does not depend on it."""

import dataclasses
import sys

import numpy as np
import pytest
import torch

from standpartner.errors import ConfigError
from standpartner.game import NOTTINGHAM, BatchedGame, Track, ramp_track, random_track
from standpartner.learn.a2c import A2cConfig
from standpartner.learn.data import TrainingPerformance, TrainingPiece, bare_set
from standpartner.learn.explore import Explore, ExploreConfig, walk
from standpartner.learn.fixed_encoders import say_again
from standpartner.learn.learner import PlacesConfig
from standpartner.learn.mirrored import MIDDLE, Places, judged, later_loss, pair_log_probability, places_told
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.ppo import PpoConfig
from standpartner.learn.rollout import EpisodeConfig, Episodes
from standpartner.learn.run import Run, RunData
from standpartner.learn.stages import stages_for
from standpartner.networks.checkpoint import same_weights
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig

QUICK = OptimiserConfig(learning_rate=1e-3, warmup_steps=1)
EPISODE = EpisodeConfig(episodes=8, frames=12, again=0.3, game="nottingham")
TRUTH = {
    Track: ("onset_s", "onset_x_px", "targets", "targets_at", "start_px"),
    TrainingPiece: ("head_row", "head_column", "outline"),
    TrainingPerformance: ("target_x_px", "key_frame", "key"),
}


@pytest.fixture
def sealed(monkeypatch):
    """Closes the truth to all but the game, which gives rewards by it, and to those who make copies."""

    def seal(kind):
        plain = kind.__getattribute__

        def read(self, name):
            if name in TRUTH[kind]:
                reader = sys._getframe(1).f_globals["__name__"]
                if not reader.startswith(("standpartner.game.", "dataclasses", "functools")):
                    raise AssertionError(f"{reader} reads {kind.__name__}.{name}")
            return plain(self, name)

        monkeypatch.setattr(kind, "__getattribute__", read)

    data = bare_set([ramp_track(3.0, 30), random_track(0, 40), random_track(1, 40)])
    for kind in TRUTH:
        seal(kind)
    return data


@pytest.fixture
def blind(monkeypatch):
    """Makes every rollout's truth useless."""
    collect = Episodes.collect

    def without_truth(self, *arguments, **named):
        rollout = collect(self, *arguments, **named)
        nothing = torch.full_like(rollout.offset_px, torch.nan)
        return dataclasses.replace(
            rollout, offset_px=nothing, error_px=nothing, taught=torch.full_like(rollout.taught, -9)
        )

    monkeypatch.setattr(Episodes, "collect", without_truth)


@pytest.fixture
def config(tiny_config, tiny_network_config):
    """Exploring, then A2C and PPO that learn from places, all in seconds."""
    shared = {"episode": EPISODE, "optimiser": QUICK, "steps": 4}
    return dataclasses.replace(
        tiny_config,
        stages=("explore", "a2c", "ppo"),
        validate_every=2,
        network=dataclasses.replace(tiny_network_config, ahead_frames=4),
        augment=AugmentConfig.none(),
        explore=ExploreConfig(steps=4, segments=4, frames=10, columns=128, optimiser=QUICK),
        a2c=A2cConfig(encoders=True, places=PlacesConfig(parts=2, replay=2), **shared),
        ppo=PpoConfig(places=PlacesConfig(parts=2, replay=2), **shared),
    )


def test_the_seal_holds(sealed):
    with pytest.raises(AssertionError, match=r"reads Track\.targets"):
        _ = sealed.performances[0].track.targets
    with pytest.raises(AssertionError, match=r"reads TrainingPiece\.outline"):
        _ = sealed.pieces[0].outline


def test_no_learner_from_reward_reads_the_truth(sealed, blind, config):
    torch.manual_seed(0)
    network = ReadOnceNetwork(config.network)
    stages = stages_for(network, config, RunData(train=sealed, valid=sealed, checksum="toy"))
    for name in config.stages:
        before = {key: value.clone() for key, value in network.state_dict().items()}
        stage, _ = stages.make(name, network)
        for number in range(3):
            measured = stage.step(number)
        assert all(np.isfinite(value) for key, value in measured.items() if key.startswith("loss/"))
        learned = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
        assert any(key.startswith("policy.tracker.") for key in learned) == (name == "ppo")
        assert any(key.startswith("strip.") for key in learned) == (name != "ppo")


@pytest.mark.parametrize("name", ["a2c", "ppo"])
def test_a_window_network_learns_from_places_without_the_truth(name, sealed, blind, window_config):
    """All but the policy's own layers learn from the places, also from rollouts that are kept."""
    config = window_config(name)
    settings = dataclasses.replace(config.stage(name), steps=4, places=PlacesConfig(parts=1, replay=3))
    config = dataclasses.replace(config, network=dataclasses.replace(config.network, places=30), **{name: settings})
    torch.manual_seed(0)
    network = WindowNetwork(config.network)
    stage, _ = stages_for(network, config, RunData(train=sealed, valid=sealed, checksum="toy")).make(name, network)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for number in range(3):
        measured = stage.step(number)
    assert {"loss/places", "loss/places_again"} <= measured.keys()
    assert len(stage.kept.rollouts) == 3
    assert all(np.isfinite(value) for key, value in measured.items() if key.startswith("loss/"))
    assert all(not torch.equal(value, before[key]) for key, value in network.state_dict().items())
    rollout = stage.kept.rollouts[-1]
    places = places_told(rollout, rollout.observed["centre_px"].float(), bound_px=50)
    truth = sealed_truth(stage, rollout)
    nearest = (places.px - truth.unsqueeze(-1)).abs().amin(-1)
    assert nearest[places.known].max() <= 0.51  # a window is centred at a whole px


def sealed_truth(stage, rollout):
    """Where the music was, by the game."""
    game = stage.episodes.game
    track, frame = (rollout.observed[name].numpy() for name in ("track", "frame"))
    return torch.as_tensor(game._targets[game._offsets[track] + frame])


def test_what_is_learned_does_not_depend_on_the_truth_beside_the_rewards(config, tiny_data, request):
    """The same weights whether rollouts hold the truth or not."""
    weights = []
    for fixture in (None, "blind"):
        if fixture:
            request.getfixturevalue(fixture)
        torch.manual_seed(0)
        network = ReadOnceNetwork(config.network)
        stages = stages_for(network, config, tiny_data)
        for name in ("a2c", "ppo"):
            stage, _ = stages.make(name, network)
            for number in range(2):
                stage.step(number)
        weights.append({key: value.clone() for key, value in network.state_dict().items()})
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_a_walks_rewards_tell_the_places_of_the_music():
    """One of the two places is the truth, in every frame that is known, also after the walker was lost."""
    tracks = [ramp_track(3.0, 30), random_track(0, 40)]
    game = BatchedGame(tracks, NOTTINGHAM, n_episodes=64)
    walks = walk(game, np.arange(64) % 2, frames=30, spread_px=30.0, rng=np.random.default_rng(0))
    targets = np.stack([tracks[t].targets[walks.frame[:, k]] for k, t in enumerate(walks.track)], axis=1)
    places = walks.places(NOTTINGHAM.bound_px)
    distance = np.abs(targets[..., None] - (places.px.numpy() + walks.position_px[0][None, :, None])).min(-1)
    assert distance[walks.known].max() < 1e-2
    assert walks.episode.max() > 0
    assert 0.5 < walks.known.mean() < 1.0
    assert (np.diff(walks.frame, axis=0) <= 1).all()


def test_a_rollouts_rewards_tell_the_places_of_the_music(config, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(config.network)
    stage, _ = stages_for(network, config, tiny_data).make("ppo", network)
    rollout = stage.episodes.collect(np.random.default_rng(0))
    places = places_told(rollout, rollout.observed["speed_px"].cumsum(0), bound_px=50)
    assert not places.known[0].any()
    assert (places.known[1:] == ~rollout.fresh[1:]).all()
    assert rollout.fresh[1:].any()
    known = places.known
    torch.testing.assert_close(places.distance_px[known], rollout.offset_px[known].abs(), atol=1e-3, rtol=0)
    moved = places.position_px[1:] - places.position_px[:-1]
    truth = places.position_px - rollout.offset_px
    linked = places.linked[1:]
    assert (((truth[1:] - truth[:-1])[linked]) > -1e-2).all()  # in these coordinates, too, the music never goes back
    assert moved[linked].abs().max() > 0


def test_the_tracker_is_taught_what_its_own_frames_judge_together(config, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(config.network)
    stage, _ = stages_for(network, config, tiny_data).make("ppo", network)
    rollout = stage.episodes.collect(np.random.default_rng(0))
    shape = rollout.fresh.shape
    places = places_told(rollout, rollout.observed["speed_px"].cumsum(0), bound_px=50)
    said = say_again(network.policy, rollout)
    torch.testing.assert_close(said.ahead.unflatten(0, shape), rollout.observed["ahead"], atol=1e-4, rtol=0)
    loss, probable = judged(pair_log_probability(said.track.unflatten(0, shape), places.columns), places)
    later = later_loss(said.ahead.unflatten(0, shape), places, probable, frames=4)
    torch.testing.assert_close(stage.auxiliary.loss(rollout), loss + later)


def test_where_the_music_will_be_is_taught_by_later_rewards():
    """After four frames the music is 20 px further, seen from where the agent was."""
    frames, position = 6, torch.arange(6.0).unsqueeze(1) * 2
    known = torch.ones(frames, 1, dtype=torch.bool)
    places = Places(position, torch.full((frames, 1), 12.0), known, torch.zeros(frames, 1, dtype=torch.long))
    probable = torch.zeros(frames, 1, 2)
    probable[..., 0] = 1.0
    logits = torch.zeros(frames, 1, 64)
    right = logits.clone()
    column = MIDDLE + (4 * 2 + 12) / 8  # 34: where it stands four frames later
    right[..., int(column)] = 20.0
    assert column == int(column)
    assert float(later_loss(right, places, probable, frames=4)) < 1e-3
    assert float(later_loss(logits, places, probable, frames=4)) == pytest.approx(np.log(64), rel=1e-3)
    ended = dataclasses.replace(places, episode=torch.arange(frames).unsqueeze(1))
    assert float(later_loss(logits, ended, probable, frames=4)) == 0.0


@pytest.mark.slow
def test_exploring_makes_the_places_that_rewards_tell_more_probable(tiny_network_config, tiny_data):
    torch.manual_seed(0)
    settings = ExploreConfig(steps=80, segments=8, frames=16, columns=96, optimiser=OptimiserConfig(warmup_steps=10))
    network = ReadOnceNetwork(tiny_network_config)
    stage = Explore(network, tiny_data.train, settings, augment=AugmentConfig.none(), seed=0)
    logs = [stage.step(number) for number in range(settings.steps)]
    for name in ("loss/locate", "loss/outline"):
        losses = [log[name] for log in logs]
        assert np.mean(losses[-15:]) < np.mean(losses[:15])


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["explore", "ppo"])
def test_a_run_from_reward_goes_on_after_an_interruption(stage, config, tiny_data, tmp_path):
    """Also the rollouts that are kept are part of checkpoints."""
    config = dataclasses.replace(config, stages=("explore", "ppo"))

    def stop(name, step, steps, measured):
        if (name, step) == (stage, 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run(config, tmp_path / "stopped", data=tiny_data, progress=stop).train()
    Run(config, tmp_path / "stopped", data=tiny_data).train()
    Run(config, tmp_path / "whole", data=tiny_data).train()
    assert same_weights(tmp_path / "stopped" / "ppo.safetensors", tmp_path / "whole" / "ppo.safetensors")


def test_places_and_truth_do_not_both_teach_the_tracker(config):
    with pytest.raises(ConfigError, match="not both"):
        dataclasses.replace(config, ppo=dataclasses.replace(config.ppo, track=True))
