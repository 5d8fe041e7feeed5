"""Reads the notes and the tempo map of Standard MIDI Files with mido."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mido
import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import ScoreError

_DEFAULT_TEMPO_US: Final = 500_000  # microseconds a quarter
_DRUMS: Final = 9  # the channel whose notes are not pitches
# The errors of mido for files that are damaged or not MIDI.
_DAMAGE: Final = (OSError, EOFError, ValueError, LookupError, TypeError, mido.KeySignatureError)


@dataclass(frozen=True)
class MidiNotes:
    """The notes of a MIDI file in the order of time and pitch, as equally long arrays.

    Attributes:
        ticks_per_quarter: The number of ticks in a quarter.
        pitch: The MIDI numbers, (n,).
        tick: The ticks at which the notes start, (n,).
        end_tick: The ticks at which they end, (n,), after the starts.
        velocity: The MIDI velocities, (n,), 1-127.
        tempo_tick: The ticks at which tempos start, (m,), the first at 0, strictly increasing.
        tempo_s: The seconds a quarter from there on, (m,).
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
        """Return the time of ticks in seconds from the start of the file."""
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
        file = mido.MidiFile(file=io.BytesIO(data))
    except EOFError as error:
        raise ScoreError(f"{path.name} ends in the middle of a MIDI event; get the file again.") from error
    except _DAMAGE as error:
        raise ScoreError(f"{path.name} is no MIDI file that can be read ({error}); get the file again.") from error
    if file.ticks_per_beat <= 0:
        raise ScoreError(f"{path.name} counts time in film frames, expected ticks a quarter; export it again.")
    return _notes_of(file)


def _notes_of(file: mido.MidiFile) -> MidiNotes:
    notes: list[tuple[int, int, int, int]] = []
    tempos = {0: _DEFAULT_TEMPO_US}
    for track in file.tracks:
        _read_track(track, notes, tempos)
    rows = np.array(sorted(notes), np.int64).reshape(-1, 4)
    ticks = np.array(sorted(tempos), np.int64)
    return MidiNotes(
        ticks_per_quarter=file.ticks_per_beat,
        tick=rows[:, 0],
        pitch=rows[:, 1],
        end_tick=rows[:, 2],
        velocity=rows[:, 3],
        tempo_tick=ticks,
        tempo_s=np.array([tempos[tick] / 1e6 for tick in ticks.tolist()]),
    )


def _read_track(track: Iterable[Any], notes: list[tuple[int, int, int, int]], tempos: dict[int, int]) -> None:
    """Add a track's notes as (tick, pitch, end tick, velocity) and its tempos as {tick: microseconds a quarter}."""
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
    tick = 0
    for message in track:
        tick += message.time
        if message.type == "set_tempo":
            tempos[tick] = message.tempo or _DEFAULT_TEMPO_US
        elif message.type in ("note_on", "note_off") and message.channel != _DRUMS:
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                sounding.setdefault(key, []).append((tick, message.velocity))
            elif sounding.get(key):
                start, velocity = sounding[key].pop(0)
                notes.append((start, message.note, max(tick, start + 1), velocity))
    for (_, pitch), starts in sounding.items():  # notes that are never released end with the track
        notes += [(start, pitch, max(tick, start + 1), velocity) for start, velocity in starts]
