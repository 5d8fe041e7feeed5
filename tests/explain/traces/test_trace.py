"""Traces: the very episode that evaluation plays, with what the agent made of each frame."""

import numpy as np
import pytest

from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.players import PlayConfig, load_agent_player
from standpartner.explain.traces.trace import record_traces
from standpartner.game.rules import NOTTINGHAM, PIANO, next_position, reward


def check_shape_and_sense(trace):
    decisions = trace.states - 1
    assert trace.states == trace.track.last_frame - trace.track.first_frame + 1
    assert trace.action.shape == (decisions, 3)
    assert trace.action.sum(axis=1) == pytest.approx(np.ones(decisions), abs=1e-5)
    assert trace.value.shape == trace.reward.shape == (decisions,)
    np.testing.assert_allclose(trace.reward, reward(trace.error_px[1:], trace.game.bound_px), atol=1e-6)
    np.testing.assert_array_equal(trace.taken, trace.action.argmax(axis=1))
    np.testing.assert_array_equal(np.diff(trace.speed), np.array(trace.game.actions)[trace.taken])
    moved = np.clip(next_position(trace.position_px[:-1], trace.speed[1:]), 0, trace.track.strip.shape[1] - 1)
    np.testing.assert_array_equal(trace.position_px[1:], moved)
    first_lost = np.flatnonzero(trace.lost)
    assert trace.lost_frame == (trace.first_frame + first_lost[0] if len(first_lost) else None)


def test_a_read_once_agent_is_traced_as_it_is_evaluated(tiny_pieces, tiny_bundle):
    tracks = [track for piece in tiny_pieces for track in piece.tracks()]
    player = load_agent_player(str(tiny_bundle))
    traces = list(record_traces(player, tracks, game=PIANO))
    (episodes,) = player.play_tracks(tracks, PlayConfig(game=PIANO))
    for trace, episode, track in zip(traces, episodes, tracks, strict=True):
        assert trace.track is track
        np.testing.assert_array_equal(trace.position_px, episode.position_px)
        assert trace.lost_frame == episode.lost_frame
        check_shape_and_sense(trace)
        assert trace.locate.shape == trace.belief.shape == (trace.states - 1, 64)
        assert trace.locate.sum(axis=1) == pytest.approx(np.ones(trace.states - 1), abs=1e-5)
        assert trace.seen_px == (512, 160)


def test_a_window_agent_is_traced_as_it_is_evaluated(tiny_pieces, window_bundle):
    tracks = tiny_pieces[0].tracks()
    player = load_agent_player(window_bundle("acts"))
    traces = list(record_traces(player, tracks, game=NOTTINGHAM))
    (episodes,) = player.play_tracks(tracks, PlayConfig(game=NOTTINGHAM))
    for trace, episode in zip(traces, episodes, strict=True):
        np.testing.assert_array_equal(trace.position_px, episode.position_px)
        check_shape_and_sense(trace)
        assert trace.locate.shape == (trace.states - 1, 0)
        assert trace.seen_px == (150, 40)
    with pytest.raises(ConfigError, match="use it with --game nottingham"):
        next(record_traces(player, tracks, game=PIANO))


def test_an_agent_that_only_locates_is_refused(tiny_pieces, window_bundle):
    player = load_agent_player(window_bundle("locates", bins=10))
    with pytest.raises(AgentError, match="takes no actions; choose one that acts"):
        next(record_traces(player, tiny_pieces[0].tracks(), game=NOTTINGHAM))


def test_states_and_decisions_of_frames(clicks):
    trace = clicks.trace
    assert trace.state_at(0) == 0
    assert trace.state_at(trace.first_frame + 7) == 7
    assert trace.state_at(10_000) == trace.states - 1
    assert trace.decision_at(trace.states - 1) == trace.states - 2
    edges = trace.columns_px(5)
    assert len(edges) == 65
    assert edges[32] == trace.position_px[5]
    assert edges[-1] - edges[0] == 512
