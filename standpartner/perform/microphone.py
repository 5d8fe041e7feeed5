"""Imitates microphones and the devices behind them: band limits, automatic level, overload, gain."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import MissingExtraError
from standpartner.support.ranges import Range, check_ranges, draw, draw_log

Samples = NDArray[np.float32]

_HIGHEST_CUT_HZ: Final = 10_900.0  # below half the sampling rate
_BLOCK: Final = SAMPLE_RATE_HZ // 20  # samples in a step of the automatic level
_ATTACK: Final = 0.5  # the share of a rise in level that is followed in a step
_RELEASE: Final = 0.06  # the share of a fall in level that is followed in a step
_QUIETEST_DB: Final = -30.0  # relative to the loudest step; softer steps are not raised further


@dataclass(frozen=True)
class Microphone:
    """A recording device.

    Attributes:
        low_cut_hz: The edge (-3 dB) of the lower band limit, which falls by 12 dB an octave.
        high_cut_hz: The edge (-3 dB) of the upper band limit, which falls by 24 dB an octave.
        levelling: The degree to which an automatic level evens out loud and soft: 0 not at all, 1 wholly.
        overload_db: The level of the loudest peak above the limit of the device. Above 0 the peak is clipped.
        gain_db: The level of the recording.
    """

    low_cut_hz: float
    high_cut_hz: float
    levelling: float
    overload_db: float
    gain_db: float


@dataclass(frozen=True)
class MicrophoneConfig:
    """The ranges (lowest, highest) of devices; see `Microphone`. Edges are drawn on a logarithmic scale."""

    low_cut_hz: Range
    high_cut_hz: Range
    levelling: Range = (0.0, 0.0)
    overload_db: Range = (0.0, 0.0)
    gain_db: Range = (0.0, 0.0)

    def __post_init__(self) -> None:
        within = {"low_cut_hz": (1.0, 1000.0), "high_cut_hz": (1000.0, _HIGHEST_CUT_HZ), "levelling": (0.0, 1.0)}
        check_ranges(self, within=within | {"overload_db": (-60.0, 60.0), "gain_db": (-60.0, 60.0)})

    def draw(self, rng: np.random.Generator) -> Microphone:
        """Draw one device."""
        return Microphone(
            low_cut_hz=draw_log(self.low_cut_hz, rng),
            high_cut_hz=draw_log(self.high_cut_hz, rng),
            levelling=draw(self.levelling, rng),
            overload_db=draw(self.overload_db, rng),
            gain_db=draw(self.gain_db, rng),
        )


def record(audio: Samples, microphone: Microphone) -> Samples:
    """Record sound with a device.

    Args:
        audio: The samples at 22 050 Hz, (n,).
        microphone: The device.

    Returns:
        The recorded samples, (n,); onsets are later by less than 1 ms.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.signal import butter, sosfilt
    except ImportError as error:
        raise MissingExtraError("SciPy", 'pip install "standpartner[synth]"') from error
    low = butter(2, microphone.low_cut_hz, "highpass", fs=SAMPLE_RATE_HZ, output="sos")
    high = butter(4, microphone.high_cut_hz, "lowpass", fs=SAMPLE_RATE_HZ, output="sos")
    sound = sosfilt(np.concatenate([low, high]).astype(np.float32), audio)
    if microphone.levelling:
        sound = _levelled(sound, microphone.levelling)
    if microphone.overload_db > 0:
        most = np.abs(sound).max(initial=0.0) * 10.0 ** (-microphone.overload_db / 20.0)
        sound = sound.clip(-most, most)
    return (sound * np.float32(10.0 ** (microphone.gain_db / 20.0))).astype(np.float32, copy=False)


def _levelled(sound: Samples, strength: float) -> Samples:
    """Even out the level: each step's gain follows loud steps at once and soft ones slowly."""
    steps = -(-len(sound) // _BLOCK)
    padded = np.pad(sound, (0, steps * _BLOCK - len(sound)))
    level = np.sqrt(np.mean(padded.reshape(steps, _BLOCK) ** 2, axis=1, dtype=np.float64))
    loudest = level.max(initial=0.0)
    if not loudest:
        return sound
    level_db = 20 * np.log10(np.maximum(level / loudest, 10.0 ** (_QUIETEST_DB / 20)))
    heard_db = level_db[0]
    followed_db = np.empty(steps)
    for step, now_db in enumerate(level_db):
        heard_db += (_ATTACK if now_db > heard_db else _RELEASE) * (now_db - heard_db)
        followed_db[step] = heard_db
    middle = (np.arange(steps) + 0.5) * _BLOCK
    gain_db = np.interp(np.arange(len(sound)), middle, -strength * followed_db)
    return sound * (10.0 ** (gain_db / 20.0)).astype(np.float32)
