"""Writes played notes as a Standard MIDI File (format 0), the form in which synthesisers take them, with mido."""

import io
from typing import Final

import mido
import numpy as np

from standpartner.perform.played import PlayedNotes

TICKS_PER_SECOND: Final = 2_000
_TEMPO_US: Final = 1_000_000  # a quarter note lasts a second, so ticks a quarter are ticks a second

_OFF, _ON = range(2)  # in this order, so that a release comes before a strike at the same time
_ALL_NOTES_OFF: Final = 123
_BEND_CENTS: Final = 200.0  # a full bend, by default two semitones
_FULL_BEND: Final = 8_192


def midi_bytes(played: PlayedNotes, *, program: int | None = None, lead_s: float = 0.0, tail_s: float = 0.0) -> bytes:
    """Write played notes as the content of a MIDI file, at 0.5 ms a tick, all on the first channel.

    Args:
        played: The notes. A note that is struck again before it ends is released at that moment.
        program: The General MIDI program (0-127) instead of the notes' own.
        lead_s: The seconds by which everything is played later.
        tail_s: The seconds between the last release and the end of the track.

    Returns:
        The bytes of the file.
    """
    program = played.program if program is None else program
    events = _note_events(played)
    events[:, 0] += round(lead_s * TICKS_PER_SECOND)
    last_tick = int(events[-1, 0]) if len(events) else 0
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=_TEMPO_US)])
    track.append(mido.Message("program_change", program=program))
    if played.tuning_cents:
        bend = round(played.tuning_cents / _BEND_CENTS * _FULL_BEND)
        track.append(mido.Message("pitchwheel", pitch=bend))
    now = 0
    for tick, kind, pitch, velocity in events.tolist():
        name = "note_on" if kind == _ON else "note_off"
        track.append(mido.Message(name, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    # A neutral event at the end, as players may stop at the last event and ignore the end of the track.
    end_tick = last_tick + round(tail_s * TICKS_PER_SECOND)
    track.append(mido.Message("control_change", control=_ALL_NOTES_OFF, time=end_tick - now))
    content = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_SECOND, tracks=[track]).save(file=content)
    return content.getvalue()


def _note_events(played: PlayedNotes) -> np.ndarray:
    """Return the events, (n, 4): tick, kind (off or on), pitch, velocity, in order of time, releases first."""
    on = np.rint(played.onset_s * TICKS_PER_SECOND).astype(np.int64)
    off = np.maximum(np.rint((played.onset_s + played.duration_s) * TICKS_PER_SECOND).astype(np.int64), on + 1)
    order = np.lexsort((off, on, played.pitch))
    pitch, velocity, on, off = played.pitch[order], played.velocity[order], on[order], off[order]
    again = pitch[1:] == pitch[:-1]
    off[:-1][again] = np.minimum(off[:-1], on[1:])[again]
    heard = off > on  # of notes struck together on one key, the longest is kept
    pitch, velocity, on, off = pitch[heard], velocity[heard], on[heard], off[heard]
    strikes = np.stack([on, np.full_like(on, _ON), pitch, velocity], axis=1)
    releases = np.stack([off, np.full_like(off, _OFF), pitch, np.zeros_like(pitch)], axis=1)
    events = np.concatenate([strikes, releases])
    return events[np.lexsort((events[:, 2], events[:, 1], events[:, 0]))]
