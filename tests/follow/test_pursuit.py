"""The agent and the search together: where the music goes elsewhere the agent is put there, and not otherwise."""

import math
from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.pursuit import Caution, Pursuit, PursuitConfig
from standpartner.follow.search import Found, SearchConfig

COLUMNS = 300
# One pitch at a time fits every twelfth column by chance; the settings for agents reckon with two seconds of sound.
CAREFUL = PursuitConfig(evidence=4.0, gathered=1.0, search=SearchConfig(trust=0.15))


@pytest.fixture
def melody(pitch_agent):
    return np.random.default_rng(0).integers(0, pitch_agent.pitches, COLUMNS)


def follow(agent, melody, embeddings, *, config=None, start_px=4.0, known=True):
    pursuit = Pursuit(
        agent, agent.view(melody), width_px=8 * COLUMNS, start_px=start_px, start_known=known, config=config or CAREFUL
    )
    positions, jumps, confidence = [], [], []
    for frame, embedding in enumerate(embeddings):
        step = pursuit.step(embedding)
        if step.jumped_from_px is not None:
            jumps.append((frame, step.jumped_from_px, step.position_px))
        positions.append(step.position_px)
        confidence.append(pursuit.confidence)
    return np.array(positions), jumps, np.array(confidence)


def test_goes_where_the_player_jumped(pitch_agent, melody):
    before, after = pitch_agent.play(melody, 0, 40), pitch_agent.play(melody, 200, 250)
    positions, jumps, confidence = follow(pitch_agent, melody, before + after)
    truth = 200 * 8 + 4 + 4.0 * np.arange(len(after))
    (frame, from_px, to_px), *more = jumps
    assert not more
    assert len(before) < frame <= len(before) + 30, "within a second and a half"
    assert from_px == pytest.approx(4 + 4 * frame, abs=12), "the agent had read on"
    assert to_px == positions[frame]
    assert np.all(np.abs(positions[frame:] - truth[frame - len(before) :]) < 50)
    assert confidence[len(before) - 1] > 0.9
    assert confidence[frame - 1] < 0.1
    assert confidence[-1] > 0.9


def test_after_a_jump_nothing_is_remembered_and_the_tempo_is_kept(pitch_agent, melody):
    heard = pitch_agent.play(melody, 0, 40) + pitch_agent.play(melody, 200, 250)
    seen = []

    class Watched(type(pitch_agent)):
        def decide(self, view, embedding, *, speed_px, memory):
            seen.append((float(memory[0, 0]), float(speed_px[0])))
            return super().decide(view, embedding, speed_px=speed_px, memory=memory)

    _, ((frame, *_),), _ = follow(Watched(), melody, heard)
    assert seen[frame - 1][0] == frame - 1
    assert seen[frame][0] == frame, "before the jump it is asked where it was"
    assert seen[frame + 1] == (0.0, pytest.approx(4, abs=1))


def test_stays_where_it_is_without_leave_to_jump(pitch_agent, melody):
    heard = pitch_agent.play(melody, 0, 40) + pitch_agent.play(melody, 200, 250)
    positions, jumps, confidence = follow(pitch_agent, melody, heard, config=replace(CAREFUL, jump=False))
    assert not jumps
    assert np.all(np.diff(positions) <= 4)
    assert confidence[-1] < 0.1, "it knows, though"


def test_the_more_evidence_must_gather_the_later_it_jumps(pitch_agent, melody):
    heard = pitch_agent.play(melody, 0, 40) + pitch_agent.play(melody, 200, 250)
    frames = [
        [frame for frame, *_ in follow(pitch_agent, melody, heard, config=replace(CAREFUL, gathered=gathered))[1]]
        for gathered in (0.0, 2.0, 6.0, 1000.0)
    ]
    assert [len(jumps) for jumps in frames] == [1, 1, 1, 0]
    assert frames[0] < frames[1] < frames[2]


def test_evidence_that_counts_for_less_must_last(pitch_agent, melody):
    heard = pitch_agent.play(melody, 0, 40) + pitch_agent.play(melody, 200, 250)
    (soon, *_), *_ = follow(pitch_agent, melody, heard)[1]
    (late, *_), *_ = follow(pitch_agent, melody, heard, config=replace(CAREFUL, most=1.0))[1]
    assert late >= len(heard) - 100 + FRAME_RATE_HZ * CAREFUL.gathered / 1.0
    assert late > soon


def jumps_of(pursuit, embeddings, **settings):
    return [pursuit.step(embedding, **settings).jumped_from_px is not None for embedding in embeddings]


