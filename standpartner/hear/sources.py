"""Provides sources of sound, which give a performance chunk by chunk: files, arrays, or other implementations."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError
from standpartner.hear.decoding import announced_frames, opened, tolerated_frames
from standpartner.hear.resampling import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, mixed_down

MAX_AUDIO_S: Final = 3 * 3600.0
_BLOCK_FRAMES: Final = 1 << 18


class Source(Protocol):
    """The protocol of sound that comes in chunks."""

    @property
    def name(self) -> str:
        """The name of the sound in messages."""

    @property
    def rate_hz(self) -> int:
        """The samples a second, the same for all chunks."""

    @property
    def channels(self) -> int:
        """The number of channels, the same for all chunks."""

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples, (n, channels), in [-1, 1] as they come, until the sound ends."""


class ArraySource:
    """Sound that is in memory.

    Args:
        audio: The samples in [-1, 1], (n,) or (n, channels).
        rate_hz: The samples a second.
        name: The name of the sound in messages.

    Raises:
        AudioError: The samples have another shape or are not finite floats.
    """

    def __init__(
        self, audio: NDArray[np.floating], *, rate_hz: int = SAMPLE_RATE_HZ, name: str = "the recording"
    ) -> None:
        mixed_down(audio)  # raises for samples that are not sound
        self.name, self.rate_hz = name, rate_hz
        self._audio = audio.astype(np.float32, copy=False).reshape(len(audio), -1)
        self.channels = self._audio.shape[1]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield chunks, (n, channels), of a second or less."""
        for first in range(0, len(self._audio), self.rate_hz):
            yield self._audio[first : first + self.rate_hz]


class FileSource:
    """A recording on disk (wav, flac, ogg, mp3 and all other formats that libsndfile decodes), read in chunks.

    Memory does not grow with the recording. It may be read more than once.

    Args:
        path: The file, whose content and not its name tells the format.
        max_s: The longest recording accepted, in seconds.

    Attributes:
        duration_s: The length in seconds that the file announces.

    Raises:
        AudioError: The file is missing, empty, not audio, cut off, or too long. Reading raises it where the file is
            damaged, shorter than announced, too long, or holds no samples or non-finite ones.
    """

    def __init__(self, path: Path | str, *, max_s: float = MAX_AUDIO_S) -> None:
        self.path, self._max_s = Path(path), max_s
        with opened(self.path) as sound:
            self.rate_hz, self.channels = int(sound.samplerate), int(sound.channels)
            self._check_rate()
            self._announced, self._tolerated = announced_frames(self.path, sound), tolerated_frames(sound)
        self.duration_s = self._announced / self.rate_hz
        self._check_length(self._announced)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield chunks, (n, channels), of a second or less.

        Raises:
            AudioError: The file is damaged or too long; see the class.
        """
        for block in self._blocks():
            for first in range(0, len(block), self.rate_hz):
                yield block[first : first + self.rate_hz]

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode in blocks of one size, because an mp3's last bits depend on how much is decoded at once."""
        decoded = 0
        with opened(self.path) as sound:
            while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                if decoded % _BLOCK_FRAMES:  # after a damaged Ogg page a short block is followed by more
                    second = decoded / self.rate_hz
                    raise AudioError(f"{self.path} is damaged near second {second:.1f}; copy or download it again")
                decoded += len(block)
                self._check_length(decoded)  # the announced length may be wrong
                if not np.isfinite(block).all():
                    raise AudioError(f"{self.path} holds samples that are not finite numbers; export it again")
                yield block
        self._check_end(decoded)

    def _check_rate(self) -> None:
        if not LOWEST_RATE_HZ <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise AudioError(
                f"{self.path} claims {self.rate_hz} samples a second, expected 4 000 to 400 000; export it again"
            )

    def _check_length(self, frames: int) -> None:
        length_s = frames / self.rate_hz
        if length_s > self._max_s:
            raise AudioError(
                f"{self.path} is longer than the {self._max_s:.0f} s allowed ({length_s:.0f} s); cut it or raise max_s"
            )

    def _check_end(self, decoded: int) -> None:
        if decoded == 0:
            raise AudioError(f"{self.path} holds no sound: it has 0 samples; record or export it again")
        if self._announced - decoded > self._tolerated:
            raise AudioError(
                f"{self.path} is cut off or damaged: {self.duration_s:.1f} s are announced, "
                f"{decoded / self.rate_hz:.1f} s are there; copy or download it again, or convert it to wav"
            )
