"""Takes: written while they are played, read again, and what they tell."""

import numpy as np
import pytest

from standpartner.errors import OutputError
from standpartner.hear import read_audio
from standpartner.live.protocol import messages
from standpartner.live.takes.exports import bars_csv, take_csv
from standpartner.live.takes.takes import (
    TakeWriter,
    finish_sound,
    played_bars,
    read_positions,
    take_content,
    take_summary,
)


def at(time_s, bar, *, confidence="sure", jumped=False):
    return messages.Position(
        time_s=time_s, heard_s=time_s + 0.05, page=1, system=1, bar=bar, measure=bar, page_x=0.5, page_y=0.5,
        strip_x_px=100.0 * bar, probability=0.9, confidence=confidence, jumped=jumped,
    )  # fmt: skip


def playing(*bars):
    """Positions of bars that take 1 s each, 20 a second."""
    return [at(round(k / 20, 3), bar, jumped=False) for k, bar in enumerate(np.repeat(bars, 20).tolist())]


def written(path, told):
    writer = TakeWriter(path)
    writer.add(told)
    writer.close()
    return read_positions(path)


def test_what_was_written_is_read_and_other_messages_are_not(tmp_path):
    read = written(tmp_path / "t.jsonl", [at(0.0, 1), messages.Turn(page=2, reason="ahead"), at(0.05, 1)])
    assert [position["time_s"] for position in read] == [0.0, 0.05]
    assert read[0]["bar"] == 1


def test_a_position_that_was_given_again_counts(tmp_path):
    read = written(tmp_path / "t.jsonl", [at(0.0, 1), at(0.05, 1), at(0.05, 7, jumped=True), at(0.1, 7)])
    assert [position["bar"] for position in read] == [1, 7, 7]
    assert take_summary(read)["jumps"] == 1


def test_a_line_that_was_broken_off_is_left_out_and_a_later_writer_goes_on(tmp_path):
    path = tmp_path / "t.jsonl"
    written(path, [at(0.0, 1)])
    with path.open("ab") as file:
        file.write(b'{"type":"position","time_s":0.05,')
    with path.open("ab") as file:
        file.write(b"\n")
    assert [position["time_s"] for position in written(path, [at(0.1, 1)])] == [0.0, 0.1]


def test_bars_have_passes_times_and_tempo():
    slow = [at(position.time_s + 4.0, 3) for position in playing(1, 1)]  # bar 3 takes two seconds
    rows = played_bars([to_dict(position) for position in [*playing(1, 2, 1, 2), *slow, *[at(6.0, 4)]]])
    assert [(row["bar"], row["pass"]) for row in rows] == [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (4, 1)]
    assert [row["start_s"] for row in rows] == [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]
    assert [row["tempo"] for row in rows] == [1.0, None, 1.0, 1.0, 0.5, None]  # bar 2 was left, bar 4 is the last


def test_lost_stretches_and_repeats_are_told():
    told = [*playing(5), *(at(1.0 + k / 20, 6, confidence="lost") for k in range(20)), at(2.0, 3, jumped=True)]
    content = take_content([to_dict(position) for position in told])
    assert content["lost"] == [{"from_s": 1.0, "to_s": 1.95, "bar": 6}]
    assert content["repeated"] == [{"at_s": 2.0, "from_bar": 6, "to_bar": 3}]
    assert take_summary(content["positions"])["lost_share"] == pytest.approx(20 / 41, abs=1e-4)


def test_tables_have_a_head_and_a_row_each():
    positions = [to_dict(position) for position in playing(1, 2)]
    assert take_csv(positions).splitlines()[0].startswith("time_s,page,system,bar,measure")
    assert len(take_csv(positions).splitlines()) == 41
    assert bars_csv(positions).splitlines() == [
        "bar,measure,pass,start_s,end_s,tempo",
        "1,1,1,0.0,1.0,1.0",
        "2,2,1,1.0,2.0,",
    ]
    assert take_csv([]) == ""


def test_kept_sound_becomes_a_recording(tmp_path):
    tone = (0.5 * np.sin(np.arange(22_050) / 10)).astype(np.float32)
    writer = TakeWriter(tmp_path / "t.jsonl", sound=tmp_path / "t.pcm")
    writer.add_sound(tone)
    writer.close()
    assert finish_sound(tmp_path / "t.pcm", tmp_path / "t.flac")
    assert not (tmp_path / "t.pcm").exists()
    assert np.abs(read_audio(tmp_path / "t.flac") - tone).max() < 1e-3
    assert not finish_sound(tmp_path / "other.pcm", tmp_path / "other.flac")


def test_a_full_disk_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match=r"this take cannot be kept .*; following goes on, but make room"):
        TakeWriter(tmp_path / "no such folder" / "t.jsonl")


def to_dict(position):
    names = (
        "time_s",
        "page",
        "system",
        "bar",
        "measure",
        "page_x",
        "page_y",
        "strip_x_px",
        "probability",
        "confidence",
    )
    return {**{name: getattr(position, name) for name in names}, "jumped": position.jumped}
