"""MIDI files: notes, tempos, running status, and what is no MIDI."""

import struct
from pathlib import Path

import numpy as np
import pytest

from standpartner.errors import ScoreError
from standpartner.score.notation.midi import read_midi


def midi(*tracks: bytes, division: int = 384) -> bytes:
    parts = [b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), division)]
    return b"".join(parts + [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks])


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


TEMPO_120_THEN_60 = b"\x00\xff\x51\x03\x07\xa1\x20" + b"\x83\x00\xff\x51\x03\x0f\x42\x40" + b"\x00\xff\x2f\x00"


def test_notes_come_in_the_order_of_time_with_their_seconds(tmp_path: Path) -> None:
    running = b"\x00\x90\x40\x50" + b"\x83\x00\x40\x00" + b"\x00\x43\x60" + b"\x86\x00\x43\x00"  # no second status
    drums = b"\x00\x99\x24\x40" + b"\x60\x89\x24\x00"
    low = b"\x00\x91\x30\x50" + b"\x00\xf0\x02\x01\xf7" + b"\x83\x00\x81\x30\x40"
    notes = read_midi(write(tmp_path / "a.mid", midi(TEMPO_120_THEN_60, running, drums, low)))
    assert notes.pitch.tolist() == [0x30, 0x40, 0x43]
    assert notes.tick.tolist() == [0, 0, 384]
    assert notes.end_tick.tolist() == [384, 384, 1152]
    assert notes.velocity.tolist() == [0x50, 0x50, 0x60]
    np.testing.assert_allclose(notes.seconds([0, 192, 384, 768]), [0, 0.25, 0.5, 1.5])


def test_a_key_struck_twice_is_two_notes_and_one_left_down_ends_with_the_track(tmp_path: Path) -> None:
    track = b"\x00\x90\x40\x50" + b"\x10\x90\x40\x51" + b"\x10\x80\x40\x00" + b"\x10\xff\x2f\x00"
    notes = read_midi(write(tmp_path / "a.mid", midi(track)))
    assert list(zip(notes.tick.tolist(), notes.end_tick.tolist(), strict=True)) == [(0, 32), (16, 48)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RIFF" + bytes(20), "MThd"),
        (b"MThd\x00", "ends in the middle"),
        (midi(b"\x00\x90\x40"), "ends in the middle"),
        (midi(b"\x00\xf4\x40"), "undefined status byte 0xf4"),
        (midi(division=0xE728), "film frames"),
        (midi(b"\xff\xff\xff\xff\xff\x00"), "ends in the middle"),
        (midi(b"\x00\x40\x40"), "running status"),
        (midi(b"\x00\x90\x40\xf0"), "data byte"),
        (midi(b"\x00\xff\x59\x02\x40\x40"), "is no MIDI file that can be read"),
        (midi(b"\x00\xff\x51\x01\x40"), "is no MIDI file that can be read"),
    ],
)
def test_what_is_no_midi_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ScoreError, match=words):
        read_midi(write(tmp_path / "bad.mid", content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="cannot be read"):
        read_midi(tmp_path / "none.mid")
