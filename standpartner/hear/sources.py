"""Provides sources of sound, which give a performance chunk by chunk: files, arrays, or other implementations."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError, ToolError
from standpartner.hear.mixing import MOST_CHANNELS, checked_samples
from standpartner.hear.resampling import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, checked_rate
from standpartner.support.child_streams import stream_apart
from standpartner.support.children import Limits

MAX_AUDIO_S: Final = 3 * 3600.0
# The time in which a block must come. Memory is beyond that of the child at its start.
_LIMITS: Final = Limits(time_s=60.0, memory_bytes=1 << 30)


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
        AudioError: The samples have another shape or are not finite floats, or the rate is not a whole number from
            4 000 to 400 000.
    """

    def __init__(
        self, audio: NDArray[np.floating], *, rate_hz: int = SAMPLE_RATE_HZ, name: str = "the recording"
    ) -> None:
        checked_samples(audio)  # raises for samples that are not sound
        self.name, self.rate_hz = name, checked_rate(rate_hz)
        self.channels = 1 if audio.ndim == 1 else audio.shape[1]
        self._audio = audio.astype(np.float32, copy=False).reshape(-1, self.channels)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield chunks, (n, channels), of a second or less."""
        for first in range(0, len(self._audio), self.rate_hz):
            yield self._audio[first : first + self.rate_hz]


class FileSource:
    """A recording on disk: wav, flac, ogg, mp3, m4a, a video with sound, and all else that `decoding` reads.

    A child process with limits decodes it, in chunks: memory does not grow with the recording, and a file that harms
    its decoder harms nothing else. It may be read more than once.

    Args:
        path: The file, whose content and not its name tells the format.
        max_s: The longest recording accepted, in seconds.

    Attributes:
        duration_s: The length in seconds that the file announces; None where it does not say.
        remark: What of the file could not be read, in words that follow its name; None if it is whole, and as long as
            it has not been read to its end.

    Raises:
        AudioError: The file is missing, empty, not audio, or too long. Reading raises it where the file turns out to be
            too long, or holds no samples or non-finite ones.
    """

    def __init__(self, path: Path | str, *, max_s: float = MAX_AUDIO_S) -> None:
        self.path, self._max_s = Path(path), max_s
        self.remark: str | None = None
        self._begun: Generator[Any, None, None] | None = self._decode()  # the first reading goes on with it
        header = next(self._begun)
        self.rate_hz, self.channels = int(header["rate_hz"]), int(header["channels"])
        self._check_format()
        self.duration_s = header["frames"] / self.rate_hz if header["frames"] else None
        self._check_length(self.duration_s or 0.0)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield chunks, (n, channels), of a second or less.

        Raises:
            AudioError: The file is too long, holds no samples or non-finite ones.
        """
        decoded = 0
        for block in self._blocks():
            decoded += len(block)
            self._check_length(decoded / self.rate_hz)  # the announced length may be wrong
            for first in range(0, len(block), self.rate_hz):
                yield block[first : first + self.rate_hz]

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield blocks as they are decoded. A decoder that fails behind the beginning ends the sound with a remark."""
        decoded, begun, self._begun = 0, self._begun, None
        with closing(begun or self._decode()) as messages:
            if begun is None:
                next(messages)
            try:
                for message in messages:
                    if isinstance(message, bytes):
                        block = np.frombuffer(message, np.float32).reshape(-1, self.channels)
                        decoded += len(block)
                        yield block
                    else:
                        self.remark = message["remark"]
            except ToolError as error:
                if decoded == 0:
                    raise self._failed(error) from error
                self.remark = f"could be read for {decoded / self.rate_hz:.1f} s only: decoding it {error}"

    def _decode(self) -> Generator[Any, None, None]:
        """Yield the messages of `decoding.decode`, the first of which is there already."""
        messages = stream_apart("standpartner.hear.decoding:decode", {"path": str(self.path)}, limits=_LIMITS)
        try:
            yield next(messages)
        except ToolError as error:
            raise self._failed(error) from error
        yield from messages

    def _failed(self, error: ToolError) -> AudioError:
        return AudioError(f"{self.path} cannot be decoded: it {error}; convert it to wav or flac")

    def _check_format(self) -> None:
        if not LOWEST_RATE_HZ <= self.rate_hz <= HIGHEST_RATE_HZ:
            raise AudioError(
                f"{self.path} claims {self.rate_hz} samples a second, expected 4 000 to 400 000; export it again"
            )
        if self.channels > MOST_CHANNELS:
            raise AudioError(
                f"{self.path} has {self.channels} channels, expected at most {MOST_CHANNELS}; export it with fewer"
            )

    def _check_length(self, length_s: float) -> None:
        if length_s > self._max_s:
            raise AudioError(
                f"{self.path} is longer than the {self._max_s:.0f} s allowed ({length_s:.0f} s); cut it or raise max_s"
            )
