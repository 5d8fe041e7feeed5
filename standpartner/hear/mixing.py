"""Mixes channels down to one, without cancelling those of opposite phase."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import AudioError

MOST_CHANNELS: Final = 64  # more are a sign that channels and samples were swapped
_BLOCKS_A_SECOND: Final = 100
_REMEMBERED_S: Final = 1.0
_LARGEST: Final = 2.0**40
_CANCELLED: Final = 0.1  # a mix with less of the energy than this, relative to unrelated channels, cancels
_FORGET: Final = float(np.exp(-1.0 / (_REMEMBERED_S * _BLOCKS_A_SECOND)))

Float32 = NDArray[np.float32]


class ChannelMixer:
    """Mixes a stream of channels down to their mean, where need be with some of them turned over.

    A recorder with one of its wires crossed writes the same sound twice with opposite signs, and their mean is silent.
    So the energy of the mix by the last second is compared with that of unrelated channels of the same energies. When
    it is a tenth or less, the channels that move against the loudest one are turned over from then on. All calls
    together return the same bits, however the sound was cut, and nothing is held back: a hundredth of a second decides
    on the next one. The number of channels may change: what was heard of the former ones is then forgotten.

    Args:
        rate_hz: The samples a second.
    """

    def __init__(self, rate_hz: int) -> None:
        self._block = max(1, rate_hz // _BLOCKS_A_SECOND)
        self._begin(channels=0)

    def mix(self, chunk: NDArray[np.floating]) -> Float32:
        """Mix the next samples.

        Args:
            chunk: The samples in [-1, 1], (n,) or (n, channels); n may be 0.

        Returns:
            The mono samples, float32 (n,).

        Raises:
            AudioError: The samples have another shape, are not finite floats, or are far too large.
        """
        checked = checked_samples(chunk)
        if checked.ndim == 1 or checked.shape[1] == 1:
            return checked.reshape(-1)
        if len(checked) and checked.shape[1] != len(self._products):
            self._begin(channels=checked.shape[1])
        parts, start = [], 0
        while start < len(checked):
            part = checked[start : start + self._missing]
            parts.append(self._mixed(part))
            self._take(part)
            start += len(part)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _begin(self, *, channels: int) -> None:
        """Forget what was heard, and mix this number of channels from now on."""
        self._signs: Float32 | None = None  # None: the plain mean
        self._products: NDArray[np.float64] = np.zeros((channels, channels))
        self._begun: list[Float32] = []  # the samples of the block that is not complete yet
        self._missing = self._block

    def _mixed(self, part: Float32) -> Float32:
        mono: Float32 = (part if self._signs is None else part * self._signs).mean(axis=1, dtype=np.float32)
        return mono

    def _take(self, part: Float32) -> None:
        """Take samples into the statistics, and decide on the signs at the end of a block."""
        self._begun.append(part)
        self._missing -= len(part)
        if self._missing:
            return
        block = np.concatenate(self._begun).astype(np.float64)
        self._begun, self._missing = [], self._block
        self._products = self._products * _FORGET + block.T @ block
        energy = float(np.trace(self._products))
        signs = np.ones(len(self._products)) if self._signs is None else self._signs.astype(np.float64)
        if energy > 0 and signs @ self._products @ signs < _CANCELLED * energy:
            loudest = int(np.argmax(np.diagonal(self._products)))
            turned = np.where(self._products[loudest] < 0, -1.0, 1.0)
            self._signs = None if (turned > 0).all() else turned.astype(np.float32)


def checked_samples(chunk: NDArray[np.floating]) -> Float32:
    """Return samples as float32.

    Args:
        chunk: The samples in [-1, 1], (n,) or (n, channels).

    Raises:
        AudioError: The samples have another shape, are not finite floats, or are far too large.
    """
    if chunk.dtype.kind != "f" or chunk.ndim not in (1, 2) or chunk.shape[1:] == (0,):
        raise AudioError(
            f"expected float samples in [-1, 1] of shape (n,) or (n, channels), got {chunk.dtype} of shape "
            f"{chunk.shape}; divide integers by their full scale"
        )
    if chunk.ndim == 2 and chunk.shape[1] > MOST_CHANNELS:
        raise AudioError(f"expected at most {MOST_CHANNELS} channels, got {chunk.shape[1]}; transpose the samples")
    return as_sound(chunk)


def as_sound(samples: NDArray[np.floating]) -> Float32:
    """Return float samples of any shape as float32.

    Raises:
        AudioError: They are not finite, or far too large to be sound.
    """
    with np.errstate(over="ignore"):
        single: Float32 = samples.astype(np.float32, copy=False)
    if not can_be_sound(single):
        raise AudioError(
            "the audio holds samples that are not finite numbers, or far too large; repair or replace the recording"
        )
    return single


def can_be_sound(samples: Float32) -> bool:
    """Tell whether all samples are finite and no larger than undivided integers are; larger ones overflow later."""
    return bool(np.abs(samples).max(initial=0.0) <= _LARGEST)
