"""Makes spectrograms of clean synthesis sound like other rooms, microphones and levels, without touching the audio.

Everything works on magnitudes: ``mag = 10**s - 1`` undoes the spectrogram's ``log10(1 + mag)``. A gain is exact there
because the bands are sums of magnitudes; the other changes are approximations that disregard phase.
"""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import BAND_COUNT, BANDS_PER_OCTAVE, FRAME_RATE_HZ
from standpartner.errors import AudioError, ConfigError
from standpartner.hear.spectrogram import filterbank

Float32 = NDArray[np.float32]

# Half-width of an even distribution with the relative spread (0.52) of one bin of Gaussian noise (Rayleigh).
_NOISE_SWING: Final = 0.9
_LN10: Final = np.float32(np.log(10.0))
_DB_TO_LN: Final = np.log(10.0) / 20.0
_EQUALISER_KNOTS: Final = 5  # one every 1.6 octaves: bass, low, middle, presence, treble


@dataclass(frozen=True)
class AugmentConfig:
    """The ranges (lowest, highest) from which each example draws; the defaults suit phones and rooms.

    Attributes:
        gain_db: The change of the level.
        equaliser_db: The standard deviation of the equaliser's knots, which lie 1.6 octaves apart.
        noise_db: The level of the noise floor at the middle band; 0 dB is magnitude 1, some 20 dB below a loud note.
        noise_tilt_db: The slope of the noise for each octave: 0 is white for area-normalised bands, -3 is pink.
        noise_probability: The share of examples with a noise floor.
        reverberation_s: The time in which the added tail falls by 60 dB.
        reverberation_level: The share of the sound of the past that the tail adds.
        reverberation_probability: The share of examples with reverberation.
    """

    gain_db: tuple[float, float] = (-12.0, 12.0)
    equaliser_db: tuple[float, float] = (0.0, 5.0)
    noise_db: tuple[float, float] = (-50.0, -6.0)
    noise_tilt_db: tuple[float, float] = (-6.0, 0.0)
    noise_probability: float = 0.7
    reverberation_s: tuple[float, float] = (0.2, 1.5)
    reverberation_level: tuple[float, float] = (0.0, 0.4)
    reverberation_probability: float = 0.4

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name.endswith("_probability"):
                if not 0.0 <= value <= 1.0:
                    raise ConfigError(f"expected {entry.name} from 0 to 1, got {value}")
            elif not (np.isfinite(value).all() and value[0] <= value[1]):
                raise ConfigError(f"expected {entry.name} as (lowest, highest), got {value}")
        if self.equaliser_db[0] < 0 or self.reverberation_s[0] <= 0 or self.reverberation_level[0] < 0:
            raise ConfigError("equaliser_db and reverberation_level must not be negative, reverberation_s be positive")

    @classmethod
    def none(cls) -> Self:
        """Return the configuration that changes nothing, from which those with a single change are made."""
        still = (0.0, 0.0)
        return cls(gain_db=still, equaliser_db=still, noise_probability=0.0, reverberation_probability=0.0)


def augment(spectrogram: Float32, *, config: AugmentConfig, rng: np.random.Generator) -> Float32:
    """Augment a batch of spectrograms, each example by its own draw.

    The changes follow the path of the sound: the room, its noise, then the equaliser and gain of the microphone.

    Args:
        spectrogram: The spectrograms as ``log10(1 + magnitude)``, (n, frames, 78); they are left as they are.
        config: The ranges of the changes.
        rng: The generator; the same state gives the same result.

    Returns:
        The augmented spectrograms as ``log10(1 + changed magnitude)``, (n, frames, 78).

    Raises:
        AudioError: The batch has another shape.
    """
    if spectrogram.ndim != 3 or spectrogram.shape[2] != BAND_COUNT:
        raise AudioError(f"expected spectrograms (n, frames, {BAND_COUNT}), got {spectrogram.shape}")
    count = len(spectrogram)
    magnitude = np.multiply(spectrogram, _LN10, dtype=np.float32)
    np.expm1(magnitude, out=magnitude)
    reverberant = np.flatnonzero(rng.random(count) < config.reverberation_probability)
    decay_s, level = (_uniform(ends, count, rng) for ends in (config.reverberation_s, config.reverberation_level))
    if len(reverberant):
        magnitude[reverberant] = _reverberate(magnitude[reverberant], decay_s[reverberant], level[reverberant])
    scale = _equaliser(config, count, rng) * np.exp(_DB_TO_LN * _uniform(config.gain_db, count, rng))[:, None]
    _add_noise(magnitude, _noise_floor(config, count, rng), rng)
    magnitude *= scale.astype(np.float32)[:, None]
    np.log1p(magnitude, out=magnitude)
    magnitude /= _LN10
    return magnitude


