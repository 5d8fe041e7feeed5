"""Opens sound files whose header does not tell a length, as programs write that send sound into a pipe.

Both decoders read a header with the greatest length up to the end of the file. They do not read an AU file that says 0,
nor a WAV file of 64 bits (RF64, BW64) that says 0 or the greatest number of 64 bits. Those are read as if the greatest
length stood in the header; the file itself stays as it is.

Source of the layouts: the Sun/NeXT audio file format, and EBU Tech 3306 and ITU-R BS.2088 for RF64 and BW64.
"""

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

_HEADER_BYTES: Final = 1 << 16
_GREATEST: Final = b"\xff\xff\xff\xff"
_LARGEST_64: Final = 1 << 60  # a length beyond it is no length
_RF64: Final = (b"RF64", b"BW64")
_DATA_SIZE_AT: Final = 28  # of a ds64 chunk that is the first one


def open_sound(path: Path) -> BinaryIO:
    """Open a file to be read, with the greatest length in its header where that tells none and is not read so.

    Raises:
        OSError: The system cannot open it.
    """
    with path.open("rb") as file:
        changes = _changes(file.read(_HEADER_BYTES))
    return io.BufferedReader(_Changed(path, changes)) if changes else path.open("rb")


class _Changed(io.FileIO):
    """A file in which some bytes are read as others.

    Args:
        path: The file.
        changes: What is read instead, by the place of its first byte.
    """

    def __init__(self, path: Path, changes: dict[int, bytes]) -> None:
        super().__init__(path)
        self._changes = changes

    def readinto(self, buffer: Any) -> int:
        first = self.tell()
        count = super().readinto(buffer) or 0
        view = memoryview(buffer).cast("B")
        for at, content in self._changes.items():
            for place, byte in enumerate(content, at - first):
                if 0 <= place < count:
                    view[place] = byte
        return count


def _changes(header: bytes) -> dict[int, bytes]:
    """Return what is to be read instead in a file with a header, by place; empty where nothing is."""
    if header[:4] == b".snd" and header[8:12] == bytes(4):
        return {8: _GREATEST}
    if header[:4] not in _RF64 or header[8:16] != b"WAVEds64" or len(header) < _DATA_SIZE_AT + 8:
        return {}
    size = struct.unpack_from("<Q", header, _DATA_SIZE_AT)[0]
    data_at = _data_chunk(header)
    if 0 < size < _LARGEST_64 or data_at is None:
        return {}
    return {0: b"RIFF" + _GREATEST, data_at + 4: _GREATEST}


def _data_chunk(header: bytes) -> int | None:
    """Return the place of the data chunk of a WAV file; None if it is not in its first part."""
    at = 12
    while at + 8 <= len(header):
        if header[at : at + 4] == b"data":
            return at
        size = struct.unpack_from("<I", header, at + 4)[0]
        at += 8 + size + size % 2
    return None