class Scripted:
    """A search that finds the music at some places, one after the other, and never where the agent is."""

    def __init__(self, *places_px):
        self.places_px = iter(places_px)

    def take(self, embedding, *, agent_px):
        pass

    def found(self):
        return Found(next(self.places_px), 4.0, probability=1.0)

    def probability_near(self, x_px):
        return 0.0


@pytest.mark.parametrize(
    ("places_px", "steady_px", "jumps"),
    [
        (np.arange(1000, 1160, 4.0), 64.0, True),  # one place that goes on
        (np.where(np.arange(40) % 10 < 5, 1000.0, 2000.0), 64.0, False),
        (np.where(np.arange(40) % 10 < 5, 1000.0, 2000.0), np.inf, True),
    ],
)
def test_a_search_that_wavers_between_places_is_not_believed(pitch_agent, melody, places_px, steady_px, jumps):
    config = replace(CAREFUL, gathered=5.0, most=10.0, steady_px=steady_px)
    pursuit = Pursuit(pitch_agent, pitch_agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=config)
    pursuit.search = Scripted(*places_px)
    assert any(jumps_of(pursuit, pitch_agent.play(melody, 0, 10))) == jumps


@pytest.mark.parametrize(
    ("caution", "first"),
    [
        (Caution(), 0),
        (Caution(times=2.0), 1),
        (Caution(most=10.0), 10),  # 10 a second up to 5
        (Caution(times=math.inf), None),
    ],
)
def test_caution_asks_for_more_evidence_or_forbids_a_jump(pitch_agent, melody, caution, first):
    config = replace(CAREFUL, gathered=0.5 if caution.most == math.inf else 5.0)
    pursuit = Pursuit(pitch_agent, pitch_agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=config)
    pursuit.search = Scripted(*np.arange(1000, 1160, 4.0))
    jumps = jumps_of(pursuit, pitch_agent.play(melody, 0, 10), caution=caution)
    assert any(jumps) == (first is not None)
    if first is not None:
        assert jumps.index(True) == pytest.approx(first, abs=1)


def test_caution_asks_for_a_steady_place(pitch_agent, melody):
    config = replace(CAREFUL, gathered=2.0)  # more than one frame can have
    pursuit = Pursuit(pitch_agent, pitch_agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=config)
    pursuit.search = Scripted(*np.where(np.arange(40) % 2, 1000.0, 2000.0))
    caution = Caution(steady_px=64.0)
    assert not any(jumps_of(pursuit, pitch_agent.play(melody, 0, 10), caution=caution))


@pytest.mark.parametrize("seed", range(5))
def test_played_straight_it_never_jumps(seed, pitch_agent):
    """Though every phrase is printed three times, and one note in ten is wrong."""
    rng = np.random.default_rng(seed)
    phrase = rng.integers(0, pitch_agent.pitches, COLUMNS // 3)
    melody = np.tile(phrase, 3)
    heard = pitch_agent.play(melody, 0, COLUMNS)
    for frame in np.flatnonzero(rng.random(len(heard)) < 0.1):
        heard[frame] = pitch_agent.sound(rng.integers(0, pitch_agent.pitches))
    positions, jumps, _ = follow(pitch_agent, melody, heard)
    assert not jumps
    assert positions[-1] > 8 * (COLUMNS - 5)


def test_finds_a_start_that_nobody_told(pitch_agent, melody):
    positions, jumps, _ = follow(pitch_agent, melody, pitch_agent.play(melody, 150, 190), known=False)
    assert len(jumps) == 1
    assert jumps[0][0] <= 30
    assert positions[-1] == pytest.approx(190 * 8, abs=50)


def test_silence_leads_nowhere(pitch_agent, melody):
    """Sound that fits nothing says nothing: the agent is left alone."""
    silence = [np.zeros((1, pitch_agent.pitches), np.float32)] * 200
    _, jumps, _ = follow(type(pitch_agent)(speed_px=0), melody, pitch_agent.play(melody, 0, 2) + silence)
    assert not jumps


def test_config_is_checked():
    with pytest.raises(ConfigError, match="sure from 0 to 1"):
        PursuitConfig(sure=1.1)
    with pytest.raises(ConfigError, match="gathered of 0 or more"):
        PursuitConfig(gathered=-0.1)
    with pytest.raises(ConfigError, match="steady_px and most above 0"):
        PursuitConfig(most=0.0)
    with pytest.raises(ConfigError, match="away_px above"):
        PursuitConfig(away_px=20)
