"""Detects the first note of the music, and waits through silence, room noise and coughs."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ, KEY_COUNT, LOWEST_KEY
from standpartner.follow.config import StartConfig

Floats = NDArray[np.float32]
_ATTACK, _ATTACK_FRAMES = 2.0, 2  # a tone begins when its band's magnitude doubles within two frames
_FEWEST_TONES = 2
_CERTAIN = 30.0  # logits are clipped to this
_NEAR, _FAR = 3, 6  # a tone's band is compared with bands at these distances in semitones


def expected_keys(pitches: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return the keys of the piano that share a pitch class with one of some MIDI pitches.

    Args:
        pitches: The pitches, (n,); without pitches no key is expected.

    Returns:
        Whether each key is expected, bool (88,), from the lowest key on.
    """
    keys = np.arange(LOWEST_KEY, LOWEST_KEY + KEY_COUNT)
    return np.isin(keys % 12, np.unique(pitches) % 12)


@dataclass
class _Heard:
    """A summary of one frame: whether it has tones, whether a tone begins, and whether a key starts."""

    tonal: bool
    attack: bool
    key: bool


class StartDetector:
    """Decides frame by frame whether the music has begun, and how many frames ago.

    Every band has a noise floor, a running mean of its magnitude that rises more slowly while the band is loud, that
    is well above its floor. A tone is a loud band well above its neighbours. Music has begun at the first tone after
    which, within ``confirm_s``, the agent hears a key start: any key with much certainty, or with less a key whose
    pitch class the score starts with. As an instrument may be unknown to the agent, tones alone count too, when they
    fill most of ``steady_s`` and at least two of them begin in it (a hum does so once); music has then begun with the
    first of the run that these tones make. The floor begins very low, as a recording may begin with its first note;
    noise from the start on has neither keys nor tones.

    Args:
        config: The thresholds.
        expected: The keys that the score starts with, bool (88,); see `expected_keys`.

    Attributes:
        notes: The number of notes that began so far: a tone or a key after a frame without one.
        quiet_frames: The number of frames since there was a tone or a key.
    """

    def __init__(self, config: StartConfig, expected: NDArray[np.bool_]) -> None:
        self.config, self.expected = config, expected
        self._confirm = max(1, round(config.confirm_s * FRAME_RATE_HZ))
        self._steady = max(1, round(config.steady_s * FRAME_RATE_HZ))
        self._fast, self._slow = (_blend(time_s) for time_s in (config.floor_memory_s, config.loud_memory_s))
        self._floor = np.full(BAND_COUNT, config.quietest)
        self._before = deque([np.zeros(BAND_COUNT)] * _ATTACK_FRAMES, maxlen=_ATTACK_FRAMES)
        self._heard: list[_Heard] = []
        self.notes = self.quiet_frames = 0

    def expect(self, expected: NDArray[np.bool_]) -> None:
        """Expect other keys from now on, bool (88,), and forget what was heard but for the noise floor."""
        self.expected = expected
        self._heard.clear()

    @property
    def note_begins(self) -> bool:
        """Whether a note began in the last frame."""
        begins = [heard.attack or heard.key for heard in self._heard[-2:]]
        return begins[-1:] == [True] and begins != [True, True]

    @property
    def memory_frames(self) -> int:
        """The number of frames by which an answer can point back."""
        return max(self._confirm, self._steady)

    def hear(self, frame: Floats, pressed: Floats) -> None:
        """Take in one frame.

        Args:
            frame: The frame of the spectrogram, (78,).
            pressed: The agent's logits of starting keys, (88,).
        """
        magnitude = np.power(10.0, frame, dtype=np.float64) - 1.0
        loud = magnitude > self.config.above_floor * self._floor + self.config.quietest
        tones = loud & (magnitude > self.config.tone_ratio * (_AROUND @ magnitude))
        attack = tones & (magnitude > _ATTACK * self._before[0])
        self._before.append(magnitude)
        self._heard.append(
            _Heard(
                tonal=bool(tones.any()),
                attack=bool(attack.any()),
                key=self._starts_key(pressed),
            )
        )
        del self._heard[: -self.memory_frames]
        rising = loud & (magnitude > self._floor)
        self._floor += np.where(rising, self._slow, self._fast) * (magnitude - self._floor)
        self.notes += self.note_begins
        self.quiet_frames = 0 if self._heard[-1].tonal or self._heard[-1].key else self.quiet_frames + 1

    def begun(self) -> int | None:
        """Return how many frames ago the music began, 0 if in the last one; None while there is none."""
        recent = [heard.tonal for heard in self._heard[-self._confirm :]]
        if self._heard[-1].key and any(recent):
            return len(recent) - 1 - recent.index(True)
        steady = self._heard[-self._steady :]
        tones = [heard.tonal for heard in steady]
        attacks = [heard.attack for heard in steady]
        begun = sum(now and not before for before, now in zip([False, *attacks], attacks, strict=False))
        if tones[-1] and begun >= _FEWEST_TONES and sum(tones) >= self.config.steady_share * self._steady:
            return _run_length(tones) - 1
        return None

    def _starts_key(self, pressed: Floats) -> bool:
        surest, expected = pressed.max(), pressed.max(initial=-_CERTAIN, where=self.expected)
        return (
            _probability(surest) >= self.config.key_probability
            or _probability(expected) >= self.config.expected_probability
        )


def _run_length(tones: list[bool]) -> int:
    """Return the length of the run of tones up to the end, with short gaps but without single earlier tones."""
    worth = np.cumsum([1 if tone else -1 for tone in reversed(tones)])
    return int(np.argmax(worth)) + 1


def _blend(time_s: float) -> float:
    return 1.0 - float(np.exp(-1.0 / (time_s * FRAME_RATE_HZ)))


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(float(logit), -_CERTAIN), _CERTAIN)))


def _around() -> NDArray[np.float64]:
    """Return the shares of the bands around each band without the nearest in their mean, (78, 78)."""
    band = np.arange(BAND_COUNT)
    distance = np.abs(np.subtract.outer(band, band))
    around = ((distance >= _NEAR) & (distance <= _FAR)).astype(np.float64)
    return around / around.sum(axis=1, keepdims=True)


_AROUND: Final = _around()
