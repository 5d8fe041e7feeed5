"""Made sounds that do not belong to the music: talk, humming, clicks.

`standpartner.perform.noise` makes applause and mains hum.
"""

import numpy as np

from standpartner.constants import SAMPLE_RATE_HZ

VOWELS_HZ = ((730, 1090), (270, 2290), (300, 870), (530, 1840), (660, 1720), (570, 840), (440, 1020))


def talk(seconds: float, *, seed: int) -> np.ndarray:
    """One voice: syllables of gliding pitch with two formants, hissed consonants, and pauses between phrases."""
    rng = np.random.default_rng(seed)
    voice_hz = rng.uniform(100.0, 220.0)
    parts, length = [], 0
    while length < seconds * SAMPLE_RATE_HZ:
        for _ in range(rng.integers(3, 10)):
            parts.append(syllable(rng, voice_hz) if rng.random() < 0.75 else hiss(rng))
        parts.append(np.zeros(round(rng.uniform(0.2, 1.2) * SAMPLE_RATE_HZ)))
        length = sum(map(len, parts))
    return (0.3 * np.concatenate(parts)[: round(seconds * SAMPLE_RATE_HZ)]).astype(np.float32)


def syllable(rng: np.random.Generator, voice_hz: float) -> np.ndarray:
    """A vowel: harmonics of a falling or rising pitch, loud near two formants."""
    count = round(rng.uniform(0.08, 0.28) * SAMPLE_RATE_HZ)
    pitch_hz = voice_hz * 2 ** (rng.normal(0, 0.15) + np.linspace(0, rng.normal(-0.1, 0.15), count))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    sound = np.zeros(count)
    formants = np.array(VOWELS_HZ[rng.integers(len(VOWELS_HZ))])
    for harmonic in range(1, 30):
        near = np.exp(-(((harmonic * voice_hz - formants) / 150.0) ** 2)) * [1.0, 0.5]
        sound += (near.sum() + 0.02) * np.sin(harmonic * phase)
    return sound / np.abs(sound).max() * np.hanning(count) * rng.uniform(0.3, 1.0)


def hiss(rng: np.random.Generator) -> np.ndarray:
    """A consonant."""
    count = round(rng.uniform(0.05, 0.15) * SAMPLE_RATE_HZ)
    return 0.1 * np.diff(rng.standard_normal(count + 1)) * np.hanning(count)


def humming(seconds: float, *, seed: int) -> np.ndarray:
    """One who hums a tune of no key: notes of 0.6 s, each glided into, with four harmonics."""
    rng, count = np.random.default_rng(seed), round(seconds * SAMPLE_RATE_HZ)
    steps = np.arange(count) / (0.6 * SAMPLE_RATE_HZ)
    notes_hz = 110.0 * 3.0 ** rng.random(int(steps[-1]) + 2)
    pitch_hz = np.interp(np.clip(5.0 * (steps % 1.0), 0.0, 1.0) + np.floor(steps), np.arange(len(notes_hz)), notes_hz)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    loud = np.clip(np.sin(np.pi * (steps % 1.0)), 0.1, 1.0)
    return (0.06 * loud * sum(np.sin(k * phase) / k**2 for k in range(1, 5))).astype(np.float32)


def count_in(beats: int, *, beat_s: float, seed: int) -> np.ndarray:
    """Clicks of sticks, one a beat."""
    audio = np.zeros(round(beats * beat_s * SAMPLE_RATE_HZ), np.float32)
    click = 0.3 * np.random.default_rng(seed).standard_normal(1_500) * np.exp(-np.arange(1_500) / 200)
    for beat in range(beats):
        first = round(beat * beat_s * SAMPLE_RATE_HZ)
        audio[first : first + len(click)] += click
    return audio
