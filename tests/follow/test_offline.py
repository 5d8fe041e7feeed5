"""Following a whole recording."""

import json
import weakref
from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.errors import AudioError, OutputError
from standpartner.follow import (
    Follower,
    FollowerConfig,
    Following,
    PositionRecord,
    follow_audio,
    write_positions,
)
from standpartner.follow.position import FramePosition, place_all
from standpartner.follow.pursuit import PursuitConfig
from standpartner.hear import ArraySource, read_audio
from standpartner.support.files import check_writable, write_text


@pytest.fixture(scope="module")
def recording():
    return read_audio(load_menuet().recording)[: 10 * SAMPLE_RATE_HZ]


def test_summary(menuet, scripted, recording):
    told = []
    agent = scripted(lambda speed: 2 if speed < 4 else 1, music_px=4000.0)
    config = FollowerConfig(pursuit=PursuitConfig(jump=False), proved_after_s=0.0)
    following = follow_audio(Follower(menuet, agent, config=config), ArraySource(recording), progress=told.append)
    assert following.duration_s == 10.0
    assert following.started_s == pytest.approx(load_menuet().onset_s[0], abs=0.06)
    assert following.followed_s == following.duration_s - following.started_s
    assert not following.finished
    assert 0.5 < following.lost_share < 0.9
    assert [position.time_s for position in following.positions] == [frame / 20 for frame in range(200)]
    assert told == [float(second) for second in range(1, 11)]


def test_the_end_of_the_score(menuet, scripted, recording):
    agent = scripted(2, music_px=menuet.end_px)
    config = FollowerConfig(proved_after_s=0.0)
    following = follow_audio(Follower(menuet, agent, config=config), ArraySource(recording))
    assert following.finished
    assert following.last_measure == 48


def made_following(menuet, stretches):
    """A following made of stretches: seconds, x from and to, lost; each but the first is jumped to."""
    frames = []
    for length_s, from_px, to_px, lost in stretches:
        x_px = np.linspace(from_px, to_px, round(20 * length_s))
        jumped = [None if k or not frames else 0.0 for k in range(len(x_px))]
        first = len(frames)
        frames += [FramePosition(first + k, x, 0.5, lost, jumped[k]) for k, x in enumerate(x_px)]
    return Following(PositionRecord(menuet, place_all(menuet, frames)), len(frames) / 20, 0, finished=False)


@pytest.mark.parametrize(
    "false_jump", [(0.5, 4500.0, 4600.0, False), (1.9, 4500.0, 4600.0, False), (10.0, 4500.0, 4600.0, True)]
)
def test_a_false_jump_is_not_the_last_measure(false_jump, menuet):
    there = menuet.measure_number(int(menuet.place(1500.0).measure))
    before, after = (8.0, 100.0, 1000.0, False), (8.0, 1010.0, 1500.0, False)
    assert made_following(menuet, [before, after]).last_measure == there
    assert made_following(menuet, [before, false_jump, after]).last_measure == there
    assert made_following(menuet, [before, after, false_jump]).last_measure == there


def test_a_recording_that_is_mostly_lost_does_not_seem_to_be_of_the_score(menuet):
    assert not made_following(menuet, [(8.0, 100.0, 900.0, False), (3.0, 900.0, 1000.0, True)]).seems_foreign
    assert made_following(menuet, [(8.0, 100.0, 900.0, False), (4.0, 900.0, 1000.0, True)]).seems_foreign
    assert replace(made_following(menuet, [(8.0, 100.0, 900.0, False)]), proved=False).seems_foreign


def test_the_last_measure_is_where_it_was_followed_last_not_furthest(menuet):
    da_capo = made_following(menuet, [(8.0, 100.0, 4000.0, False), (8.0, 70.0, 800.0, False)])
    assert da_capo.last_measure == menuet.measure_number(int(menuet.place(800.0).measure)) < 10
    assert made_following(menuet, [(8.0, 100.0, 900.0, True)]).last_measure is None


def test_the_sound_is_not_kept(menuet, scripted):
    class Watched(ArraySource):
        def __iter__(self):
            given = []
            for chunk in super().__iter__():
                own = chunk.copy()
                given.append(weakref.ref(own))
                yield own
                assert sum(kept() is not None for kept in given) <= 2

    audio = np.random.default_rng(0).normal(0.0, 0.1, 30 * SAMPLE_RATE_HZ)
    follow_audio(Follower(menuet, scripted(), config=FollowerConfig(wait=False)), Watched(audio))


def test_no_sound_at_all(menuet, scripted):
    with pytest.raises(AudioError, match=r"nothing to follow: the recording is silent throughout \(0\.0 s\)"):
        follow_audio(Follower(menuet, scripted()), ArraySource(np.zeros(0, np.float32)))


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_silence(level, menuet, scripted):
    audio = np.full(SAMPLE_RATE_HZ, level, np.float32)
    with pytest.raises(AudioError, match=r"nothing to follow: quiet\.wav is silent throughout \(1\.0 s\)"):
        follow_audio(Follower(menuet, scripted()), ArraySource(audio, name="quiet.wav"))


def test_noise(menuet, scripted):
    audio = np.random.default_rng(0).normal(0.0, 0.01, 3 * SAMPLE_RATE_HZ).astype(np.float32)
    with pytest.raises(AudioError, match="no first note was heard in the recording"):
        follow_audio(Follower(menuet, scripted()), ArraySource(audio))


def test_positions_as_json_lines(menuet, scripted, recording, tmp_path):
    following = follow_audio(Follower(menuet, scripted()), ArraySource(recording))
    path = tmp_path / "out.jsonl"
    write_positions(path, following.positions)
    lines = path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [position.to_json() for position in following.positions]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_positions_are_kept_as_they_were_in_few_bytes(menuet):
    frames = [FramePosition(k, 0.1 * k, k / 3000, k % 7 == 0, 3.0 if k == 40 else None) for k in range(3000)]
    positions = place_all(menuet, frames)
    record = PositionRecord(menuet, positions[:5])
    record.extend(positions[5:])
    assert list(record) == positions
    assert (record[40], record[-1], record[1000:1010]) == (positions[40], positions[-1], positions[1000:1010])
    assert record == PositionRecord(menuet, positions) != PositionRecord(menuet, positions[:-1])
    assert np.flatnonzero(record.jumped).tolist() == [40]
    assert record.lost.tolist() == [position.lost for position in positions]
    with pytest.raises(IndexError):
        record[3000]


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
