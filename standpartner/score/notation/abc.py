"""Repairs ABC text so that Verovio reads it correctly."""

import re
from typing import Final

_FIELD: Final = re.compile(r"^[A-Za-z+]:")
_MUSIC: Final = re.compile(r"^(?![A-Za-z+]:)[^%]*[A-Ga-gxz|]")
_TUNE_START: Final = re.compile(r"^X:", re.MULTILINE)
_ENDING: Final = re.compile(r"\[(\d[\d,-]*)(?=\S)")
_TUPLET: Final = re.compile(r"\((\d)(?::\d?)?(?::(\d?))?(?=[^)])")
_NOTE: Final = re.compile(r"(?:\[[_^=A-Ga-g][^\]]*\]|[_^=]*[A-Ga-gxz][,']*)[\d/]*")
_SKIPPED: Final = re.compile(r"![^!]*!|\{[^}]*\}|[^|\[_^=A-Ga-gxz]")


def repair_abc(text: str) -> str:
    """Return ABC text without the constructs that Verovio 6.4 misreads; the music stays the same.

    - Chord symbols are removed, as they make it abort.
    - A space is added after the number of an ending; else the next note would be lost.
    - Spaces are added around tuplets; else they would extend over the whole beam.
    - A bar line is added to the last measure, which would be lost without it.
    """
    lines = strip_chord_symbols(text).splitlines()
    lines = [line if _FIELD.match(line) else _repair_line(line) for line in lines]
    last = next((index for index in reversed(range(len(lines))) if _MUSIC.match(lines[index])), None)
    if last is not None and not re.search(r"[|:\]]\s*$", lines[last]):
        lines[last] = lines[last].rstrip("\\ ") + "|]"
    return "".join(line + "\n" for line in lines)


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


def _repair_line(line: str) -> str:
    line = line.split("%")[0] if not line.startswith("%%") else line
    line = _ENDING.sub(r"[\1 ", line)
    parts, position = [], 0
    for tuplet in _TUPLET.finditer(line):
        if tuplet.start() < position:  # inside the tuplet before
            continue
        end = _tuplet_end(line, tuplet)
        parts += [line[position : tuplet.start()], " ", line[tuplet.start() : end]]
        if end < len(line) and line[end] not in " |:\\<>":
            parts.append(" ")
        position = end
    return "".join([*parts, line[position:]])


def _tuplet_end(line: str, tuplet: re.Match[str]) -> int:
    """Find where the notes of a tuplet end: ``(3`` takes three, ``(3:2:4`` four; at a bar line at the latest."""
    position = tuplet.end()
    for _ in range(int(tuplet[2] or tuplet[1])):
        while skipped := _SKIPPED.match(line, position):
            position = skipped.end()
        note = _NOTE.match(line, position)
        if note is None:
            break
        position = note.end()
    while position < len(line) and line[position] in "-)":
        position += 1
    return position
