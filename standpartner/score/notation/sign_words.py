"""Reads the words and numbers that tell how music is repeated: da capo and its like, and the numbers of endings."""

import re
from typing import Final

_WORDS: Final = (
    ("da_capo", re.compile(r"\bd\. ?c\b|\bda ?capo\b", re.IGNORECASE)),
    ("dal_segno", re.compile(r"\bd\. ?s\b|\bdal ?segno\b", re.IGNORECASE)),
    ("to_coda", re.compile(r"\bto ?coda\b", re.IGNORECASE)),
    ("fine", re.compile(r"^fine\b", re.IGNORECASE)),
    ("segno", re.compile(r"^segno$", re.IGNORECASE)),
    ("coda", re.compile(r"^coda$", re.IGNORECASE)),
)


def marks_in(text: str) -> list[str]:
    """Return the names of the signs that words stand for; they are those of `MeasureSigns`."""
    return [mark for mark, words in _WORDS if words.search(text)]


def read_numbers(text: str) -> tuple[int, ...]:
    """Read the numbers of an ending: ``1``, ``1, 2``, ``1-3``, ``1.–3.``, ``1.``."""
    numbers: list[int] = []
    for first, last in re.findall(r"(\d{1,2})(?:\.?\s*[-–]\s*(\d{1,2}))?", text):
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
