"""Reads notation files as text that the engraver can load.

The files are not trusted, so they are read in a child process with limits. Only `check_file`, which reads nothing of a
file's content, is for the parent.
"""

import re
from pathlib import Path
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.notation.abc import repair_abc, split_abc
from standpartner.score.notation.humdrum import merge_staff_spines
from standpartner.score.notation.musicxml import repair_musicxml, unzip_musicxml

FORMATS: Final = {
    ".abc": "abc",
    ".krn": "humdrum",
    ".mei": "mei",
    ".musicxml": "musicxml",
    ".mxl": "musicxml",
    ".xml": "musicxml",
}
MAX_BYTES: Final = 64 * 1024 * 1024
_ENCODING: Final = re.compile(r'\A(\s*<\?xml[^>]*?encoding=")[^"]*')


def check_file(path: Path) -> None:
    """Check without reading a file that it can be read.

    Raises:
        ScoreError: The file is missing, empty, too large, or of an unknown kind.
    """
    if path.suffix.lower() not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise ScoreError(f"{path.name} has no known notation suffix; expected one of {known}.")
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise ScoreError(f"There is no file {path}.") from error
    except OSError as error:
        raise ScoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not path.is_file():
        raise ScoreError(f"{path} is not a file; give one notation file.")
    if size > MAX_BYTES:
        raise ScoreError(f"{path.name} has {size} bytes; at most {MAX_BYTES} are read: is this a score?")
    if size == 0:
        raise ScoreError(f"{path.name} is empty; export the score again.")


def read_notation(path: Path) -> tuple[str, str]:
    """Read a notation file as (text, Verovio's name of its format), with known faults repaired.

    Raises:
        ScoreError: The file is missing, empty, too large, of an unknown kind, or not of the kind that its name says.
    """
    check_file(path)
    kind = FORMATS[path.suffix.lower()]
    data = _read_bytes(path)
    if path.suffix.lower() == ".mxl" or data[:2] == b"PK":
        data = unzip_musicxml(data, path.name, max_bytes=MAX_BYTES)
    text = _decode(data)
    if kind == "abc":
        return _check_abc(text, path), kind
    if kind == "humdrum":
        if not re.search(r"^(?:\*\*[^\t\n]*\t)*\*\*kern", text, re.MULTILINE):
            raise ScoreError(f"{path.name} should be Humdrum, but has no **kern spine.")
        return _hide_lone_name(merge_staff_spines(text)), kind
    return _check_xml(text, kind, path)


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data.strip():
        raise ScoreError(f"{path.name} is empty; export the score again.")
    return data


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
        return _ENCODING.sub(r"\1UTF-8", text)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        return _ENCODING.sub(r"\1UTF-8", text)


def _check_abc(text: str, path: Path) -> str:
    tunes = split_abc(text)
    if len(tunes) > 1:
        raise ScoreError(
            f"{path.name} holds {len(tunes)} tunes; split it first (standpartner.score.notation.abc.split_abc)."
        )
    if not re.search(r"^K:", text, re.MULTILINE):
        raise ScoreError(f"{path.name} should be an ABC tune, but has no key line (K:), which every tune needs.")
    return repair_abc(tunes[0] if tunes else "X:1\n" + text)


def _check_xml(text: str, kind: str, path: Path) -> tuple[str, str]:
    if "<!ENTITY" in text:
        raise ScoreError(f"{path.name} declares XML entities, which are not read; export the score again without them.")
    root = re.search(r"<(?![?!])(?:\w+:)?([\w-]+)", text)
    name = root[1] if root and text.lstrip().startswith("<") else None
    if name == "mei":
        return text, "mei"
    if kind == "mei":
        raise ScoreError(f"{path.name} should be MEI (<mei>), but starts with {_start(text)}.")
    if name == "score-timewise":
        raise ScoreError(f"{path.name} is timewise MusicXML; export it partwise, as notation programs do by default.")
    if name != "score-partwise":
        raise ScoreError(f"{path.name} should be MusicXML (<score-partwise>), but starts with {_start(text)}.")
    return _hide_lone_name(repair_musicxml(text)), "musicxml"


def _start(text: str) -> str:
    return repr(text.strip()[:30])


def _hide_lone_name(text: str) -> str:
    """Blank the name of a score's only instrument, which would only indent the first system."""
    if len(re.findall(r"<score-part\b", text)) == 1:
        return re.sub(r"<(part-name|part-abbreviation)\b[^<>]*(?<!/)>[^<]*</", r"<\1></", text)
    if len(re.findall(r"^\*\*kern\b|\t\*\*kern\b", text, re.MULTILINE)) <= 2:
        return re.sub(r"(^|\t)\*I[\"'][^\t\r\n]*", r"\1*", text, flags=re.MULTILINE)
    return text
