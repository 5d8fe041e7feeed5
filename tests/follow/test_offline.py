"""Following a whole recording."""

import json

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_demo
from standpartner.errors import AudioError, OutputError
from standpartner.follow import (
    Follower,
    FollowerConfig,
    follow_audio,
    write_positions,
)
from standpartner.follow.pursuit import PursuitConfig
from standpartner.hear import read_audio
from standpartner.support.files import check_writable, write_text


@pytest.fixture(scope="module")
def recording():
    return read_audio(load_demo().recording)[: 10 * SAMPLE_RATE_HZ]


def test_summary(menuet, scripted, recording):
    told = []
    agent = scripted(lambda speed: 2 if speed < 4 else 1, music_px=4000.0)
    config = FollowerConfig(pursuit=PursuitConfig(jump=False))
    following = follow_audio(Follower(menuet, agent, config=config), recording, progress=told.append)
    assert following.duration_s == 10.0
    assert following.started_s == pytest.approx(load_demo().onset_s[0], abs=0.06)
    assert following.followed_s == following.duration_s - following.started_s
    assert following.last_measure == following.positions[-1].measure > 4
    assert not following.finished
    assert 0.5 < following.lost_share < 0.9
    assert len(following.positions) == 200
    assert told == sorted(told)
    assert told[-1] == pytest.approx(10.0, abs=0.1)


def test_the_end_of_the_score(menuet, scripted, recording):
    following = follow_audio(Follower(menuet, scripted(2)), recording)
    assert following.finished
    assert following.last_measure == 48


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_silence(level, menuet, scripted):
    audio = np.full(SAMPLE_RATE_HZ, level, np.float32)
    with pytest.raises(AudioError, match=r"nothing to follow: quiet\.wav is silent throughout \(1\.0 s\)"):
        follow_audio(Follower(menuet, scripted()), audio, name="quiet.wav")


def test_noise(menuet, scripted):
    audio = np.random.default_rng(0).normal(0.0, 0.01, 3 * SAMPLE_RATE_HZ).astype(np.float32)
    with pytest.raises(AudioError, match="no first note was heard in the recording"):
        follow_audio(Follower(menuet, scripted()), audio)


def test_positions_as_json_lines(menuet, scripted, recording, tmp_path):
    following = follow_audio(Follower(menuet, scripted()), recording)
    path = tmp_path / "out.jsonl"
    write_positions(path, following.positions)
    lines = path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [position.to_json() for position in following.positions]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OutputError, match=r"cannot write .*out.txt: No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_full_disk():
    with pytest.raises(OutputError, match="No space left on device"):
        write_text("/dev/full", "x" * 10_000)


def test_unwritable_is_found_out_early(tmp_path):
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(tmp_path / "missing" / "out.json")
    check_writable(tmp_path / "out.json")
