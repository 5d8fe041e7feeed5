import json
from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import CM_PER_STRIP_PX
from standpartner.errors import ConfigError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import (
    bar_accuracy,
    error_cm,
    error_cm_as_published,
    evaluate_episodes,
    evaluate_runs,
    r_on,
    r_on_as_published,
    r_tue,
    r_tue_as_published,
    system_accuracy,
    within_s,
)


def episode(frames, error_px=0.0, *, name="piece", lost_frame=None, stop=False, px_per_frame=2.0):
    """Onsets at these frames on a straight line, predicted with this error (one or one per frame)."""
    frames = np.asarray(frames)
    end = lost_frame if stop else frames[-1]
    played = np.arange(frames[0], end + 1)
    position = 50 + px_per_frame * played + error_px
    return Episode(name, frames / 20, 50 + px_per_frame * frames, position, lost_frame)


def trap():
    """The published code's trap: lost at frame 18 with 3 of 111 onsets played, 11 within 40 frames after."""
    frames = [0, 8, 16, *range(22, 58, 5), *range(65, 65 + 7 * 100, 7)]
    assert len(frames) == 111
    return episode(frames, -200.0 * (np.arange(19) == 18), lost_frame=18, stop=True)


def test_perfect_following_is_perfect():
    report = evaluate_episodes([episode([5, 17, 60, 200]), episode([0, 9], name="other")])
    assert (report["pieces"], report["onsets"]) == (2, 6)
    for key in ("r_tue", "r_on", "r_tue_as_published", "r_on_as_published"):
        assert report[key] == 1.0
        assert report["intervals"][key] == (1.0, 1.0)
    assert report["error_cm_mean"] == report["error_cm_std"] == 0.0
    assert report["within_s"] == {"0.05": 1.0, "0.1": 1.0, "0.5": 1.0, "1": 1.0, "5": 1.0}


def test_perfect_following_of_onsets_between_frames_is_perfect():
    onset_s = np.array([0.513, 0.891, 1.412, 2.888])
    x_px = np.array([60.0, 80.0, 130.0, 150.0])
    frames = np.arange(10, 59)
    run = Episode("between", onset_s, x_px, np.interp(frames / 20, onset_s, x_px))
    assert within_s([run])["0.05"] == 1.0
    assert error_cm([run]) == (0.0, 0.0)


def test_strict_and_published_ratios_differ_as_in_the_trap():
    run = trap()
    assert r_on([run]) == pytest.approx(3 / 111)
    assert r_on_as_published([run]) == pytest.approx(11 / 111)
    assert r_tue([run]) == r_tue_as_published([run]) == 0


@pytest.mark.parametrize(("lost_frame", "strict", "published"), [(59, 2, 2), (60, 2, 3), (61, 2, 3), (100, 2, 3)])
def test_published_ratio_reaches_exactly_forty_frames_beyond(lost_frame, strict, published):
    run = episode([0, 50, 100], lost_frame=lost_frame, stop=True)
    assert r_on([run]) == pytest.approx(strict / 3)
    assert r_on_as_published([run]) == pytest.approx(published / 3)
    assert (r_tue([run]), r_tue_as_published([run])) == (0, float(published == 3))


@pytest.mark.parametrize(("lost_frame", "reached"), [(7, 1), (8, 1), (9, 2), (16, 2)])
def test_onset_at_the_lost_frame_is_not_reached(lost_frame, reached):
    run = episode([0, 8, 16], lost_frame=lost_frame, stop=True)
    assert r_on([run]) == pytest.approx(reached / 3)


def test_stopping_and_going_on_give_the_same_ratios():
    stopped, gone_on = trap(), trap()
    rest = np.full(int(stopped.onset_frames[-1]) - 18, 50.0)
    gone_on = Episode("piece", stopped.onset_s, stopped.onset_x_px, np.append(stopped.position_px, rest), 18)
    for measure in (r_tue, r_on, r_on_as_published, error_cm, error_cm_as_published):
        np.testing.assert_equal(measure([gone_on]), measure([stopped]))


def test_ratios_are_pooled_over_onsets():
    runs = [episode([0, 10]), episode(np.arange(0, 80, 10), name="long", lost_frame=15, stop=True)]
    assert r_on(runs) == pytest.approx((2 + 2) / 10)
    assert r_tue(runs) == 0.5


def test_cut_off_run_is_neither_lost_nor_followed():
    frames = np.arange(0, 101, 10)
    whole = episode(frames)
    cut = Episode("cut", whole.onset_s, whole.onset_x_px, whole.position_px[:45])
    assert r_tue([cut]) == 0
    assert r_on([cut]) == pytest.approx(5 / 11)
    assert r_on_as_published([cut]) == pytest.approx(9 / 11)
    assert evaluate_episodes([cut])["within_s"] is None


