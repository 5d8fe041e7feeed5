"""Files whose header does not tell a length are read as what is there."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from standpartner.hear.decoding import decode

RATE_HZ = 22_050
SOUND = (0.1 * np.random.default_rng(0).standard_normal((2 * RATE_HZ, 2))).astype(np.float32)
NONE_64, NONE_32 = (1 << 64) - 1, (1 << 32) - 1


def written(path: Path, kind: str) -> bytearray:
    """The bytes of the sound in a format that tells its length."""
    soundfile.write(path, SOUND, RATE_HZ, format=kind, subtype="PCM_16")
    return bytearray(path.read_bytes())


def read(path: Path) -> tuple[np.ndarray, str | None]:
    header, *blocks, end = decode(str(path))
    return np.frombuffer(b"".join(blocks), np.float32).reshape(-1, header["channels"]), end["remark"]


def au(content, length):
    struct.pack_into(">I", content, 8, length)


def aiff(content, length):
    for at in (4, content.index(b"SSND") + 4, content.index(b"COMM") + 10):
        struct.pack_into(">I", content, at, length)


def caf(content, length):
    struct.pack_into(">Q", content, content.index(b"data") + 4, length)


def w64(content, length):
    for at in (16, content.index(b"data") + 16):
        struct.pack_into("<Q", content, at, length)


def rf64(content, length):
    struct.pack_into("<QQQ", content, 20, length, length, length)
    struct.pack_into("<I", content, content.rindex(b"data") + 4, min(length, NONE_32))


def bw64(content, length):
    content[:4] = b"BW64"
    rf64(content, length)


CASES = [
    (kind, change, length)
    for kind, change, none in (
        ("AU", au, NONE_32),
        ("AIFF", aiff, NONE_32),
        ("CAF", caf, NONE_64),
        ("W64", w64, NONE_64),
        ("RF64", rf64, NONE_64),
        ("RF64", bw64, NONE_64),
    )
    for length in (0, none)
]


@pytest.mark.parametrize(("kind", "change", "length"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_header_without_a_length_is_read_to_the_end_of_the_file(tmp_path, kind, change, length):
    content = written(tmp_path / "whole", kind)
    change(content, length)
    (tmp_path / "stream").write_bytes(content)
    samples, remark = read(tmp_path / "stream")
    np.testing.assert_array_equal(samples, read(tmp_path / "whole")[0])
    assert remark is None


@pytest.mark.parametrize("kind", ["AU", "RF64"])
def test_a_length_that_is_told_is_believed(tmp_path, kind):
    content = written(tmp_path / "whole", kind)
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    samples, _ = read(tmp_path / "cut")
    assert len(samples) == pytest.approx(RATE_HZ, abs=100)
    (tmp_path / "longer").write_bytes(content + bytes(4_000))
    assert len(read(tmp_path / "longer")[0]) == 2 * RATE_HZ
