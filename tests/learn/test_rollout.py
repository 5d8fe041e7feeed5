"""Rollouts: what was played can be replayed exactly, ends are kept apart, windows look where the agent is."""

import dataclasses

import numpy as np
import pytest
import torch

from standpartner.game.rules import CONFIGS
from standpartner.learn.auxiliary import AuxiliaryLoss
from standpartner.learn.features import encode, observe
from standpartner.learn.fixed_encoders import FixedEncoders, track_loss
from standpartner.learn.imitate import Imitate
from standpartner.learn.ppo import Ppo
from standpartner.learn.rollout import AGAIN_FRAMES, EpisodeConfig, Episodes
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig


@pytest.fixture
def played(tiny_network_config, tiny_data):
    """Episodes of an untrained network on the tiny pieces."""
    return _played(tiny_network_config, tiny_data)


@pytest.fixture(params=[True, False], ids=["remembers", "forgets"])
def played_either_way(request, tiny_network_config, tiny_data):
    """The same with and without memory."""
    return _played(dataclasses.replace(tiny_network_config, remembers=request.param), tiny_data)


def _played(network_config, tiny_data):
    torch.manual_seed(1)
    network = ReadOnceNetwork(network_config)
    features = encode(network, tiny_data.train, settings=AugmentConfig.none(), seed=0)
    config = EpisodeConfig(episodes=16, frames=24, game="nottingham")
    return network, Episodes(FixedEncoders(network, features), tiny_data.train.tracks, config)


def test_a_replay_gives_the_probabilities_and_values_that_played(played_either_way):
    """Also over resets inside the rollout and from one rollout to the next: ratios start at exactly one."""
    _, episodes = played_either_way
    rng = np.random.default_rng(0)
    for _ in range(3):
        rollout = episodes.collect(rng)
        assert rollout.fresh[1:].any()
        logits, values = episodes.actor.replay(rollout)
        chosen = logits.log_softmax(-1).gather(-1, rollout.action.unsqueeze(-1)).squeeze(-1)
        torch.testing.assert_close(chosen, rollout.log_probability, atol=1e-5, rtol=0)
        torch.testing.assert_close(values, rollout.value, atol=1e-5, rtol=0)


