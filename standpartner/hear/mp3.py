"""Counts the samples of an MPEG audio layer III file by its packets.

libsndfile takes the length from the first packet's Xing, Info or VBRI header. Without one it guesses from the first
packet's bit rate and stops there, which silently shortens files of variable bit rate.

Source of the header's layout and tables: ISO/IEC 11172-3 and 13818-3.
"""

from pathlib import Path
from typing import Final

_LENGTH_HEADERS: Final = (b"Xing", b"Info", b"VBRI")
_BIT_RATES_KBPS: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def length_without_header(path: Path) -> int | None:
    """Count the samples of an mp3 that does not announce its length.

    Args:
        path: The file.

    Returns:
        The samples a channel in the unbroken run of packets from the start, or None where a header gives the length.
    """
    content = path.read_bytes()
    position = _after_tag(content)
    if any(name in content[position : position + 1024] for name in _LENGTH_HEADERS):
        return None
    samples = 0
    while packet := _packet(content[position : position + 4]):
        position += packet[0]
        samples += packet[1]
    return samples


def _after_tag(content: bytes) -> int:
    """Return the position after an ID3v2 tag at the start, whose size is four groups of 7 bits."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    return 10 + sum(part << shift for part, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))


def _packet(header: bytes) -> tuple[int, int] | None:
    """Return the bytes and samples of the packet with this header; None where it is not one of layer III."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate_index, bit_rate_index = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version not in _RATES_HZ or rate_index == 3 or bit_rate_index in (0, 15):
        return None
    samples = 1152 if version == 3 else 576
    bit_rate = 1000 * _BIT_RATES_KBPS[1 if version == 3 else 2][bit_rate_index]
    padding = header[2] >> 1 & 1
    return samples // 8 * bit_rate // _RATES_HZ[version][rate_index] + padding, samples
