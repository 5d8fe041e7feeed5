"""Splits ABC collections into tunes."""

import re
from typing import Final

_FIELD: Final = re.compile(r"^[A-Za-z+]:")
_MUSIC: Final = re.compile(r"^(?![A-Za-z+]:)[^%]*[A-Ga-gxz|]")
_TUNE_START: Final = re.compile(r"^X:", re.MULTILINE)


def strip_chord_symbols(text: str) -> str:
    """Remove chord symbols and annotations in double quotes from the music lines; header fields keep theirs."""
    lines = text.splitlines()
    return "".join((line if _FIELD.match(line) else re.sub(r'"[^"]*"', "", line)) + "\n" for line in lines)


def split_abc(text: str) -> list[str]:
    """Split ABC text into its tunes, each starting at its ``X:`` line.

    Fields of a file header (before the first tune) are repeated in every tune; a tune ends at an empty line.
    Text without an ``X:`` line has no tunes.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    starts = [match.start() for match in _TUNE_START.finditer(text)]
    if not starts:
        return []
    common = [line for line in text[: starts[0]].split("\n") if _FIELD.match(line)]
    tunes = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        number, *rest = re.split(r"\n[ \t]*\n", text[start:end], maxsplit=1)[0].rstrip().split("\n")
        tunes.append("\n".join([number, *common, *rest]) + "\n")
    return tunes