def change_gain(spectrogram: Float32, gain_db: float) -> Float32:
    """Compute the spectrogram of the same audio at another level, exactly.

    Args:
        spectrogram: The spectrogram as ``log10(1 + magnitude)``, (..., 78).
        gain_db: The change of the level.

    Returns:
        The spectrogram of the scaled audio, (..., 78).
    """
    scale = np.float32(np.exp(_DB_TO_LN * gain_db))
    return np.log1p(np.expm1(spectrogram * _LN10) * scale) / _LN10


def _uniform(ends: tuple[float, float], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(*ends, size=count)


def _equaliser(config: AugmentConfig, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw factors, (n, 78), from random levels at the knots, joined by lines over the logarithm of frequency."""
    depth_db = _uniform(config.equaliser_db, count, rng)[:, None]
    knots_db = depth_db * rng.standard_normal((count, _EQUALISER_KNOTS))
    knots_db -= knots_db.mean(axis=1, keepdims=True)  # the gain alone changes the level
    place = np.linspace(0, _EQUALISER_KNOTS - 1, BAND_COUNT)
    weights = np.maximum(0.0, 1.0 - np.abs(place[None, :] - np.arange(_EQUALISER_KNOTS)[:, None]))
    return np.exp(_DB_TO_LN * (knots_db @ weights))


def _noise_floor(config: AugmentConfig, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the magnitudes, (n, 78), of stationary noise; they are 0 for the examples without noise."""
    with_noise = rng.random(count) < config.noise_probability
    level_db, tilt_db = (_uniform(ends, count, rng) for ends in (config.noise_db, config.noise_tilt_db))
    octaves = (np.arange(BAND_COUNT) - BAND_COUNT / 2) / BANDS_PER_OCTAVE
    floor_db = level_db[:, None] + tilt_db[:, None] * octaves
    return np.where(with_noise[:, None], np.exp(_DB_TO_LN * floor_db), 0.0)


def _add_noise(magnitude: Float32, floor: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Add a floor, (n, 78), in place. It fluctuates over frames, and less in high bands, which average many bins."""
    noisy = np.flatnonzero(floor.any(axis=1))
    if not len(noisy):
        return
    bin_count = 1.0 / (filterbank() ** 2).sum(axis=1)
    swing = (_NOISE_SWING * floor[noisy] / np.sqrt(bin_count)).astype(np.float32)
    noise = rng.random((len(noisy), *magnitude.shape[1:]), dtype=np.float32)
    noise *= 2.0 * swing[:, None]
    noise += (floor[noisy].astype(np.float32) - swing)[:, None]
    magnitude[noisy] += noise


def _reverberate(magnitude: Float32, decay_s: NDArray[np.float64], level: NDArray[np.float64]) -> Float32:
    """Add to each frame an exponentially fading sum of the earlier ones: tail[k] = fade * (tail[k-1] + mag[k-1])."""
    fade = (10.0 ** (-3.0 / (decay_s * FRAME_RATE_HZ))).astype(np.float32)[:, None]
    share = (level * (1.0 - fade[:, 0])).astype(np.float32)[:, None]
    result = magnitude.copy()
    tail = np.zeros_like(magnitude[:, 0])
    for frame in range(1, magnitude.shape[1]):
        tail = fade * (tail + magnitude[:, frame - 1])
        result[:, frame] += share * tail
    return result
