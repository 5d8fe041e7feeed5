"""Gradients along a trace: of the very places where the trace is, and not of other weights."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("captum")

import torch

from standpartner.errors import AgentError
from standpartner.evaluate.players import load_agent_player
from standpartner.explain.activations.recording import record_activations, replay_trace
from standpartner.explain.activations.registry import load_network
from standpartner.explain.gradients.attribution import AttributionConfig, attribute
from standpartner.explain.gradients.trace_overlay import explain_trace
from standpartner.explain.traces.trace import record_traces
from standpartner.game.rules import NOTTINGHAM


@pytest.fixture
def track(tiny_pieces):
    return tiny_pieces[0].tracks()[0]


def trace_of(bundle, track):
    return next(record_traces(load_agent_player(str(bundle)), [track], game=NOTTINGHAM))


def test_an_episode_is_explained_where_the_trace_is_also_when_lost(tiny_bundle, track):
    network, trace, counted = load_network(str(tiny_bundle)), trace_of(tiny_bundle, track), []
    assert trace.lost_frame is not None, "the agent has learnt nothing"
    decisions = [0, 4, trace.states - 2]
    config = AttributionConfig(target="locate")
    overlay = explain_trace(network, trace, decisions=decisions, config=config, progress=counted.append)
    (played,) = record_activations(network, [track], game=NOTTINGHAM)
    assert len(played) <= decisions[2], "it is lost before"
    alone = attribute(network, played.select(np.array(decisions[:2])), config)
    np.testing.assert_allclose(overlay.score[:2], alone.score, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(overlay.spectrogram[:2], alone.spectrogram, rtol=1e-4, atol=1e-7)
    assert overlay.spectrogram[2].any()
    assert overlay.decision.tolist() == decisions
    assert [overlay.map_at(state) for state in (-1, 0, 3, 4, 5)] == [None, 0, 0, 1, 1]
    assert overlay.what == ("locate's likeliest column",) * 3
    assert counted == [1, 2, 3]


def test_what_a_window_network_sees_and_how_that_differs_are_added_up(window_bundle, track):
    bundle = window_bundle("acts")
    network, trace = load_network(bundle), trace_of(bundle, track)
    overlay = explain_trace(network, trace, decisions=[3, 9])
    found = attribute(network, replay_trace(network, trace, decisions=10).select(np.array([3, 9])))
    assert found.spectrogram_difference.any()
    names = [("slower -1", "keep", "faster +1")[trace.taken[decision]] for decision in (3, 9)]
    assert overlay.what == tuple(f"{name}, the action taken" for name in names)
    total = overlay.score.sum((1, 2)) + overlay.spectrogram.sum((1, 2))
    np.testing.assert_allclose(total, found.change, atol=0.011 * np.maximum(np.abs(found.change), 0.1).max())
    np.testing.assert_allclose(overlay.score, found.score + found.score_difference)


def test_weights_that_are_not_the_agents_are_refused(tiny_bundle, track):
    network = load_network(str(tiny_bundle))
    with torch.no_grad():
        network.network.policy.action.bias[0] += 1.0
    with pytest.raises(AgentError, match="export the agent from its weights again"):
        explain_trace(network, trace_of(tiny_bundle, track), decisions=[0])