def test_errors_by_hand():
    error_px = np.zeros(31)
    error_px[[0, 10, 20, 30]] = [0, -10, 20, 30]
    error_px[[5, 15]] = 100  # between onsets: not looked at
    mean, std = error_cm([episode([0, 10, 20, 30], error_px)])
    assert mean == pytest.approx(15 * CM_PER_STRIP_PX)
    assert std == pytest.approx(np.std([0, 10, 20, 30]) * CM_PER_STRIP_PX)


def test_errors_stop_before_the_lost_frame_and_pool_over_pieces():
    lost = episode([0, 10, 20], 8.0, lost_frame=20, stop=True)
    other = episode([0, 10, 20, 30], 2.0, name="other")
    mean, _ = error_cm([lost, other])
    assert mean == pytest.approx((2 * 8 + 4 * 2) / 6 * CM_PER_STRIP_PX)


def test_onsets_in_one_frame_count_once_for_errors_but_each_for_ratios():
    position = np.arange(21.0)
    position[10] += 3
    run = Episode("trill", np.array([0.0, 0.5, 0.51, 1.0]), np.array([0.0, 10, 10, 20]), position, 20)
    assert r_on([run]) == pytest.approx(3 / 4)
    assert error_cm([run])[0] == pytest.approx((0 + 3) / 2 * CM_PER_STRIP_PX)


def test_published_errors_are_sampled_forty_frames_early():
    error_px = np.arange(101.0)  # at frame f the error is f px
    run = episode([0, 40, 41, 90, 100], error_px)
    mean, _ = error_cm_as_published([run])
    # frames 40 and before are never sampled; 41, 90, 100 are sampled at 1, 50, 60
    assert mean == pytest.approx((1 + 50 + 60) / 3 * CM_PER_STRIP_PX)
    lost = episode([0, 40, 41, 90, 100], error_px[:51], lost_frame=50, stop=True)
    assert error_cm_as_published([lost])[0] == pytest.approx((1 + 50) / 2 * CM_PER_STRIP_PX)


def test_no_sample_at_all_is_nan_and_none():
    run = episode([0, 10])
    assert np.isnan(error_cm_as_published([run])).all()
    report = evaluate_episodes([run])
    assert report["error_cm_mean_as_published"] is None
    assert report["intervals"]["error_cm_mean_as_published"] is None


@pytest.mark.parametrize(
    ("error_frames", "expected"),
    [(1, [1, 1, 1, 1, 1]), (2, [0, 1, 1, 1, 1]), (-10, [0, 0, 1, 1, 1]), (11, [0, 0, 0, 1, 1]), (99, [0, 0, 0, 0, 1])],
)
def test_within_s_by_hand(error_frames, expected):
    frames = np.arange(0, 1001, 100)
    error_px = np.full(1001, 2.0 * error_frames)
    shares = within_s([episode(frames, error_px)])
    # an error past an end is clamped to that end's onset, which is then located exactly
    clamped = 1 / 11
    assert list(shares) == ["0.05", "0.1", "0.5", "1", "5"]
    np.testing.assert_allclose(list(shares.values()), [1.0 if e else clamped for e in expected])


def test_within_s_uses_the_local_tempo():
    # 1 px a frame in the first half, 10 px a frame in the second: 15 px are 0.75 s, then 0.075 s
    onset_s, x_px = np.array([0.0, 2.5, 5.0, 7.5, 10.0]), np.array([0.0, 50.0, 100.0, 600.0, 1100.0])
    position = np.interp(np.arange(201) / 20, onset_s, x_px) - 15
    shares = within_s([Episode("tempo", onset_s, x_px, position)])
    assert shares["0.05"] == pytest.approx(1 / 5)  # the first onset: clamped
    assert shares["0.1"] == pytest.approx(3 / 5)
    assert shares["1"] == 1.0


def test_within_s_does_not_blame_for_an_onset_after_its_frame():
    # the first onset is at 0.524 s, its frame at 0.5 s: a prediction of 0.564 s is 0.04 s off
    onset_s, x_px = np.array([0.524, 1.524]), np.array([0.0, 100.0])
    position = np.full(21, 100.0)
    position[0] = 4.0
    assert within_s([Episode("late", onset_s, x_px, position)])["0.05"] == 1.0


