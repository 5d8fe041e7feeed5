"""Writes played notes as a Standard MIDI File (format 0), the form in which synthesisers take them.

Source: MIDI Manufacturers Association, "Standard MIDI Files 1.0" (RP-001).
"""

import struct
from typing import Final

import numpy as np

from standpartner.perform.played import PlayedNotes

TICKS_PER_SECOND: Final = 2_000
_TEMPO_US: Final = 1_000_000  # a quarter note lasts a second, so ticks a quarter are ticks a second

_NOTE_OFF: Final = 0x80
_NOTE_ON: Final = 0x90
_PROGRAM_CHANGE: Final = 0xC0
_CONTROL_CHANGE: Final = 0xB0
_PITCH_BEND: Final = 0xE0
_ALL_NOTES_OFF: Final = 123
_BEND_CENTRE: Final = 8_192
_BEND_CENTS: Final = 200.0  # a full bend, which is two semitones where nothing else is agreed


def midi_bytes(played: PlayedNotes, *, program: int | None = None, lead_s: float = 0.0, tail_s: float = 0.0) -> bytes:
    """Played notes as the content of a MIDI file, at 0.5 ms a tick, all on the first channel.

    Args:
        played: The notes. A note that is struck again before it ends is released at that moment.
        program: General MIDI program (0-127) instead of the notes' own.
        lead_s: Seconds by which everything is played later.
        tail_s: Seconds between the last release and the end of the track.

    Returns:
        The bytes of the file.
    """
    program = played.program if program is None else program
    events = _note_events(played)
    events[:, 0] += round(lead_s * TICKS_PER_SECOND)
    last_tick = int(events[-1, 0]) if len(events) else 0
    track = bytearray(b"\x00\xff\x51\x03" + _TEMPO_US.to_bytes(3, "big"))
    track += bytes([0, _PROGRAM_CHANGE, program])
    if played.tuning_cents:
        bend = _BEND_CENTRE + round(played.tuning_cents / _BEND_CENTS * _BEND_CENTRE)
        track += bytes([0, _PITCH_BEND, bend & 0x7F, bend >> 7])
    now = 0
    for tick, status, pitch, velocity in events.tolist():
        track += _variable_length(tick - now) + bytes([status, pitch, velocity])
        now = tick
    # A harmless event at the end: players may stop at the last event and disregard when the track ends.
    end_tick = last_tick + round(tail_s * TICKS_PER_SECOND)
    track += _variable_length(end_tick - now) + bytes([_CONTROL_CHANGE, _ALL_NOTES_OFF, 0])
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_SECOND)
    return header + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def _note_events(played: PlayedNotes) -> np.ndarray:
    """Events (n, 4) of tick, status, pitch, velocity, in the order of time, releases before strikes."""
    on = np.rint(played.onset_s * TICKS_PER_SECOND).astype(np.int64)
    off = np.maximum(np.rint((played.onset_s + played.duration_s) * TICKS_PER_SECOND).astype(np.int64), on + 1)
    order = np.lexsort((off, on, played.pitch))
    pitch, velocity, on, off = played.pitch[order], played.velocity[order], on[order], off[order]
    again = pitch[1:] == pitch[:-1]
    off[:-1][again] = np.minimum(off[:-1], on[1:])[again]
    heard = off > on  # of notes struck together on one key the longest stays
    pitch, velocity, on, off = pitch[heard], velocity[heard], on[heard], off[heard]
    strikes = np.stack([on, np.full_like(on, _NOTE_ON), pitch, velocity], axis=1)
    releases = np.stack([off, np.full_like(off, _NOTE_OFF), pitch, np.zeros_like(pitch)], axis=1)
    events = np.concatenate([strikes, releases])
    return events[np.lexsort((events[:, 2], events[:, 1], events[:, 0]))]


def _variable_length(value: int) -> bytes:
    """A number in groups of 7 bits, highest first, all but the last marked by the top bit."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
