"""What is recorded of networks is what they compute, and a step by itself gives what the game gave."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.players import load_agent_player
from standpartner.explain.activations.recording import record_activations, replay_trace
from standpartner.explain.activations.registry import explained, load_network
from standpartner.explain.traces.trace import record_traces
from standpartner.game.rules import NOTTINGHAM, PIANO
from standpartner.networks.read_once import ReadOnceNetwork

KINDS = ["read-once", "carries", "window"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_embedding_is_what_the_heads_stand_on(networks, played, kind):
    with torch.no_grad():
        logits = networks[kind].action_head(torch.from_numpy(played[kind][0].embedding))
    np.testing.assert_allclose(logits.numpy(), played[kind][0].logits, atol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_a_step_gives_what_the_game_gave(networks, played, name):
    episode = played[name][0]
    ends = episode.select(np.array([0, 1, len(episode) // 2, len(episode) - 1]))
    output = networks[name].step(ends).output()
    np.testing.assert_allclose(output.action.numpy(), ends.logits, atol=1e-4)
    np.testing.assert_allclose(output.value.numpy(), ends.value, atol=1e-4)


def test_some_frames_are_selected(played):
    episode = played["read-once"][0]
    some = episode.select(np.array([4, 1]))
    assert some.track is episode.track
    assert some.frame.tolist() == [episode.frame[4], episode.frame[1]]
    np.testing.assert_array_equal(some.error_px, some.position_px - some.track.targets[some.frame])


def test_a_trace_is_replayed_up_to_a_decision(tiny_bundle, tiny_pieces):
    player, track = load_agent_player(str(tiny_bundle)), tiny_pieces[0].tracks()[0]
    trace = next(record_traces(player, [track], game=NOTTINGHAM))
    episode = replay_trace(load_network(str(tiny_bundle)), trace, decisions=25)
    np.testing.assert_array_equal(episode.frame, trace.first_frame + np.arange(25))
    np.testing.assert_array_equal(episode.position_px, trace.position_px[:25])
    np.testing.assert_allclose(episode.value, trace.value[:25], atol=1e-4)


def test_an_agent_is_loaded_with_its_weights(tiny_bundle):
    network = load_network(str(tiny_bundle)).network
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert json.loads((tiny_bundle / "agent.json").read_text())["network"]["features"] == network.config.features


def test_an_agent_that_only_locates_is_refused(window_bundle):
    with pytest.raises(AgentError, match="takes no actions"):
        load_network(window_bundle("locates", bins=5))


def test_each_kind_knows_what_it_sees_and_by_which_rules_it_plays(networks, tiny_pieces):
    assert [networks[kind].seen_width_px for kind in KINDS] == [512, 512, 150]
    assert [networks[kind].rules(PIANO).name for kind in KINDS] == ["piano", "piano", "nottingham"]
    with pytest.raises(ConfigError, match="--game nottingham"):
        next(record_activations(networks["window"], [tiny_pieces[0].tracks()[0]], game=PIANO))


def test_a_network_is_explained_in_evaluation_mode(tiny_network_config):
    network = ReadOnceNetwork(tiny_network_config).train()
    assert not explained(network).network.training
