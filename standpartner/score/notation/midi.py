"""Reads the notes and the tempo map of Standard MIDI Files (formats 0 and 1, ticks a quarter).

Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import ScoreError

_DEFAULT_TEMPO_US: Final = 500_000  # a quarter
_DRUMS: Final = 9  # the channel whose notes are no pitches
_DATA_BYTES: Final = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


@dataclass(frozen=True)
class MidiNotes:
    """Notes of a MIDI file in the order of time and pitch, equally long arrays.

    Attributes:
        ticks_per_quarter: Resolution of the ticks.
        pitch: (n,) MIDI numbers.
        tick: (n,) starts.
        end_tick: (n,) ends, after the starts.
        velocity: (n,) 1-127.
        tempo_tick: (m,) where tempos start, the first at 0, strictly increasing.
        tempo_s: (m,) seconds a quarter from there.
    """

    ticks_per_quarter: int
    pitch: NDArray[np.int64]
    tick: NDArray[np.int64]
    end_tick: NDArray[np.int64]
    velocity: NDArray[np.int64]
    tempo_tick: NDArray[np.int64]
    tempo_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pitch)

    def seconds(self, tick: ArrayLike) -> NDArray[np.float64]:
        """Time of ticks in seconds from the start of the file."""
        ticks = np.asarray(tick, np.float64)
        per_tick = self.tempo_s / self.ticks_per_quarter
        starts = np.concatenate([[0.0], np.cumsum(np.diff(self.tempo_tick) * per_tick[:-1])])
        part = np.clip(np.searchsorted(self.tempo_tick, ticks, side="right") - 1, 0, None)
        return starts[part] + (ticks - self.tempo_tick[part]) * per_tick[part]


def read_midi(path: str | Path) -> MidiNotes:
    """Read a MIDI file; notes on the drum channel are left out.

    Raises:
        ScoreError: The file is missing, damaged, or counts time in frames instead of quarters.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScoreError(f"The MIDI file {path} cannot be read: {error.strerror or error}.") from error
    try:
        return _parse(data)
    except (IndexError, struct.error) as error:
        raise ScoreError(f"{path.name} ends in the middle of a MIDI event; get the file again.") from error
    except ValueError as error:
        raise ScoreError(f"{path.name} is no MIDI file that can be read: {error}.") from error


def _parse(data: bytes) -> MidiNotes:
    if data[:4] != b"MThd":
        raise ValueError("it does not start with MThd")
    length, _, _, division = struct.unpack(">IHHH", data[4:14])
    if division == 0 or division & 0x8000:
        raise ValueError("it counts time in film frames, expected ticks a quarter")
    notes: list[tuple[int, int, int, int]] = []
    tempos = {0: _DEFAULT_TEMPO_US}
    position = 8 + length
    while position + 8 <= len(data):
        kind, size = data[position : position + 4], struct.unpack(">I", data[position + 4 : position + 8])[0]
        if kind == b"MTrk":
            _read_track(data[position + 8 : position + 8 + size], notes, tempos)
        position += 8 + size
    rows = np.array(sorted(notes), np.int64).reshape(-1, 4)
    ticks = np.array(sorted(tempos), np.int64)
    return MidiNotes(
        ticks_per_quarter=division,
        tick=rows[:, 0],
        pitch=rows[:, 1],
        end_tick=rows[:, 2],
        velocity=rows[:, 3],
        tempo_tick=ticks,
        tempo_s=np.array([tempos[tick] / 1e6 for tick in ticks.tolist()]),
    )


def _read_track(track: bytes, notes: list[tuple[int, int, int, int]], tempos: dict[int, int]) -> None:
    """Add a track's notes as (tick, pitch, end tick, velocity) and its tempos as {tick: microseconds a quarter}."""
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
    tick = 0
    for tick, status, content in _events(track):
        kind, channel = status & 0xF0, status & 0x0F
        if status == 0xFF and content[0] == 0x51 and len(content) == 4:
            tempos[tick] = int.from_bytes(content[1:], "big") or _DEFAULT_TEMPO_US
        elif kind in (0x80, 0x90) and channel != _DRUMS:
            key = (channel, content[0])
            if kind == 0x90 and content[1]:
                sounding.setdefault(key, []).append((tick, content[1]))
            elif sounding.get(key):
                start, velocity = sounding[key].pop(0)
                notes.append((start, content[0], max(tick, start + 1), velocity))
    for (_, pitch), starts in sounding.items():  # never released: they end with the track
        notes += [(start, pitch, max(tick, start + 1), velocity) for start, velocity in starts]


def _events(track: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (tick, status, data bytes) of each event; a meta event's first data byte is its type."""
    position, tick, running = 0, 0, 0
    while position < len(track):
        step, position = _variable_length(track, position)
        tick += step
        status = track[position]
        if status & 0x80:
            position += 1
        else:
            status = running
        if status in (0xF0, 0xF7, 0xFF):
            start = position
            size, position = _variable_length(track, start + (status == 0xFF))
            kind = track[start : start + 1] if status == 0xFF else b""
            content = kind + track[position : position + size]
            position += size
        elif status & 0xF0 in _DATA_BYTES:
            running, size = status, _DATA_BYTES[status & 0xF0]
            content = track[position : position + size]
            if len(content) < size:
                raise IndexError(position)
            position += size
        else:
            raise ValueError(f"unknown event {status:#x}")
        yield tick, status, content


def _variable_length(data: bytes, position: int) -> tuple[int, int]:
    """Read a number in groups of 7 bits; returns it and the position after it."""
    value = 0
    for _ in range(4):
        byte = data[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, position
    raise ValueError("a number has more than four bytes")
