"""Online time warping: from seconds of the score to the strip, and the library that gives them."""

import stat
from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import MissingExtraError, ToolError
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.evaluate.players.online_time_warping import (
    WarpJob,
    peers_python,
    positions_px,
    warp_episodes,
    warp_with_pymatchmaker,
)
from standpartner.game import ramp_track
from standpartner.game.rules import NOTTINGHAM, PIANO
from standpartner.perform import find_soundfont

SILENCE = np.zeros(10, np.float32)


def test_seconds_of_the_reference_become_strip_x():
    track = ramp_track(2.0, 60)  # 2 px a frame
    onset_s = 0.5 + 1.5 * np.arange(len(track.onset_x_px))
    frames = track.last_frame - track.first_frame + 1
    time_s = np.arange(0, frames / 20, 1 / 30)
    tempo = 1.5 / (track.onset_s[1] - track.onset_s[0])
    path = np.stack([time_s, onset_s[0] + tempo * time_s])
    found = positions_px(path, WarpJob(SILENCE, onset_s, SILENCE), track)
    late_px = track.targets[track.first_frame : track.last_frame + 1] - found
    assert found.shape == (frames,)
    # 30 answers a second: the last one at or before a frame is less than 2/3 of a frame old
    assert late_px.min() > -1e-3
    assert late_px.max() < 2 * 2 / 3 + 1e-3


def test_answers_hold_until_the_next_and_after_the_last():
    track = ramp_track(2.0, 60)
    x_px = track.onset_x_px
    job = WarpJob(SILENCE, np.arange(len(x_px), dtype=float), SILENCE)
    found = positions_px(np.array([[0.1, 0.2], [1.0, 0.5]]), job, track)
    np.testing.assert_allclose(found[:2], x_px[0])  # nothing said yet
    np.testing.assert_allclose(found[2:4], x_px[1])
    np.testing.assert_allclose(found[4:], (x_px[0] + x_px[1]) / 2)
    np.testing.assert_allclose(positions_px(np.zeros((2, 0)), job, track), x_px[0])
    beyond = positions_px(np.array([[0.0], [1e6]]), job, track)
    np.testing.assert_allclose(beyond, x_px[-1])


@pytest.mark.needs("synthesiser", "timgm6mb")
def test_a_perfect_warp_follows_perfectly_and_a_deaf_one_is_lost(tiny_pieces):
    jobs_seen = []

    def perfect(jobs):
        jobs_seen.extend(jobs)
        paths = []
        for job, performance in zip(jobs, [p for piece in tiny_pieces for p in piece.performances], strict=True):
            start_s = np.floor(performance.onset_s[0] * 20 + 0.5) / 20
            time_s = np.arange(0, performance.onset_s[-1] - start_s + 0.1, 0.01)
            paths.append(np.stack([time_s, np.interp(start_s + time_s, performance.onset_s, job.reference_onset_s)]))
        return paths

    episodes = warp_episodes(tiny_pieces, game=NOTTINGHAM, warp=perfect)
    report = evaluate_episodes(episodes)
    assert (report["r_tue"], report["r_on"], report["pieces"]) == (1.0, 1.0, 2)
    assert report["error_cm_mean"] < 0.03
    assert [episode.name for episode in episodes][:2] == ["tune-0/p0", "tune-0/p1"]
    for job, piece in zip(jobs_seen, [piece for piece in tiny_pieces for _ in range(2)], strict=True):
        assert len(job.reference_onset_s) == len(piece.score.onsets)
        assert len(job.reference) == round((job.reference_onset_s[-1] + 0.1) * SAMPLE_RATE_HZ)
        assert np.abs(job.performance[: SAMPLE_RATE_HZ // 10]).max() > 1e-3  # it starts with the music
    asleep = warp_episodes(tiny_pieces, game=NOTTINGHAM, warp=lambda jobs: [np.zeros((2, 1)) for _ in jobs])
    assert evaluate_episodes(asleep)["r_tue"] == 0.0
    assert all(episode.lost_frame is not None for episode in asleep)


@pytest.mark.needs("synthesiser", "timgm6mb")
def test_a_passage_is_compared_with_that_passage_of_the_score(tiny_pieces):
    piece = tiny_pieces[0]
    first, again, played = 12, 4, piece.performances[0]
    order = np.array([*range(first), *range(again, len(played.onset_s))])
    onset_s = played.onset_s[0] + 0.3 * np.arange(len(order))
    sound = np.zeros((int(20 * onset_s[-1]) + 20, 78), np.float32)
    repeating = replace(played, onset_s=onset_s, order=order, spectrogram=sound)
    piece = replace(piece, performances=(repeating,))

    def perfect(jobs):
        paths = []
        for job, (_, track) in zip(jobs, piece.tracks_of(repeating), strict=True):
            time_s = np.arange(0, track.onset_s[-1] - track.first_frame / 20 + 0.1, 0.01)
            reference_s = np.interp(track.first_frame / 20 + time_s, track.onset_s, job.reference_onset_s)
            paths.append(np.stack([time_s, reference_s]))
            assert len(job.reference) == round((job.reference_onset_s[-1] + 0.1) * SAMPLE_RATE_HZ)
            assert np.abs(job.reference[: round(job.reference_onset_s[0] * SAMPLE_RATE_HZ) + 2000]).max() > 1e-3
        return paths

    episodes = warp_episodes([piece], game=NOTTINGHAM, warp=perfect)
    assert [episode.name for episode in episodes] == ["tune-0/p0", "tune-0/p0/2"]
    report = evaluate_episodes(episodes)
    assert report["r_on"] == 1.0
    assert report["error_cm_mean"] < 0.03


def python_that(tmp_path, monkeypatch, script):
    """A stand-in for the Python that has pymatchmaker."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("STANDPARTNER_PEERS_PYTHON", str(path))


def test_a_missing_environment_is_one_sentence_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setenv("STANDPARTNER_PEERS_PYTHON", str(tmp_path / "none"))
    with pytest.raises(MissingExtraError, match="pymatchmaker is not installed; install it with: make peers"):
        warp_with_pymatchmaker([])


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'ModuleNotFoundError: no matchmaker' >&2; exit 1", "no matchmaker; make it anew"),
        ("exit 3", "exit code 3"),
    ],
)
def test_what_goes_wrong_there_is_said(monkeypatch, tmp_path, script, said):
    python_that(tmp_path, monkeypatch, script)
    with pytest.raises(ToolError, match=said):
        warp_with_pymatchmaker([WarpJob(SILENCE, np.zeros(1), SILENCE)])


def test_a_python_that_cannot_be_run_is_said(monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("not a program")
    monkeypatch.setenv("STANDPARTNER_PEERS_PYTHON", str(broken))
    with pytest.raises(ToolError, match="cannot be run"):
        warp_with_pymatchmaker([WarpJob(SILENCE, np.zeros(1), SILENCE)])


@pytest.fixture
def peers():
    """The real library."""
    try:
        return peers_python()
    except MissingExtraError as missing:
        pytest.skip(str(missing))


@pytest.mark.needs("synthesiser", "timgm6mb")
def test_pymatchmaker_follows_real_tunes(tiny_pieces, peers):
    assert find_soundfont("timgm6mb")
    report = evaluate_episodes(warp_episodes(tiny_pieces, game=PIANO))
    assert report["r_on"] > 0.9
    assert report["within_s"]["0.5"] > 0.9