def test_within_s_needs_runs_that_go_on():
    with pytest.raises(ConfigError, match="stop_when_lost=False"):
        within_s([trap()])
    assert evaluate_episodes([trap()])["within_s"] is None


def placed(run, systems=None, bars=None):
    return replace(run, system_left_px=systems, bar_left_px=bars)


def test_place_accuracy_by_hand():
    run = episode([0, 10, 20, 30], [4.0] * 31)  # onsets at 50, 70, 90, 110, predicted at 54, 74, 94, 114
    run = placed(run, systems=[0.0, 60.0, 93.0], bars=[0.0, 93.0, 112.0])
    assert system_accuracy([run]) == pytest.approx(3 / 4)  # 90 is in the second system, 94 in the third
    assert bar_accuracy([run]) == pytest.approx(2 / 4)
    assert system_accuracy([placed(run, systems=[0.0])]) == 1.0
    report = evaluate_episodes([run, placed(episode([0, 10], name="other"), systems=[0.0], bars=[0.0])])
    assert report["system_accuracy"] == pytest.approx(5 / 6)
    assert report["bar_accuracy"] == pytest.approx(4 / 6)
    assert report["intervals"]["system_accuracy"] == pytest.approx((3 / 4, 1.0))
    assert [row["bar_accuracy"] for row in report["rows"]] == [0.5, 1.0]


def test_a_system_that_is_right_a_second_earlier_or_later_counts():
    far = np.where(np.arange(101) < 50, 0.0, -60.0)  # from frame 50 on 60 px, or 30 frames, behind
    run = placed(episode([0, 40, 60, 80, 100], far), systems=[0.0, 115.0, 131.0, 195.0])
    # onsets at 50, 130, 170, 210, 250 px in systems 0, 1, 2, 3, 3; predicted at 50, 130, 110, 150, 190
    assert system_accuracy([run]) == pytest.approx(2 / 5)
    # a second, 20 frames, is 40 px: from 130 on no system of 110, from 170 on that of 150, from 210 on not that of 190
    report = evaluate_episodes([run, placed(episode([0, 10], name="other"), systems=[0.0])])
    assert report["rows"][0]["system_within_1_s"] == pytest.approx(3 / 5)
    assert report["by_piece"]["system_within_1_s"] == {"mean": 0.8, "worst": 0.6, "worst_piece": "piece"}
    assert "bar_accuracy" not in report["by_piece"]


def test_a_jump_is_false_where_it_leads_away_or_to_a_wrong_place():
    error_px = np.zeros(1000)
    error_px[100:200] = 500.0  # a jump away, and one back
    error_px[300:400] = 900.0  # as far away, by no jump
    error_px[400:500] = -900.0  # from one wrong place to another
    jumped = np.isin(np.arange(1000), (100, 200, 400))
    run = replace(episode([0, 999], error_px), jumped=jumped)
    report = evaluate_episodes([run])
    assert report["false_jumps_per_hour"] == pytest.approx(2 / (50 / 3600))
    assert report["by_piece"]["false_jumps_per_hour"]["worst_piece"] == "piece"
    assert evaluate_episodes([episode([0, 10])])["false_jumps_per_hour"] is None
    with pytest.raises(ConfigError, match="jumped must be"):
        replace(run, jumped=jumped[1:])


def test_right_places_count_while_lost_too():
    run = placed(episode([0, 10, 20], [0.0] * 5 + [40.0] * 6 + [0.0] * 10, lost_frame=5), systems=[0.0, 100.0])
    assert r_on([run]) == pytest.approx(1 / 3)
    assert system_accuracy([run]) == pytest.approx(2 / 3)


def test_perfect_following_is_in_the_right_place_at_the_edges_too():
    run = episode([0, 10, 20])
    run = placed(run, systems=run.onset_x_px, bars=run.onset_x_px)
    assert system_accuracy([run]) == bar_accuracy([run]) == 1.0


def test_places_that_are_not_known_are_refused_or_none():
    known = placed(episode([0, 10]), systems=[0.0], bars=[0.0])
    with pytest.raises(ConfigError, match="does not know its systems; give it system_left_px"):
        system_accuracy([known, episode([0, 10], name="other")])
    with pytest.raises(ConfigError, match="stop_when_lost=False"):
        bar_accuracy([placed(trap(), bars=[0.0])])
    report = evaluate_episodes([known, placed(episode([0, 10], name="other"), systems=[0.0])])
    assert (report["system_accuracy"], report["bar_accuracy"]) == (1.0, None)
    assert report["intervals"]["bar_accuracy"] is None
    assert evaluate_episodes([placed(trap(), systems=[0.0], bars=[0.0])])["system_accuracy"] is None