def test_the_tracker_is_replayed_as_it_played_and_learns_where_the_truth_was(played_either_way):
    network, episodes = played_either_way
    rng = np.random.default_rng(0)
    with torch.no_grad():  # an untaught readout would hide what is remembered
        network.policy.tracker.readout.weight.normal_(generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        rollout = episodes.collect(rng)
        place = (31.5 - rollout.offset_px / 8).unsqueeze(-1)
        share = (1 - (torch.arange(64) - place).abs()).clamp(min=0)
        expected = -(share * rollout.observed["track"].log_softmax(-1)).sum(-1).mean()
        torch.testing.assert_close(track_loss(network.policy, rollout), expected, atol=1e-4, rtol=1e-4)
    before = rollout.offset_px[1:][~rollout.fresh[1:]]
    torch.testing.assert_close(before, rollout.error_px[:-1][~rollout.fresh[1:]])


def test_terminated_episodes_have_no_future_and_running_ones_their_next_value(played):
    _, episodes = played
    rollout = episodes.collect(np.random.default_rng(0))
    assert rollout.ended.any()
    assert torch.equal(rollout.ended, rollout.lost | rollout.finished)
    assert (rollout.next_value[rollout.ended] == 0).all()
    running = ~rollout.ended[:-1]
    assert torch.equal(rollout.next_value[:-1][running], rollout.value[1:][running])
    assert torch.equal(rollout.fresh[1:], rollout.ended[:-1])
    assert (rollout.reward[rollout.lost] == 0).all()


def test_truncated_episodes_go_on_in_value(played, monkeypatch):
    _, episodes = played
    limited = dataclasses.replace(CONFIGS["piano"], time_limit_frames=5)
    monkeypatch.setitem(CONFIGS, "piano", limited)
    config = EpisodeConfig(episodes=4, frames=8, game="piano", offset_px=0.0)
    cut = Episodes(episodes.actor, episodes.game.tracks, config)
    rollout = cut.collect(np.random.default_rng(3))
    truncated = rollout.ended & ~rollout.lost & ~rollout.finished
    assert truncated[4].any()
    assert (rollout.next_value[truncated] != 0).all()


def test_advantages_of_a_perfect_future_are_bounded(played):
    _, episodes = played
    rollout = episodes.collect(np.random.default_rng(0))
    returns = rollout.advantages(discount=0.9, gae_lambda=1.0) + rollout.value
    only_rewards = dataclasses.replace(rollout, next_value=torch.zeros_like(rollout.next_value), value=returns * 0)
    worth = only_rewards.advantages(discount=0.9, gae_lambda=1.0)
    assert (worth >= 0).all()
    assert (worth <= 1).all()


def test_what_is_observed_moves_with_the_agent(played):
    network, episodes = played
    episodes.collect(np.random.default_rng(0))
    game = episodes.game
    before = observe(network, episodes.actor.features, game)
    game.position_px += 8.0  # one feature column
    after = observe(network, episodes.actor.features, game)
    torch.testing.assert_close(after.maps[:, :, :-1], before.maps[:, :, 1:], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(after.embedding, before.embedding)


@pytest.mark.slow
def test_imitation_agrees_more_and_more_with_the_oracle(tiny_network_config, tiny_config, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(tiny_network_config)
    features = encode(network, tiny_data.train, settings=AugmentConfig.none(), seed=0)
    settings = dataclasses.replace(
        tiny_config.imitate, steps=60, episode=EpisodeConfig(episodes=24, frames=16, game="piano")
    )
    stage = Imitate(FixedEncoders(network, features), tiny_data.train.tracks, settings, seed=0)
    agreed = [stage.step(number)["episode/agrees_with_oracle"] for number in range(60)]
    assert np.mean(agreed[-10:]) > np.mean(agreed[:10]) + 0.05


def test_episodes_start_again_before_moments_where_earlier_ones_were_lost(played):
    _, episodes = played
    episodes.collect(np.random.default_rng(0))
    config = dataclasses.replace(episodes.config, again=1.0, game="piano")
    again = Episodes(episodes.actor, episodes.game.tracks, config)
    track, frame, anywhere = again._draw_starts(8, np.random.default_rng(0))
    assert not again.loss_count[0]  # nothing is known yet: episodes start as usual
    assert (frame[~anywhere] == again.game.first_frames[track[~anywhere]]).all()
    game = again.game
    game.reset(np.arange(3), [0, 1, 1], start_frame=game.first_frames[[0, 1, 1]])
    game.frame[:3] += [200, 100, AGAIN_FRAMES[0] - 1]  # the last one was lost at once, by its bad start
    lost_at = game.frame[:2].copy()
    again._remember_losses(np.arange(3))
    track, frame, anywhere = again._draw_starts(100, np.random.default_rng(1))
    assert again.loss_count[0] == 2
    assert set(track) == {0, 1}
    assert anywhere.all()
    before = lost_at[track] - frame
    assert (frame >= game.first_frames[track]).all()
    assert ((before >= AGAIN_FRAMES[0]) & (before < AGAIN_FRAMES[1])).all()


def test_the_latest_losses_are_kept(played):
    _, episodes = played
    episodes.game.start_frame[:] = 0
    for number in range(100):
        episodes.game.frame[:] = 1000 + number
        episodes._remember_losses(np.arange(16))
    assert episodes.loss_count[0] == 1600
    assert set(episodes.losses[:, 1]) == set(range(1100 - len(episodes.losses) // 16, 1100))


@pytest.mark.parametrize("track", [True, False])
def test_the_tracker_learns_along_with_ppo_only_if_asked(track, tiny_network_config, tiny_config, tiny_data):
    torch.manual_seed(0)
    network = ReadOnceNetwork(tiny_network_config)
    features = encode(network, tiny_data.train, settings=AugmentConfig.none(), seed=0)
    settings = dataclasses.replace(tiny_config.ppo, steps=20, track=track)
    actor = FixedEncoders(network, features, tracker=track)
    auxiliary = AuxiliaryLoss("track", lambda rollout: track_loss(network.policy, rollout), parts=2) if track else None
    stage = Ppo(actor, tiny_data.train.tracks, settings, seed=0, auxiliary=auxiliary)
    before = {name: value.clone() for name, value in network.policy.named_parameters()}
    logs = [stage.step(number) for number in range(20)]
    changed = {name for name, value in network.policy.named_parameters() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if track or not name.startswith("tracker.")}
    assert all(("loss/track" in log) == track for log in logs)
