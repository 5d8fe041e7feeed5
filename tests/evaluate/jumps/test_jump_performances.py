"""Performances with jumps: what is planned, and that the truth about them is true."""

from itertools import pairwise

import numpy as np
import pytest

from standpartner.demo.bundled import load_menuet
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import JumpsConfig, Passage, perform_passages, plan_passages
from standpartner.evaluate.jumps.repeats import annotated_repeats, ordered_passages, signed_passages
from standpartner.perform import PerformanceStyle, soundfonts
from standpartner.score import read_score


@pytest.fixture(scope="module")
def menuet():
    return read_score(load_menuet().score)


@pytest.fixture(scope="module")
def style():
    if not soundfonts():
        pytest.skip('no soundfont; install one with: pip install "standpartner[synth]"')
    return PerformanceStyle(soundfonts=(next(iter(soundfonts())),), lead_silence_range_s=(0.3, 0.3))


@pytest.mark.parametrize("seed", range(20))
def test_random_jumps_lead_to_bars_of_other_systems(seed, menuet):
    plan = plan_passages("random", menuet, seed=seed)
    onsets, config = menuet.onsets, JumpsConfig()
    assert len(plan) == config.jumps + 1
    assert plan[0].first == 0
    for before, after in pairwise(plan):
        assert onsets.time_s[before.last] - onsets.time_s[before.first] <= config.longest_s
        assert onsets.system[after.first] not in onsets.system[before.last : before.last + 2]
        assert onsets.measure[after.first] != onsets.measure[after.first - 1], "a bar begins there"
        assert onsets.time_s[-1] - onsets.time_s[after.first] >= config.shortest_s
    assert plan == plan_passages("random", menuet, seed=seed)
    assert any(plan != plan_passages("random", menuet, seed=other) for other in range(20))


def test_sections_are_played_twice(menuet):
    plan = plan_passages("sections", menuet, seed=0)
    bars = [(menuet.onsets.measure[p.first], menuet.onsets.measure[p.last]) for p in plan]
    assert bars == [(0, 7), (0, 15), (8, 23), (16, 47)]


def test_no_jump_where_there_is_no_room(tiny_pieces):
    score, short = tiny_pieces[0].score, float(np.ptp(tiny_pieces[0].score.onsets.time_s))
    assert plan_passages("random", score, seed=0)
    assert plan_passages("random", score, seed=0, config=JumpsConfig(shortest_s=short + 1, longest_s=short + 2)) == []
    with pytest.raises(ConfigError, match="no jumps of kind 'high'; expected one of random, sections"):
        plan_passages("high", tiny_pieces[0].score, seed=0)


def test_the_truth_is_where_notes_sound(menuet, style):
    """Every onset is heard when the truth says so, in the order of the passages, and the right notes are."""
    passages = [Passage(20, 39), Passage(100, 119), Passage(0, 9)]
    performance = perform_passages(menuet, passages, style=style, seed=3, name="menuet")
    assert list(performance.onset) == [*range(20, 40), *range(100, 120), *range(10)]
    assert list(performance.starts) == [0, 20, 40]
    assert np.all(np.diff(performance.onset_s) > 0)
    energy = performance.spectrogram.sum(axis=1)
    first, last = performance.onset_frames[[0, -1]]
    assert energy[: first - 3].max(initial=0.0) < 0.2 * energy[first : last + 1].max(), "silence before the first onset"
    targets = performance.targets_at(performance.onset_frames)
    exact = performance.score.onsets.x_px[performance.onset]
    gap = np.gradient(exact)
    assert np.all(np.abs(targets - exact)[[0, 20, 40]] < 0.5 * np.abs(gap).max())
    rounding = np.abs(performance.onset_frames / 20 - performance.onset_s).max()
    assert rounding <= 0.0251
    assert np.corrcoef(targets, exact)[0, 1] > 0.9999


def test_the_pulse_goes_on_through_a_jump(menuet):
    """Mechanically played, the onset after a jump comes when the one that was left out would have come."""
    style = PerformanceStyle.mechanical()
    if style.soundfonts[0] not in soundfonts():
        pytest.skip('no soundfont; install one with: pip install "standpartner[synth]"')
    performance = perform_passages(menuet, [Passage(0, 23), Passage(64, 80)], style=style, seed=0, name="menuet")
    time_s = menuet.onsets.time_s
    played = performance.onset_s - performance.onset_s[0]
    assert played[:24] == pytest.approx(time_s[:24] - time_s[0], abs=1e-6)
    assert played[24] == pytest.approx(time_s[24] - time_s[0], abs=1e-6)
    assert played[24:] - played[24] == pytest.approx(time_s[64:81] - time_s[64], abs=1e-6)


def test_the_target_is_that_of_the_passage_that_sounds(menuet, style):
    performance = perform_passages(menuet, [Passage(0, 30), Passage(0, 30)], style=style, seed=1, name="menuet")
    first, again, last = performance.onset_frames[[0, 31, -1]]
    frames = np.arange(first, last + 1)
    targets = performance.targets_at(frames)
    backwards = np.flatnonzero(np.diff(targets) < 0)
    assert list(frames[backwards + 1]) == [again]
    assert targets[backwards[0]] == menuet.onsets.x_px[30], "it waits at the last onset"
    np.testing.assert_array_equal(performance.track().targets_at(frames), targets)


def test_passages_are_checked(menuet, style):
    with pytest.raises(ConfigError, match="expected passages within the"):
        perform_passages(menuet, [Passage(5, 10_000)], style=style, seed=0, name="menuet")
    with pytest.raises(ConfigError, match="1 or more jumps"):
        JumpsConfig(jumps=0)


def test_annotated_repeats_become_passages(menuet):
    plan = ordered_passages(menuet, 48, order=((0, 7), (0, 6), (8, 15), (16, 23), (16, 47)))
    measure = menuet.onsets.measure
    assert [(measure[p.first], measure[p.last]) for p in plan] == [(0, 7), (0, 6), (8, 23), (16, 47)]
    assert ordered_passages(menuet, 47, order=((0, 7), (0, 7))) == [], "of another edition"


def test_msmd_is_annotated():
    repeats = annotated_repeats("msmd")
    assert repeats["SatieE__gymnopedie_1__gymnopedie_1"] == (47, ((0, 38), (0, 30), (39, 46)))
    assert all(0 <= first <= last < bars for bars, order in repeats.values() for first, last in order)
    with pytest.raises(ConfigError, match="the repeats of mutopia are not annotated, only those of msmd"):
        annotated_repeats("mutopia")


ABC = "X:1\nM:4/4\nL:1/4\nK:C\n|: C D E F | G A B c :| G F E D |]\n"


def test_signs_are_taken_as_the_score_has_them(tmp_path, menuet):
    (tmp_path / "tune.abc").write_text(ABC)
    assert signed_passages(read_score(tmp_path / "tune.abc")) == [Passage(0, 7), Passage(0, 11)]
    assert signed_passages(menuet) == [], "it has no signs"
