"""The pruned search of long scores: with all awake it is the forward pass; pruned it finds the same, for less."""

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.config import COLUMN_STRIDE_PX
from standpartner.errors import ConfigError
from standpartner.follow.hidden_markov import Belief, neighbour_mixing
from standpartner.follow.pruning import STRETCH_CELLS
from standpartner.follow.search import ScoreSearch, SearchConfig

COLUMNS = 12 * STRETCH_CELLS + 100
EXACT = SearchConfig(negligible=0.0, trust=0.15)
PRUNED = SearchConfig(trust=0.15)


@pytest.fixture
def melody(pitch_agent):
    return np.random.default_rng(0).integers(0, pitch_agent.pitches, COLUMNS)


@pytest.fixture
def compared(pitch_agent, monkeypatch):
    """The numbers of columns that were compared, in each frame since the last was begun by appending 0."""
    counts, search = [0], pitch_agent.search

    def counted(keys, embedding):
        counts[-1] += keys.shape[2]
        return search(keys, embedding)

    monkeypatch.setattr(pitch_agent, "search", counted)
    return counts


def whole_pass(agent, view, heard, config):
    """The forward pass over all columns at once, as it is defined: the place after each frame."""
    speeds_px = np.array(config.speeds_px)
    mixing = neighbour_mixing(len(speeds_px), config.change)
    belief = Belief(COLUMNS, COLUMN_STRIDE_PX, speeds_px=speeds_px, mixing=mixing)
    belief.begin(100.0)
    keys = agent.search_keys(view)
    for embedding, agent_px in heard:
        moved = belief.moved()
        moved *= (1 - config.anywhere - config.agent) / moved.sum()
        moved += config.anywhere / moved.size
        near = np.abs(belief.centres_px - agent_px) <= config.reach_px
        moved[:, near] += config.agent / (near.sum() * len(speeds_px))
        logits = agent.search(keys, embedding)
        belief.take(moved * (np.exp(logits - logits.max()) + config.floor) ** config.trust)
        yield belief.place, belief.peak()


def heard_with_a_jump(agent, melody):
    """A little music, then as much from far on; the agent reads on as if nothing had been."""
    embeddings = agent.play(melody, 12, 40) + agent.play(melody, 2000, 2060)
    return [(embedding, 100.0 + 4.0 * frame) for frame, embedding in enumerate(embeddings)]


def test_with_all_awake_it_is_the_forward_pass(pitch_agent, melody):
    view, heard = pitch_agent.view(melody), heard_with_a_jump(pitch_agent, melody)
    search = ScoreSearch(pitch_agent, view, start_px=100.0, config=EXACT)
    expected = whole_pass(pitch_agent, view, heard, EXACT)
    for (embedding, agent_px), (place, peak) in zip(heard, expected, strict=True):
        search.take(embedding, agent_px=agent_px)
        np.testing.assert_allclose(search.place, place, rtol=1e-3, atol=1e-7)
        found = search.found()
        assert (found.x_px, found.speed_px) == (pytest.approx(peak.x_px, abs=0.1), pytest.approx(peak.speed_px, 1e-3))


def test_pruned_it_finds_the_same_place_within_a_round(pitch_agent, melody):
    view, heard = pitch_agent.view(melody), heard_with_a_jump(pitch_agent, melody)
    frames = []
    for config in (EXACT, PRUNED):
        search, there = ScoreSearch(pitch_agent, view, start_px=100.0, config=config), []
        for frame, (embedding, agent_px) in enumerate(heard):
            search.take(embedding, agent_px=agent_px)
            music_px = 2000 * 8 + 4 + 4.0 * (frame - 56)
            there.append(abs(search.found().x_px - music_px) < 48 and search.found().probability > 0.8)
        assert all(there[-20:])
        frames.append(there.index(True))
    round_frames = np.ceil(13 / PRUNED.turns)
    assert frames[0] <= frames[1] <= frames[0] + round_frames


def test_where_the_music_is_known_little_is_compared(pitch_agent, monkeypatch, compared):
    monkeypatch.setattr(pitch_agent, "pitches", 701)
    melody = np.minimum(np.arange(COLUMNS), 700)  # nothing sounds like what is played elsewhere
    search = ScoreSearch(pitch_agent, pitch_agent.view(melody), start_px=100.0)
    for frame, embedding in enumerate(pitch_agent.play(melody, 12, 600)):
        compared.append(0)
        search.take(embedding, agent_px=100.0 + 4.0 * frame)
        assert abs(search.found().x_px - (100.0 + 4.0 * frame)) < 24, "also from one stretch to the next"
    assert np.median(compared) < 5 * STRETCH_CELLS < COLUMNS / 2


def test_where_all_sounds_alike_the_work_is_bounded_once_nothing_is_saved(pitch_agent, compared):
    phrase = np.random.default_rng(1).integers(0, pitch_agent.pitches, 64)
    melody = np.resize(phrase, COLUMNS)  # every 64 columns the same
    config = SearchConfig(trust=0.15, saved_s=1.0)
    search = ScoreSearch(pitch_agent, pitch_agent.view(melody), start_px=100.0, config=config)
    for frame, embedding in enumerate(pitch_agent.play(melody, 12, 200)):
        compared.append(0)
        search.take(embedding, agent_px=100.0 + 4.0 * frame)
        assert abs(search.found().x_px - (100.0 + 4.0 * frame)) < 48, "the agent's place stays the most probable"
    whole = [count >= COLUMNS for count in compared[1:]]
    assert 20 <= sum(whole) < 60, "in the beginning the saved second is spent"
    assert max(compared[150:]) <= (config.each_frame + 2) * (STRETCH_CELLS + 12), "and two where the agent is"


def test_music_goes_from_stretch_to_stretch_without_the_agent(pitch_agent, melody):
    search = ScoreSearch(pitch_agent, pitch_agent.view(melody), start_px=8.0 * 200, config=SearchConfig(turns=1))
    for frame, embedding in enumerate(pitch_agent.play(melody, 200, 320, speed_px=8)):
        search.take(embedding, agent_px=8.0 * 2500)
        assert frame < 20 or abs(search.found().x_px - 8 * (200 + frame)) < 48


def test_a_bundle_says_the_same_of_stretches_as_of_the_whole_score(tiny_bundle):
    agent, rng = load_agent(str(tiny_bundle)), np.random.default_rng(1)
    view = agent.read(rng.integers(0, 256, (160, 8 * (2 * STRETCH_CELLS + 70)), dtype=np.uint8))
    embedding = rng.normal(size=(1, agent.config.features)).astype(np.float32)
    search = ScoreSearch(agent, view, config=SearchConfig(trust=1.0))
    fit = search._fit(np.arange(3), embedding).reshape(-1)
    logits = agent.search(agent.search_keys(view), embedding)
    np.testing.assert_allclose(fit[: len(logits)], np.exp(logits - logits.max()), rtol=1e-4)
    assert not fit[len(logits) :].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"negligible": -1.0}, "negligible of 0 or more and turns of 1 or more"),
        ({"turns": 0}, "negligible of 0 or more and turns of 1 or more"),
        ({"turns": 2, "each_frame": 2}, "each_frame above turns, 2"),
        ({"saved_s": -1.0}, "saved_s of 0 or more"),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        SearchConfig(**settings)
