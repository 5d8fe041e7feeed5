"""Makes the recording of the bundled menuet: a plucked string in a small room, played with rubato.

The sound owes nothing to the soundfonts that agents are trained with. Each note is a Karplus-Strong string (Karplus and
Strong, Computer Music Journal 1983, doi 10.2307/3680062) plucked near the bridge, heard through three resonances of a
wooden body; the room is noise that dies away. The timing has phrases, agogic accents, a broad end and small errors.

    python tools/make_menuet_recording.py        # writes standpartner/demo/data/menuet.ogg and menuet.json
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.hear import read_audio, write_audio
from standpartner.score import Score, read_score

FOLDER = Path(__file__).parents[1] / "standpartner" / "demo" / "data"
SEED = 1725
SILENCE_BEFORE_S, SILENCE_AFTER_S = 1.2, 2.0
TEMPO_BPM = 134.0
PHRASE_MEASURES = 8
BEATS = 3
Samples = NDArray[np.float64]


def tempo_at(quarter: Samples, last_quarter: float) -> Samples:
    """Tempo in beats a minute: each phrase hurries in its middle and lingers at its end, the last one most."""
    inside = (quarter / (PHRASE_MEASURES * BEATS)) % 1.0
    arch = 1.0 + 0.09 * np.sin(np.pi * inside) - 0.10 * np.exp(-(((inside - 1.0) / 0.07) ** 2))
    middle = 1.0 + 0.04 * np.sin(2 * np.pi * quarter / last_quarter)
    ending = 1.0 - 0.42 * np.clip((quarter - (last_quarter - 7.0)) / 7.0, 0.0, 1.0) ** 1.5
    return TEMPO_BPM * arch * middle * ending


def play(score: Score, rng: np.random.Generator) -> Samples:
    """Second of every onset."""
    quarter = score.onsets.quarter
    grid = np.linspace(0.0, quarter[-1], 20_000)
    time = np.concatenate([[0.0], np.cumsum(np.diff(grid) * 60.0 / tempo_at(grid[:-1], quarter[-1]))])
    downbeat = np.isclose(quarter % BEATS, 0.0)
    lean = np.where(downbeat, 0.018, 0.0) + rng.normal(0.0, 0.011, len(quarter))
    lean[0] = 0.0
    return SILENCE_BEFORE_S + np.maximum.accumulate(np.interp(quarter, grid, time) + lean)


def pluck(pitch: int, duration_s: float, *, loudness: float, rng: np.random.Generator) -> Samples:
    """One string: noise that runs round a loop which is in tune, dull and lossy."""
    frequency_hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0) * 1.002
    period = SAMPLE_RATE_HZ / frequency_hz
    whole = int(period - 1.0)
    fraction = period - 1.0 - whole
    # Two-tap interpolation and three-tap damping; the damping delays by one sample.
    damping = np.convolve([1.0 - fraction, fraction], [0.1, 0.8, 0.1])
    loss = 10.0 ** (-3.0 * period / SAMPLE_RATE_HZ / (1.1 + 500.0 / frequency_hz))  # seconds to fall by 60 dB
    loop = np.concatenate([[1.0], np.zeros(whole - 1), -loss * damping])
    burst = rng.uniform(-1.0, 1.0, round(period))
    burst = lfilter([1.0 - 0.55 * (1 - loudness)], [1.0, -0.55 * (1 - loudness)], burst)
    burst -= np.roll(burst, max(1, round(0.13 * period)))  # plucked at 13 % of the string
    length = round((duration_s + 0.25) * SAMPLE_RATE_HZ)
    excitation = np.zeros(length)
    excitation[: len(burst)] = burst / np.abs(burst).max()
    sound = lfilter([1.0], loop, excitation)
    release = np.ones(length)
    held = round(duration_s * SAMPLE_RATE_HZ)
    release[held:] = np.exp(-np.arange(length - held) / (0.05 * SAMPLE_RATE_HZ))
    return loudness * sound * release


def body(sound: Samples) -> Samples:
    """Resonances of a small wooden box, mixed with the string itself."""
    result = sound.copy()
    for frequency_hz, width_hz, gain in ((210.0, 40.0, 0.5), (430.0, 70.0, 0.4), (1150.0, 200.0, 0.35)):
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)
        poles = [1.0, -2.0 * radius * np.cos(2 * np.pi * frequency_hz / SAMPLE_RATE_HZ), radius**2]
        result += gain * lfilter([1.0 - radius], poles, sound)
    return result


def room(sound: Samples, rng: np.random.Generator) -> Samples:
    """A few early reflections and 0.5 s of dying noise."""
    time = np.arange(round(0.6 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(0.0, 1.0, len(time)) * np.exp(-6.9 * time / 0.5)
    response = 0.025 * lfilter([0.4], [1.0, -0.6], tail)
    for delay_s, gain in ((0.0, 1.0), (0.011, 0.28), (0.019, -0.2), (0.031, 0.15)):
        response[round(delay_s * SAMPLE_RATE_HZ)] += gain
    return fftconvolve(sound, response)[: len(sound)]


def record(score: Score, onset_s: Samples, rng: np.random.Generator) -> NDArray[np.float32]:
    """The recording as float32 samples in [-1, 1]."""
    notes = score.notes
    ends = np.append(onset_s[1:], onset_s[-1] + 2.2)
    sound = np.zeros(round((ends[-1] + SILENCE_AFTER_S) * SAMPLE_RATE_HZ))
    for pitch, onset, quarter in zip(notes.pitch, notes.onset, notes.quarter, strict=True):
        strong = 0.12 if quarter % BEATS == 0 else 0.0
        loudness = float(np.clip(0.62 + strong + 0.012 * (pitch - 71) + rng.normal(0.0, 0.05), 0.3, 0.95))
        string = pluck(int(pitch), ends[onset] - onset_s[onset], loudness=loudness, rng=rng)
        first = round(onset_s[onset] * SAMPLE_RATE_HZ)
        sound[first : first + len(string)] += string[: len(sound) - first]
    sound = room(body(sound), rng)
    sound *= 0.6 / np.abs(sound).max()
    hiss = lfilter([1.0], [1.0, -0.9], rng.normal(0.0, 1.0, len(sound)))
    return (sound + 0.0006 * hiss).astype(np.float32)


def main() -> None:
    """Write the recording and its truth."""
    rng = np.random.default_rng(SEED)
    score = read_score(FOLDER / "menuet.abc")
    onset_s = play(score, rng)
    write_audio(FOLDER / "menuet.ogg", record(score, onset_s, rng))
    content = {
        "title": score.title,
        "score": "menuet.abc",
        "recording": "menuet.ogg",
        "recording_sha256": hashlib.sha256((FOLDER / "menuet.ogg").read_bytes()).hexdigest(),
        "made_by": f"tools/make_menuet_recording.py, seed {SEED}",
        "licence": "CC0-1.0",
        "onset_s": [round(float(second), 4) for second in onset_s],
    }
    (FOLDER / "menuet.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    length_s = len(read_audio(FOLDER / "menuet.ogg")) / SAMPLE_RATE_HZ
    print(f"{length_s:.1f} s, {len(onset_s)} onsets, first at {onset_s[0]:.2f} s")


if __name__ == "__main__":
    main()
