"""Ogg streams with a fixed serial number: libsndfile draws one by the clock, so that no two files are the same."""

from typing import Final

from standpartner.errors import AudioError

_SERIAL: Final = b"\x00\x00\x00\x01"
_MARK: Final = b"OggS"
_SERIAL_AT, _CHECKSUM_AT, _COUNT_AT, _SIZES_AT = 14, 22, 26, 27  # bytes from the beginning of a page, RFC 3533
_POLYNOMIAL: Final = 0x04C11DB7


def with_fixed_serial(stream: bytes) -> bytes:
    """Give an Ogg stream a fixed serial number, so that the same sound makes the same bytes.

    Args:
        stream: The bytes of one whole logical stream.

    Raises:
        AudioError: The bytes are not such a stream.
    """
    pages, start = [], 0
    while start < len(stream):
        page = bytearray(stream[start : start + _size(stream, start)])
        page[_SERIAL_AT : _SERIAL_AT + 4] = _SERIAL
        page[_CHECKSUM_AT : _CHECKSUM_AT + 4] = bytes(4)
        page[_CHECKSUM_AT : _CHECKSUM_AT + 4] = _checksum(page).to_bytes(4, "little")
        pages.append(bytes(page))
        start += len(page)
    return b"".join(pages)


def _size(stream: bytes, start: int) -> int:
    """The bytes of the page that begins at some byte."""
    segments = stream[start + _COUNT_AT] if stream[start : start + 4] == _MARK and len(stream) > start + 27 else 0
    size = _SIZES_AT + segments + sum(stream[start + _SIZES_AT : start + _SIZES_AT + segments])
    if not segments or start + size > len(stream):
        raise AudioError(f"expected a whole Ogg page at byte {start} of {len(stream)}; write the sound anew")
    return size


def _remainder(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (_POLYNOMIAL if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_REMAINDERS: Final = tuple(_remainder(byte) for byte in range(256))


def _checksum(page: bytearray) -> int:
    """The page's cyclic redundancy check, with zeros where it is written."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _REMAINDERS[value >> 24 ^ byte]
    return value
