"""Damages files as a failing disk does."""

from pathlib import Path


def spoil_block(path: Path) -> None:
    """Make the first compressed block of a zip archive one of a type that there is not: zlib refuses it."""
    content = bytearray(path.read_bytes())
    name, extra = (int.from_bytes(content[at : at + 2], "little") for at in (26, 28))
    content[30 + name + extra] = 0xFF
    path.write_bytes(bytes(content))
