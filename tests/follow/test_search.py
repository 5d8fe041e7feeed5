"""The search over a whole score: finds the place, keeps to the agent where two places sound alike, and knows tempo."""

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.columns import pad_columns
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.errors import AgentError, ConfigError
from standpartner.follow.search import ScoreSearch, SearchConfig

PITCHES = 12


def test_finds_the_only_place_that_sounds_like_it(pitch_agent):
    melody = np.random.default_rng(0).integers(0, PITCHES, 400)
    search = ScoreSearch(pitch_agent, pitch_agent.view(melody))
    for embedding in pitch_agent.play(melody, 230, 260, speed_px=3):
        search.take(embedding, agent_px=100.0)
    found = search.found()
    assert abs(found.x_px - 260 * 8) < 24
    assert found.probability > 0.9
    assert found.speed_px == pytest.approx(3, abs=1.0)
    assert search.probability_near(100.0) < 0.05


def test_knows_the_tempo(pitch_agent):
    melody = np.random.default_rng(1).integers(0, PITCHES, 400)
    speeds = []
    for speed_px in (2, 6):
        search = ScoreSearch(pitch_agent, pitch_agent.view(melody))
        for embedding in pitch_agent.play(melody, 100, 160, speed_px=speed_px):
            search.take(embedding, agent_px=100.0)
        speeds.append(search.found().speed_px)
    assert speeds == [pytest.approx(2, abs=1), pytest.approx(6, abs=2)]


def test_of_two_places_that_sound_alike_the_agents_is_more_probable(pitch_agent):
    rng = np.random.default_rng(2)
    phrase = rng.integers(0, PITCHES, 60)
    melody = np.concatenate([rng.integers(0, PITCHES, 40), phrase, rng.integers(0, PITCHES, 40), phrase])
    for first, other in ((40, 140), (140, 40)):
        search = ScoreSearch(pitch_agent, pitch_agent.view(melody), config=SearchConfig(trust=0.15))
        for number, embedding in enumerate(pitch_agent.play(melody, first, first + 50, speed_px=4)):
            agent_px = 8 * first + 4 + 4.0 * number
            search.take(embedding, agent_px=agent_px)
        here, there = (search.probability_near(agent_px + 8 * offset) for offset in (0, other - first))
        assert here > 1.5 * there
        assert here + there > 0.95


def test_without_a_start_it_expects_the_music_anywhere(pitch_agent):
    melody = np.random.default_rng(3).integers(0, PITCHES, 100)
    assert np.allclose(ScoreSearch(pitch_agent, pitch_agent.view(melody)).place, 0.01)
    known = ScoreSearch(pitch_agent, pitch_agent.view(melody), start_px=400.0)
    assert known.probability_near(400.0) > 0.99


def test_belief_stays_a_probability(pitch_agent):
    melody = np.random.default_rng(4).integers(0, PITCHES, 50)
    search = ScoreSearch(pitch_agent, pitch_agent.view(melody), start_px=390.0)
    for _ in range(200):  # long after the end of the score
        search.take(pitch_agent.sound(0), agent_px=399.0)
        assert search.place.sum() == pytest.approx(1.0, abs=1e-4)
        assert np.all(search.place >= 0)


def test_no_probability_is_above_one(pitch_agent):
    melody = np.random.default_rng(5).integers(0, PITCHES, 50)
    search, sums = ScoreSearch(pitch_agent, pitch_agent.view(melody), config=SearchConfig(reach_px=400.0)), []
    for embedding in pitch_agent.play(melody, 2, 45, speed_px=3):
        search.take(embedding, agent_px=200.0)
        sums.append(search.place.sum())
        assert search.probability_near(200.0) <= 1.0
        assert search.found().probability <= 1.0
    assert max(sums) > 1.0  # rounding has left more, in all columns together


def test_a_bundle_says_of_every_column_what_the_search_head_says(tiny_bundle):
    torch = pytest.importorskip("torch")
    from standpartner.networks.checkpoint import load_checkpoint

    agent = load_agent(str(tiny_bundle))
    rng = np.random.default_rng(5)
    view = agent.read(rng.integers(0, 256, (160, 8 * 200), dtype=np.uint8))
    embedding = rng.normal(size=(1, agent.config.features)).astype(np.float32)
    everywhere = agent.search(agent.search_keys(view), embedding)
    assert everywhere.shape == (200,)
    network, _, _ = load_checkpoint(tiny_bundle / "weights.safetensors")
    keys = torch.from_numpy(view[WINDOW_COLUMNS:-WINDOW_COLUMNS, : agent.config.features])
    with torch.no_grad():
        expected = network.search.over(keys, torch.from_numpy(embedding))[0].numpy()
    assert np.allclose(everywhere, expected, atol=1e-5)
    assert np.ptp(expected) > 1e-3, "the logits must differ for this to show anything"


def test_a_bundle_without_the_graph_is_loaded_but_does_not_search(tiny_bundle):
    agent = load_agent(str(tiny_bundle))
    del agent._run["search"]
    with pytest.raises(AgentError, match=r"was not trained .*no search.onnx; choose another"):
        agent.search(agent.search_keys(pad_columns(np.zeros((70, 18), np.float32))), np.zeros((1, 16), np.float32))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speeds_px": (2.0, 1.0)}, "from slow to fast"),
        ({"anywhere": 0.0}, "anywhere and agent above 0"),
        ({"trust": 0.0}, "trust and floor above 0"),
        ({"reach_px": 1.0}, "reach_px of a column"),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        SearchConfig(**settings)
