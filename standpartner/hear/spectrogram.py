"""Computes the spectrogram: 78 semitone bands, 20 frames a second, with the same numbers offline and live.

For samples ``x`` in [-1, 1] at 22 050 Hz, frame ``k`` is centred on sample ``c = int(k * 1102.5)``::

    mag[b]  = | sum_{i=0}^{2047} hann[i] * x[c - 1024 + i] * exp(-2j pi b i / 2048) |     b = 0 .. 1023
    s[k, n] = log10(1 + sum_b mag[b] * filter[n, b])                                     n = 0 .. 77

Samples outside the recording are 0, the window is the symmetric Hann window and is not divided out, and frame ``k`` of
``n`` samples exists when ``int(k * 1102.5) < n``.

Source: the features of Henkel et al., "Score Following as a Multi-Modal Reinforcement Learning Problem" (TISMIR 2019,
doi 10.5334/tismir.31), which were computed by madmom (Boeck et al., ACM MM 2016, doi 10.1145/2964284.2973795) with
``LogarithmicFilterbank(num_bands=12, fmin=60, fmax=6000, norm_filters=True, unique_filters=False)`` and
``LogarithmicSpectrogramProcessor()``.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import (
    BAND_COUNT,
    BAND_MAX_HZ,
    BAND_MIN_HZ,
    BANDS_PER_OCTAVE,
    FRAME_RATE_HZ,
    FRAME_SIZE_SAMPLES,
    SAMPLE_RATE_HZ,
)
from standpartner.errors import AudioError
from standpartner.hear.mixing import as_sound

Float32 = NDArray[np.float32]

_A4_HZ: Final = 440.0
_HALF_FRAME: Final = FRAME_SIZE_SAMPLES // 2
_BIN_COUNT: Final = FRAME_SIZE_SAMPLES // 2  # without the Nyquist bin
_BLOCK_FRAMES: Final = 64  # 512 KiB of samples, which stay in the cache
_BLOCK_SAMPLES: Final = 1 << 18


def frame_centre(frame: int) -> int:
    """Return the sample on which a frame is centred: ``int(frame * 1102.5)``, in exact integer arithmetic."""
    return frame * SAMPLE_RATE_HZ // FRAME_RATE_HZ


def frame_count(sample_count: int) -> int:
    """Return the number of frames whose centre lies inside a recording of ``sample_count`` samples."""
    return -(-sample_count * FRAME_RATE_HZ // SAMPLE_RATE_HZ)


def band_centre_bins() -> NDArray[np.int64]:
    """Return the FFT bins nearest to the semitones from 60 Hz to 6 kHz (A4 = 440 Hz).

    Returns:
        The bins, (80,): the edges of the first and last band and the 78 centres between them. Low semitones may share
        a bin.
    """
    lowest = np.ceil(np.log2(BAND_MIN_HZ / _A4_HZ) * BANDS_PER_OCTAVE)
    highest = np.floor(np.log2(BAND_MAX_HZ / _A4_HZ) * BANDS_PER_OCTAVE)
    semitones_hz = _A4_HZ * 2.0 ** (np.arange(lowest, highest + 1) / BANDS_PER_OCTAVE)
    # No semitone lies exactly between two bins, so rounding has no ties to break.
    return np.rint(semitones_hz * FRAME_SIZE_SAMPLES / SAMPLE_RATE_HZ).astype(np.int64)


@lru_cache(maxsize=1)
def filterbank() -> Float32:
    """Return the triangular filters, each of area 1.

    Filter ``n`` rises from the centre bin of semitone ``n`` to that of ``n + 1`` and falls to that of ``n + 2``. Where
    those three bins span less than two, the filter is the single first bin.

    Returns:
        The weights of the FFT bins, (78, 1024), read-only.
    """
    edges = band_centre_bins()
    bins = np.arange(_BIN_COUNT)
    filters = np.zeros((BAND_COUNT, _BIN_COUNT))
    for band, (start, centre, stop) in enumerate(zip(edges[:-2], edges[1:-1], edges[2:], strict=True)):
        if stop - start < 2:
            filters[band, start] = 1.0
            continue
        rising = (bins - start) / max(centre - start, 1)
        falling = (stop - bins) / (stop - centre)
        triangle = np.where(bins < centre, rising, falling).clip(min=0.0)
        filters[band] = triangle / triangle.sum()
    result = filters.astype(np.float32)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=1)
def _sparse_filterbank() -> tuple[NDArray[np.int64], Float32, NDArray[np.int64], int]:
    """Return bins, weights and starts of the bands, with which a frame's sums do not depend on its neighbours.

    The last number is how many bins of a spectrum are needed.
    """
    bands, bins = np.nonzero(filterbank())
    return bins, filterbank()[bands, bins], np.searchsorted(bands, np.arange(BAND_COUNT)), int(bins.max()) + 1


@lru_cache(maxsize=1)
def _window() -> Float32:
    return np.hanning(FRAME_SIZE_SAMPLES).astype(np.float32)


def _bands_of_frames(frames: Float32) -> Float32:
    """Return the spectrogram columns, (n, 78), of cut frames, (n, 2048)."""
    bins, weights, starts, needed = _sparse_filterbank()
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    magnitude = np.abs(spectrum[:, :needed]).astype(np.float32, copy=False)
    bands = np.add.reduceat(magnitude[:, bins] * weights, starts, axis=1)
    return np.log10(1.0 + bands, dtype=np.float32)


def _checked(audio: NDArray[np.floating]) -> Float32:
    """Return the samples as float32.

    Raises:
        AudioError: The samples are not a 1-D array of finite floats, or far too large.
    """
    if audio.ndim != 1 or audio.dtype.kind != "f":
        raise AudioError(
            f"expected mono audio as a 1-D float array in [-1, 1], got {audio.dtype} of shape {audio.shape}; "
            "mix the channels down and divide integers by their full scale"
        )
    return as_sound(audio)


class SpectrogramStream:
    """Computes the spectrogram of audio that arrives in chunks.

    A frame comes out as soon as the last of its 2 048 samples is in (46 ms after its centre). All calls together
    return the same bits as `spectrogram` of all the audio, however it was cut.

    Example:
        >>> stream = SpectrogramStream()
        >>> stream.push(np.zeros(22_050, np.float32)).shape
        (20, 78)
        >>> stream.finish().shape
        (0, 78)
    """

    def __init__(self) -> None:
        self._buffer = np.zeros(_HALF_FRAME, np.float32)  # before the recording there is silence
        self._buffer_start = -_HALF_FRAME  # position of the buffer's first sample in the recording
        self._next_frame = 0
        self._finished = False

    def push(self, chunk: NDArray[np.floating]) -> Float32:
        """Take in the next samples.

        Args:
            chunk: The mono samples in [-1, 1] at 22 050 Hz, (n,); n may be 0.

        Returns:
            The frames that are complete now, (k, 78).

        Raises:
            AudioError: The samples are not mono finite floats, or the stream is finished.
        """
        if self._finished:
            raise AudioError("this spectrogram stream is finished; start a new SpectrogramStream")
        self._buffer = np.concatenate([self._buffer, _checked(chunk)])
        ready = frame_count(self._buffer_start + len(self._buffer) - _HALF_FRAME + 1)
        if ready <= self._next_frame:
            return np.empty((0, BAND_COUNT), np.float32)
        return self._take(ready)

    def finish(self) -> Float32:
        """End the recording and return the frames that reach over its end, filled up with silence.

        Returns:
            The last frames, (k, 78).

        Raises:
            AudioError: The stream is finished already.
        """
        if self._finished:
            raise AudioError("this spectrogram stream is finished; start a new SpectrogramStream")
        self._finished = True
        stop = frame_count(self._buffer_start + len(self._buffer))
        self._buffer = np.concatenate([self._buffer, np.zeros(_HALF_FRAME, np.float32)])
        return self._take(stop)

    def _take(self, stop_frame: int) -> Float32:
        """Return the frames up to ``stop_frame``, and drop the samples that no later frame needs."""
        starts = np.array([frame_centre(k) - _HALF_FRAME for k in range(self._next_frame, stop_frame)], np.int64)
        result = np.empty((len(starts), BAND_COUNT), np.float32)
        for first in range(0, len(starts), _BLOCK_FRAMES):
            block = slice(first, first + _BLOCK_FRAMES)
            cuts = [self._buffer[at : at + FRAME_SIZE_SAMPLES] for at in starts[block] - self._buffer_start]
            result[block] = _bands_of_frames(np.stack(cuts))
        self._next_frame = stop_frame
        keep_from = frame_centre(stop_frame) - _HALF_FRAME
        # A copy, so that a long chunk is not kept alive by its last samples.
        self._buffer = self._buffer[keep_from - self._buffer_start :].copy()
        self._buffer_start = keep_from
        return result


def spectrogram(audio: NDArray[np.floating]) -> Float32:
    """Compute the spectrogram of a whole recording.

    Args:
        audio: The mono samples in [-1, 1] at 22 050 Hz, (n,).

    Returns:
        The spectrogram as ``log10(1 + magnitude)``, (frames, 78); frame k is at second k / 20.

    Raises:
        AudioError: The samples are not mono finite floats.
    """
    stream = SpectrogramStream()
    starts = range(0, max(len(audio), 1), _BLOCK_SAMPLES)
    parts = [stream.push(audio[start : start + _BLOCK_SAMPLES]) for start in starts]
    parts.append(stream.finish())
    return np.concatenate(parts)


def transposed(frames: Float32, semitones: int) -> Float32:
    """Move sound by semitones, each of which is a band wide; low bands, which share their bins, become less exact.

    Args:
        frames: The spectrogram frames, (..., 78).
        semitones: The semitones, upwards if positive.

    Returns:
        The moved frames, (..., 78), silent where nothing comes from.
    """
    moved = np.zeros_like(frames)
    bands = np.arange(BAND_COUNT)
    there = bands[(bands >= semitones) & (bands < BAND_COUNT + semitones)]
    moved[..., there] = frames[..., there - semitones]
    return moved