def test_performances_of_a_piece_are_resampled_together():
    good = [episode([0, 10], name=f"good/{k}") for k in range(8)]
    bad = [episode([0, 10], name=f"bad/{k}", lost_frame=5) for k in range(8)]
    report = evaluate_episodes(good + bad)
    assert (report["pieces"], report["performances"], report["onsets"]) == (2, 16, 32)
    assert report["r_tue"] == 0.5
    assert report["intervals"]["r_tue"] == (0.0, 1.0)
    apart = [replace(run, name=run.name.replace("/", "-")) for run in good + bad]
    assert evaluate_episodes(apart)["intervals"]["r_tue"] == pytest.approx((0.25, 0.75), abs=0.07)


def test_intervals_hold_the_value_and_repeat_with_their_seed():
    rng = np.random.default_rng(0)
    runs = [
        episode([0, 10, 20, 30, 40], rng.normal(0, 9, 41), name=str(k), lost_frame=25 if k % 3 == 0 else None)
        for k in range(30)
    ]
    report, again, other = evaluate_episodes(runs), evaluate_episodes(runs), evaluate_episodes(runs, 1)
    assert report == again
    assert report["intervals"] != other["intervals"]
    for key in ("r_tue", "r_on", "error_cm_mean", "error_cm_std"):
        low, high = report["intervals"][key]
        assert low < report[key] < high
    low, high = report["intervals"]["within_s"]["0.1"]
    assert low < report["within_s"]["0.1"] < high
    # 20 of 30 followed: the binomial's own 95 % interval is about two thirds -+ 0.17
    assert report["intervals"]["r_tue"] == pytest.approx((0.50, 0.83), abs=0.04)


def test_rows_are_the_pieces_own_measures_and_all_is_json():
    runs = [episode([0, 10, 20], 3.0, name="a"), episode([0, 10], name="b", lost_frame=5, stop=True)]
    report = evaluate_episodes(runs)
    assert [row["name"] for row in report["rows"]] == ["a", "b"]
    for row, run in zip(report["rows"], runs, strict=True):
        alone = evaluate_episodes([run])
        assert row == {"name": run.name, "onsets": alone["onsets"]} | {
            key: alone[key] for key in row if key not in ("name", "onsets")
        }
        assert {"r_on", "r_tue", "error_cm_mean", "within_s"} <= set(row)
    assert json.loads(json.dumps(report, allow_nan=False))["rows"][1]["r_on"] == 0.5


def test_repeated_runs_pool_and_spread():
    good = [episode([0, 10, 20, 30], name="a"), episode([0, 10], name="b")]
    bad = [episode([0, 10, 20, 30], name="a", lost_frame=15), episode([0, 10], name="b")]
    report = evaluate_runs([good, bad, bad])
    assert (report["runs"], report["pieces"], report["onsets"]) == (3, 2, 6)
    assert report["r_tue"] == pytest.approx(4 / 6)
    assert report["r_on"] == pytest.approx((6 + 4 + 4) / 18)
    assert [run["r_on"] for run in report["per_run"]] == pytest.approx([1, 4 / 6, 4 / 6])
    assert report["spread"]["r_on"] == pytest.approx(np.std([1, 4 / 6, 4 / 6], ddof=1))
    assert report["spread"]["within_s"]["1"] == 0
    assert report["rows"][0]["r_on"] == pytest.approx((4 + 2 + 2) / 12)
    once = evaluate_runs([good])
    assert once["r_on"] == evaluate_episodes(good)["r_on"]
    assert once["spread"]["r_on"] is None


@pytest.mark.parametrize(
    "measure", [r_tue, r_on, r_on_as_published, error_cm, within_s, system_accuracy, bar_accuracy, evaluate_episodes]
)
def test_no_episode_is_refused(measure):
    with pytest.raises(ConfigError, match="at least one episode"):
        measure([])


def test_runs_over_different_pieces_are_refused():
    a, b = episode([0, 10], name="a"), episode([0, 10], name="b")
    with pytest.raises(ConfigError, match="twice"):
        evaluate_episodes([a, a])
    with pytest.raises(ConfigError, match="same pieces"):
        evaluate_runs([[a], [b]])
    with pytest.raises(ConfigError, match="same pieces"):
        evaluate_runs([[a], [episode([0, 5, 10], name="a")]])
    with pytest.raises(ConfigError, match="at least one episode"):
        evaluate_runs([])
    with pytest.raises(ConfigError, match="at least one episode"):
        evaluate_runs([[a], []])
