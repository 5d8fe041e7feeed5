"""Converts sound of any sampling rate and number of channels to mono at 22 050 Hz, chunk by chunk."""

from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError
from standpartner.hear.mixing import ChannelMixer

LOWEST_RATE_HZ: Final = 4_000
HIGHEST_RATE_HZ: Final = 400_000

Float32 = NDArray[np.float32]


def checked_rate(rate_hz: float) -> int:
    """Return the samples a second as an integer.

    Raises:
        AudioError: The rate is not a whole number from 4 000 to 400 000.
    """
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ or rate_hz != int(rate_hz):
        raise AudioError(
            f"expected a whole number of samples a second from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}, got {rate_hz}"
        )
    return int(rate_hz)


class Resampler:
    """Converts sound that arrives in chunks to mono at 22 050 Hz.

    Channels are mixed down to one by `ChannelMixer`. All calls together return the same bits, however the sound was
    cut. Sound that has the rate already passes at once; other rates are held back by the filter of soxr: at 44.1 and
    48 kHz for some 40 ms.

    Args:
        rate_hz: The samples a second of the arriving sound.

    Raises:
        AudioError: The rate is not a whole number from 4 000 to 400 000.

    Example:
        >>> resampler = Resampler(44_100)
        >>> len(resampler.push(np.zeros((44_100, 2), np.float32))) + len(resampler.finish())
        22050
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = checked_rate(rate_hz)
        same = self.rate_hz == SAMPLE_RATE_HZ
        self._stream = None if same else soxr.ResampleStream(self.rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        self._mixer = ChannelMixer(self.rate_hz)
        self._finished = False

    def push(self, chunk: NDArray[np.floating]) -> Float32:
        """Take in the next samples.

        Args:
            chunk: The samples in [-1, 1], (n,) or (n, channels); n may be 0.

        Returns:
            The mono samples at 22 050 Hz that are ready now, (m,).

        Raises:
            AudioError: The samples have another shape or are not finite floats, or the stream is finished.
        """
        self._check_open()
        mono = self._mixer.mix(chunk)
        return mono if self._stream is None else self._stream.resample_chunk(mono)

    def finish(self) -> Float32:
        """End the sound.

        Returns:
            The last mono samples at 22 050 Hz, (m,).

        Raises:
            AudioError: The stream is finished already.
        """
        self._check_open()
        self._finished = True
        nothing = np.zeros(0, np.float32)
        return nothing if self._stream is None else self._stream.resample_chunk(nothing, last=True)

    def _check_open(self) -> None:
        if self._finished:
            raise AudioError("this stream of sound is finished; start a new Resampler")
