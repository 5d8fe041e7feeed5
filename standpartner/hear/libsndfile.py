"""Decodes with libsndfile, and reads from the file itself what libsndfile does not report: its true length and end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from standpartner.hear.mp3 import PACKET_TOLERANCE, mp3_length
from standpartner.hear.refusal import Refusal
from standpartner.hear.unknown_length import open_sound

_IN_CHUNKS: Final = ("WAV", "WAVEX", "AIFF", "RF64", "W64")
_MAY_SAY_0: Final = ("WAV", "WAVEX", "FLAC", "CAF")
_UNKNOWN_LENGTH: Final = 0x7FFF_0000  # programs that write a WAV file to a pipe announce about the greatest length
_GREATEST_LENGTH: Final = 1 << 40  # libsndfile's number for a length that a FLAC file does not tell is greater
_BLOCK_FRAMES: Final = 1 << 18


class LibsndfileSound:
    """A file that libsndfile has opened.

    Attributes:
        rate_hz: The samples a second.
        channels: The number of channels.
        is_right: Whether libsndfile gives all of the sound, at its place. It stops at the length that it guesses for an
            mp3 without a header, keeps the encoder's delay there, and believes headers that say 0.
        announced: The frames that the file announces; libsndfile itself shortens a cut WAV file silently.
        tolerated: The frames by which there may be fewer.
        has_end: Whether the file ends as its format wants it, as far as that is looked at.
        damaged_at: The frame before which the first damage was met; None so far.
    """

    def __init__(self, path: Path, sound: soundfile.SoundFile) -> None:
        self._sound = sound
        self.rate_hz, self.channels = int(sound.samplerate), int(sound.channels)
        self.tolerated = 0
        self.damaged_at: int | None = None
        self.announced = _announced_by_chunks(sound) if sound.format in _IN_CHUNKS else int(sound.frames)
        self.is_right = 0 < sound.frames < _GREATEST_LENGTH or sound.format not in _MAY_SAY_0
        if sound.format in ("MP3", "MPEG"):
            length = mp3_length(path)
            self.tolerated = PACKET_TOLERANCE
            whole = abs(length.counted - (length.announced or 0)) <= PACKET_TOLERANCE
            self.is_right = length.tells_delay and whole
        self.has_end = sound.format != "OGG" or ogg_is_complete(path)

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> "Iterator[LibsndfileSound]":
        """Open a file.

        Raises:
            Refusal: libsndfile cannot open it.
            OSError: The system cannot open it.
        """
        with open_sound(path) as file:
            try:
                sound = soundfile.SoundFile(file)
            except soundfile.LibsndfileError as error:
                raise _refusal(error) from error
            with sound:
                yield cls(path, sound)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode in blocks of one size, because an mp3's last bits depend on how much is decoded at once.

        Yields:
            The samples, (n, channels). After a damaged page of Ogg a short block is followed by others.

        Raises:
            Refusal: libsndfile gives up.
        """
        decoded = 0
        try:
            while len(block := self._sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                if decoded % _BLOCK_FRAMES:
                    self.damaged_at = self.damaged_at or decoded
                decoded += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            raise _refusal(error) from error


def _refusal(error: soundfile.LibsndfileError) -> Refusal:
    words = str(error.error_string).removeprefix("Error : ").strip().rstrip(".")
    # libsndfile says this of files whose beginning looks like an mp3 but holds no whole packet.
    return Refusal("no complete packet of sound in it" if words.startswith("File does not exist") else words)


def ogg_is_complete(path: Path) -> bool:
    """Tell whether whole pages follow each other up to one marked as the end of its stream (RFC 3533)."""
    ended, position, size = False, 0, path.stat().st_size
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            header = file.read(27 + 255)
            if header[:4] != b"OggS" or len(header) < 27:
                return ended  # other programs' tags may follow the end
            segment_count = header[26]
            position += 27 + segment_count + sum(header[27 : 27 + segment_count])
            ended = bool(header[5] & 4)
    return ended and position == size


def _announced_by_chunks(sound: soundfile.SoundFile) -> int:
    """Return the frames of an uncompressed file by its header, which libsndfile logs beside the true length."""
    wrong = re.search(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    if wrong is None or int(wrong[2]) == 0 or int(wrong[1]) >= _UNKNOWN_LENGTH:
        return int(sound.frames)
    return round(sound.frames * int(wrong[1]) / int(wrong[2]))
