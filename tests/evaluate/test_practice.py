"""Performances of someone who practises, and how a follower is measured on them."""

from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.evaluate.practice import (
    NOISE_S,
    SCENARIOS,
    STOP_S,
    PracticeConfig,
    evaluate_practice,
    follow_practice,
    practise,
)
from standpartner.follow import Follower
from standpartner.perform import soundfonts
from tests.follow.conftest import ScriptedAgent

pytestmark = pytest.mark.skipif(not soundfonts(), reason='no soundfont: pip install "standpartner[synth]"')


@pytest.fixture(scope="module")
def played(menuet):
    return {scenario: practise(scenario, menuet, seed=3) for scenario in SCENARIOS}


def test_each_scenario_is_what_its_name_says(played, menuet):
    measure = menuet.onsets.measure
    straight = played["talk first"]
    assert straight.onset_s[0] > NOISE_S
    assert np.abs(straight.audio[: 22_050 * 29]).max() > 0.01
    stop = played["stop"]
    assert np.diff(stop.onset_s)[stop.goes_on - 1] > STOP_S
    quiet = slice(
        round((stop.onset_s[stop.goes_on] - STOP_S) * 22_050), round((stop.onset_s[stop.goes_on] - 1) * 22_050)
    )
    assert not stop.audio[quiet].any()
    for scenario, back in (("bar repeated", 1), ("restart", 6)):
        one = played[scenario]
        bars = measure[one.onset]
        assert bars[one.goes_on - 1] - bars[one.goes_on] == back - 1
        assert one.onset[one.goes_on - 1] >= one.onset[one.goes_on]
    later = played["begins at 40 %"]
    assert measure[later.onset[0]] == pytest.approx(0.4 * (measure.max() + 1), abs=1)
    assert later.onset[-1] == len(measure) - 1
    slow, usual = played["quarter speed"], played["restart"]
    assert np.median(np.diff(slow.onset_s)) > 2.5 * np.median(np.diff(usual.onset_s))


def test_the_same_seed_gives_the_same_performance(menuet, played):
    again = practise("restart", menuet, seed=3)
    assert np.array_equal(again.audio, played["restart"].audio)
    assert not np.array_equal(practise("restart", menuet, seed=4).onset_s, again.onset_s)


def test_a_follower_that_never_moves_waits_and_is_never_back(played, menuet):
    still = follow_practice(played["talk first"], Follower(menuet, ScriptedAgent(action=1)), scenario="talk first")
    assert (still["waits"], still["right bar"]) == (1.0, 0.0)
    still = follow_practice(played["restart"], Follower(menuet, ScriptedAgent(action=1)), scenario="restart")
    assert (still["back in 2 s"], still["back in 5 s"], "waits" in still) == (0.0, 0.0, False)


def test_a_mean_of_nothing_is_none(monkeypatch):
    rows = [("stop", {"waits": 1.0, "right bar": float("nan")}), ("stop", {"waits": 0.0, "right bar": float("nan")})]
    monkeypatch.setattr("standpartner.evaluate.practice._measured", lambda config, corpus: rows)
    report = evaluate_practice(PracticeConfig(), SimpleNamespace(title="tunes"))
    assert report["scenarios"] == {"stop": {"pieces": 2, "waits": 0.5, "right bar": None}}


def test_scenarios_that_cannot_be(menuet):
    with pytest.raises(ConfigError, match="no scenario 'sleep'"):
        practise("sleep", menuet, seed=0)
    assert practise("stop", menuet, seed=0, longest_s=5.0) is None
