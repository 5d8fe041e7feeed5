"""Reads the length of an MPEG audio layer III file from its header and by counting its packets.

The first packet may hold a Xing, Info or VBRI header instead of sound. It announces the number of packets; encoders of
the LAME family write the delay that they add there, too. Files without it are common: streams, and files that were cut.

Source of the layout and tables: ISO/IEC 11172-3 and 13818-3; of the header: the LAME tag specification, revision 1.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKET_TOLERANCE: Final = 2 * 1152  # the samples to which lengths in whole packets are exact
_BIT_RATES_KBPS: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_DELAY_TOLD_BY: Final = (b"LAME", b"Lavf", b"Lavc", b"L3.99")
_HEADER_BYTES: Final = 1024
_HAS_COUNT: Final = 1  # the flag of a Xing header that says how many packets there are

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Mp3Length:
    """The length of an mp3.

    Attributes:
        announced: The samples a channel that its header announces; None without a header.
        counted: The samples a channel in the unbroken run of packets from the start.
        tells_delay: Whether the header tells the delay that the encoder added.
    """

    announced: int | None
    counted: int
    tells_delay: bool


def mp3_length(path: Path) -> Mp3Length:
    """Read the length of an mp3.

    Raises:
        OSError: The file cannot be opened.
        ValueError: The file is empty.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position = _after_tag(content)
        first = _packet(content[position : position + 4])
        header = content[position : position + min(_HEADER_BYTES, first[0] if first else 0)]
        announced = _announced_packets(header)
        if announced is not None and first:
            position += first[0]
        counted = 0
        while packet := _packet(content[position : position + 4]):
            position += packet[0]
            counted += packet[1]
    tells_delay = announced is not None and any(name in header for name in _DELAY_TOLD_BY)
    return Mp3Length(announced * first[1] if announced and first else None, counted, tells_delay)


def _announced_packets(header: bytes) -> int | None:
    """Return the packets that the header in the first packet announces: None without one, 0 where it does not say."""
    for name in (b"Xing", b"Info"):
        if (at := header.find(name)) >= 0:
            says = bool(header[at + 7 : at + 8] and header[at + 7] & _HAS_COUNT)
            return int.from_bytes(header[at + 8 : at + 12], "big") if says else 0
    at = header.find(b"VBRI")
    return int.from_bytes(header[at + 14 : at + 18], "big") if at >= 0 else None


def _after_tag(content: Bytes) -> int:
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
