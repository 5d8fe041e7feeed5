"""Makes background noise without recordings: hiss, hum, voices, clicks, applause."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.support.ranges import Range, check_ranges, draw

Float64 = NDArray[np.float64]

_HUM_HARMONICS: Final = 12
_VOICES: Final = 5
_VOICE_HZ: Final = (90.0, 240.0)
_SYLLABLE_S: Final = 0.18
_VOICE_KNEE_HZ: Final = 500.0  # the long-term spectrum of speech is flat below this and falls above
_CLICKS_PER_S: Final = 1.5
_CLAPS_PER_S: Final = 60.0
_BURST_SHAPES: Final = 6


@dataclass(frozen=True)
class Noise:
    """A background noise.

    Attributes:
        kind: The kind of noise, one of ``NOISE_KINDS``.
        snr_db: The level of the music above it, both as root mean square of the whole recording.
        seed: The seed; the same seed gives the same noise.
    """

    kind: str
    snr_db: float
    seed: int


@dataclass(frozen=True)
class NoiseConfig:
    """The kinds and levels of noise to draw from.

    Attributes:
        kinds: The names of equally likely kinds, all from ``NOISE_KINDS``.
        snr_db: The range (lowest, highest) of the signal-to-noise ratio.
    """

    kinds: tuple[str, ...]
    snr_db: Range

    def __post_init__(self) -> None:
        if not self.kinds or not set(self.kinds) <= set(NOISE_KINDS):
            raise ConfigError(f"expected kinds of noise among {', '.join(NOISE_KINDS)}, got {self.kinds}")
        check_ranges(self, within={"snr_db": (-20.0, 120.0)})

    def draw(self, rng: np.random.Generator) -> Noise:
        """Draw one background."""
        kind = self.kinds[rng.integers(len(self.kinds))]
        return Noise(kind=kind, snr_db=draw(self.snr_db, rng), seed=int(rng.integers(2**32)))


def add_noise(audio: NDArray[np.float32], noise: Noise) -> NDArray[np.float32]:
    """Add a background to sound; silence stays silence.

    Args:
        audio: The samples at 22 050 Hz, (n,).
        noise: The background.

    Returns:
        The samples with the background, (n,).
    """
    if not audio.any():
        return audio
    sound = make_noise(noise.kind, len(audio), seed=noise.seed)
    level = np.sqrt(np.mean(audio**2, dtype=np.float64)) * 10.0 ** (-noise.snr_db / 20.0)
    return audio + np.float32(level) * sound


def make_noise(kind: str, count: int, *, seed: int) -> NDArray[np.float32]:
    """Make noise of root mean square 1, unless it is silent by chance.

    Args:
        kind: The kind of noise, one of ``NOISE_KINDS``.
        count: The number of samples at 22 050 Hz, at least one.
        seed: The seed; the same seed gives the same noise.

    Returns:
        The samples of the noise, (count,).

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in NOISE_KINDS:
        raise ConfigError(f"expected a kind of noise among {', '.join(NOISE_KINDS)}, got {kind!r}")
    sound = _MAKERS[kind](count, np.random.default_rng(seed))
    level = np.sqrt(np.mean(sound**2)) or 1.0  # a short piece of babble may be silent
    return (sound / level).astype(np.float32)


def _white(count: int, rng: np.random.Generator) -> Float64:
    return rng.standard_normal(count)


def _shaped(sound: Float64, gain: Callable[[Float64], Float64]) -> Float64:
    """Multiply the spectrum of sound by a function of the frequency in Hz."""
    size = 1 << (len(sound) - 1).bit_length()  # a power of two is quick for any length
    frequency_hz = np.asarray(np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ), np.float64)
    return np.fft.irfft(np.fft.rfft(sound, size) * gain(frequency_hz), size)[: len(sound)]


def _pink(count: int, rng: np.random.Generator) -> Float64:
    return _shaped(_white(count, rng), lambda hz: 1.0 / np.sqrt(np.maximum(hz, 20.0)))


def _hum(count: int, rng: np.random.Generator) -> Float64:
    """Make mains hum of 50 or 60 Hz with its harmonics and a little hiss."""
    mains_hz = rng.choice([50.0, 60.0]) * rng.uniform(0.998, 1.002)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    sound = 0.02 * _white(count, rng)
    for harmonic in range(1, _HUM_HARMONICS + 1):
        phase = 2 * np.pi * rng.uniform()
        sound += rng.uniform(0.3, 1.0) / harmonic * np.sin(2 * np.pi * harmonic * mains_hz * time_s + phase)
    return sound


def _wander(count: int, period_s: float, rng: np.random.Generator) -> Float64:
    """Make a slow curve between 0 and 1: even random values a period apart, joined by lines."""
    knots = rng.random(int(count / SAMPLE_RATE_HZ / period_s) + 2)
    return np.interp(np.arange(count) / (SAMPLE_RATE_HZ * period_s), np.arange(len(knots)), knots)


def _babble(count: int, rng: np.random.Generator) -> Float64:
    """Make several voices: gliding buzz and breath, in syllables with pauses and the spectrum of speech."""
    total = np.zeros(count)
    for _ in range(_VOICES):
        pitch_hz = draw(_VOICE_HZ, rng) * 2.0 ** (_wander(count, 3 * _SYLLABLE_S, rng) / 2)
        buzz = 2.0 * (np.cumsum(pitch_hz / SAMPLE_RATE_HZ) % 1.0) - 1.0
        loudness = np.maximum(0.0, _wander(count, _SYLLABLE_S, rng) - 0.3) * (_wander(count, 2.0, rng) > 0.35)
        total += loudness * (buzz + 0.3 * _white(count, rng))
    return _shaped(total, lambda hz: (hz > 80.0) / (1.0 + hz / _VOICE_KNEE_HZ))


def _bursts(count: int, rng: np.random.Generator, *, rate_hz: float, length_s: float) -> Float64:
    """Make short noises at random times, each with one of a few shapes and any loudness."""
    sound = np.zeros(count)
    length = round(length_s * SAMPLE_RATE_HZ)
    fading = np.exp(-6.0 * np.arange(length) / length)
    shapes = fading * rng.standard_normal((_BURST_SHAPES, length))
    number = 1 + rng.poisson(rate_hz * count / SAMPLE_RATE_HZ)
    starts, which = rng.integers(0, count, number), rng.integers(0, _BURST_SHAPES, number)
    for start, shape, loudness in zip(starts, which, rng.exponential(size=number), strict=True):
        sound[start : start + length] += loudness * shapes[shape, : count - start]
    return sound


def _clicks(count: int, rng: np.random.Generator) -> Float64:
    """Make occasional short noises, as of keys, chairs and pages."""
    return _bursts(count, rng, rate_hz=_CLICKS_PER_S, length_s=0.01) + 1e-3 * _white(count, rng)


def _applause(count: int, rng: np.random.Generator) -> Float64:
    """Make many claps, most of them around 1.5 kHz."""
    claps = _bursts(count, rng, rate_hz=_CLAPS_PER_S, length_s=0.02)
    return _shaped(claps, lambda hz: 1.0 / (1.0 + np.log2(np.maximum(hz, 20.0) / 1500.0) ** 2))


_MAKERS: Final[dict[str, Callable[[int, np.random.Generator], Float64]]] = {
    "white": _white,
    "pink": _pink,
    "hum": _hum,
    "babble": _babble,
    "clicks": _clicks,
    "applause": _applause,
}
NOISE_KINDS: Final = tuple(_MAKERS)
