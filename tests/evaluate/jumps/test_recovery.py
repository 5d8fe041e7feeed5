"""Measures after jumps, worked out by hand on a performance that is written down."""

import json

import numpy as np
import pytest

from standpartner.demo.bundled import load_menuet
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import JumpPerformance, Passage
from standpartner.evaluate.jumps.recovery import evaluate_recovery, recoveries
from standpartner.evaluate.players.player import FollowedFrames
from standpartner.score import read_score


@pytest.fixture(scope="module")
def menuet():
    return read_score(load_menuet().score)


@pytest.fixture(scope="module")
def performance(menuet):
    """Ten onsets from the start, one every half second, then 20 from the fifth system on."""
    fifth = int(np.flatnonzero(menuet.onsets.system == 4)[0])
    passages = (Passage(0, 9), Passage(fifth, fifth + 19))
    order = np.concatenate([np.arange(10), fifth + np.arange(20)])
    return JumpPerformance(
        "menuet", menuet, passages, order, 1.0 + 0.5 * np.arange(30), np.zeros((320, 78), np.float32)
    )


def followed(performance, *, late_frames, jumped=()):
    """On the truth, but after the jump so many frames at the place that was left."""
    frames = np.arange(performance.onset_frames[0], performance.onset_frames[-1] + 1)
    position = performance.targets_at(frames)
    jump = performance.onset_frames[10] - frames[0]
    position[jump : jump + late_frames] = position[jump - 1]
    did = np.zeros(len(frames), bool)
    did[[jump + number for number in jumped]] = True
    believed = np.ones(len(frames))
    return FollowedFrames(position, believed, believed, did)


@pytest.mark.parametrize(("late", "within_1", "within_2"), [(0, 1, 1), (20, 1, 1), (21, 0, 1), (40, 0, 1), (41, 0, 0)])
def test_latency(late, within_1, within_2, performance):
    report = evaluate_recovery([performance], [followed(performance, late_frames=late)])
    assert report["latency_s_median"] == report["latency_s_mean"] == late / 20
    assert (report["within_1_s"], report["within_2_s"]) == (within_1, within_2)
    assert (report["jumps"], report["jumps_elsewhere"], report["elsewhere_within_2_s"]) == (1, 1, within_2)


def test_never_back(performance):
    (recovery,) = recoveries(performance, followed(performance, late_frames=1000))
    assert recovery.latency_s == float("inf")
    assert recovery.lasted_s == pytest.approx(9.55)
    report = evaluate_recovery([performance], [followed(performance, late_frames=1000)])
    assert report["latency_s_median"] is None
    assert report["latency_s_mean"] == pytest.approx(9.55)
    assert report["tracked_1_s"] == report["tracked_all_1_s"] == 0.0


def test_jumps_within_a_system_alone_make_a_report_without_numbers_for_others(menuet):
    order = np.array([*range(10), *range(20)])
    within = JumpPerformance(
        "menuet", menuet, (Passage(0, 9), Passage(0, 19)), order, 1.0 + 0.5 * np.arange(30), np.zeros((320, 78))
    )
    report = evaluate_recovery([within], [followed(within, late_frames=0)])
    assert (report["jumps_elsewhere"], report["elsewhere_within_1_s"]) == (0, None)
    assert report["intervals"]["elsewhere_within_1_s"] is None
    assert report["intervals"]["within_1_s"] == (1.0, 1.0)
    json.dumps(report, allow_nan=False)


def test_passing_through_the_right_system_is_not_being_back(performance):
    follows = followed(performance, late_frames=60)
    jump = performance.onset_frames[10] - performance.onset_frames[0]
    there = performance.targets_at(performance.onset_frames[10:11])[0]
    follows.position_px[jump + 5 : jump + 14] = there
    (recovery,) = recoveries(performance, follows)
    assert recovery.latency_s == 3.0


def test_tracking_counts_onsets(performance):
    """Late by 3.2 s: the onsets up to 3 s after the jump are missed, 7 of 20; of the 16 from 2 s on, 3."""
    report = evaluate_recovery([performance], [followed(performance, late_frames=64)])
    assert report["tracked_all_1_s"] == pytest.approx(13 / 20)
    assert report["tracked_1_s"] == pytest.approx(13 / 16)


def test_wrong_jumps_are_counted(performance):
    good = evaluate_recovery([performance], [followed(performance, late_frames=15, jumped=[15])])
    assert (good["jumps_of_follower"], good["wrong_jumps"]) == (1, 0)
    needless = evaluate_recovery([performance], [followed(performance, late_frames=15, jumped=[15, 60])])
    assert (needless["jumps_of_follower"], needless["wrong_jumps"]) == (2, 1)
    astray = evaluate_recovery([performance], [followed(performance, late_frames=15, jumped=[10])])
    assert astray["wrong_jumps"] == 1


def test_intervals_are_over_pieces(performance):
    results = [followed(performance, late_frames=late) for late in (0, 0, 0, 100)]
    report = evaluate_recovery([performance] * 4, results)
    low, high = report["intervals"]["within_1_s"]
    assert low < 0.75 < high
    assert report["within_1_s"] == 0.75
    assert report["rows"][3] == {"name": "menuet", "latency_s": [5.0]}


def test_results_must_fit(performance):
    with pytest.raises(ConfigError, match="expected a result for each"):
        evaluate_recovery([performance], [])
