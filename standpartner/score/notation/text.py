"""Notation files as text that the engraver can load."""

import io
import re
import zipfile
from pathlib import Path
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.notation.abc import repair_abc, split_abc
from standpartner.score.notation.humdrum import merge_staff_spines

FORMATS: Final = {
    ".abc": "abc",
    ".krn": "humdrum",
    ".mei": "mei",
    ".musicxml": "musicxml",
    ".mxl": "musicxml",
    ".xml": "musicxml",
}
MAX_BYTES: Final = 64 * 1024 * 1024
_XML_MEASURE: Final = re.compile(r"(<measure\b[^>]*>)(.*?)(?=</measure>)", re.DOTALL)
_XML_EVENT: Final = re.compile(r"(<note\b.*?</note>|<backup\b.*?</backup>|<forward\b.*?</forward>)", re.DOTALL)


def read_notation(path: Path) -> tuple[str, str]:
    """Read a notation file as (text, Verovio's name of its format), with known troubles repaired.

    Raises:
        ScoreError: The file is missing, empty, too large, of an unknown kind, or not what its name promises.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(sorted(FORMATS))
        raise ScoreError(f"{path.name} has no known notation suffix; expected one of {known}.")
    data = _read_bytes(path)
    if path.suffix.lower() == ".mxl" or data[:2] == b"PK":
        data = _unzip(data, path)
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
        size = path.stat().st_size
        if not path.is_file():
            raise ScoreError(f"{path} is not a file; give one notation file.")
        if size > MAX_BYTES:
            raise ScoreError(f"{path.name} has {size} bytes; at most {MAX_BYTES} are read: is this a score?")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ScoreError(f"There is no file {path}.") from error
    except OSError as error:
        raise ScoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not data.strip():
        raise ScoreError(f"{path.name} is empty; export the score again.")
    return data


def _unzip(data: bytes, path: Path) -> bytes:
    """Take the score out of a zipped MusicXML file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.startswith("META-INF/")]
            scores = [name for name in names if Path(name).suffix.lower() in {".xml", ".musicxml"}]
            if not scores:
                raise ScoreError(f"{path.name} is a zip file without a MusicXML score in it.")
            if archive.getinfo(scores[0]).file_size > MAX_BYTES:
                raise ScoreError(f"The score in {path.name} is larger than {MAX_BYTES} bytes.")
            return archive.read(scores[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise ScoreError(f"{path.name} should be zipped MusicXML (.mxl), but is no readable zip file.") from error


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
        return re.sub(r'(<\?xml[^>]*encoding=")[^"]*', r"\1UTF-8", text, count=1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        return re.sub(r'(<\?xml[^>]*encoding=")[^"]*', r"\1UTF-8", text, count=1)


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
    return _hide_lone_name(_declare_staves(_stay_in_measures(text))), "musicxml"


def _start(text: str) -> str:
    return repr(text.strip()[:30])


def _declare_staves(text: str) -> str:
    """Add the <staves> that some files leave out although their notes name a second staff."""
    if "<staves>" in text or not re.search(r"<staff>2</staff>", text):
        return text
    return text.replace("</time>", "</time><staves>2</staves>", 1)


def _stay_in_measures(text: str) -> str:
    """Mend measures that go back to before their own beginning, as MuseScore writes around a trill's hidden notes.

    Engravers stop at the beginning and then go forward as far as is written: such a measure gets hundreds of quarters.
    """
    return _XML_MEASURE.sub(lambda measure: measure[1] + _mend_moves(measure[2]), text)


def _mend_moves(measure: str) -> str:
    """Leave out a measure's hidden notes before its beginning, and join the moves around them."""
    kept: list[str] = []
    at = unwritten = 0  # in divisions
    early = mended = False
    for part in _XML_EVENT.split(measure):
        duration = re.search(r"<duration>(\d+)</duration>", part)
        length = int(duration[1]) if duration and "<chord" not in part else 0
        if part.startswith("<note"):
            early = early if "<chord" in part else at < 0 and 'print-object="no"' in part
            if early:
                unwritten += length
                mended = True
            else:
                kept += [_written_move(unwritten), part]
                unwritten = 0
        elif part.startswith(("<backup", "<forward")):
            length = -length if part.startswith("<backup") else length
            unwritten += length
        else:
            kept.append(part)
            continue  # a figured bass or a sound may have durations of their own
        at += length
    return "".join(kept) if mended else measure


def _written_move(divisions: int) -> str:
    name = "backup" if divisions < 0 else "forward"
    return f"<{name}><duration>{abs(divisions)}</duration></{name}>" if divisions else ""


def _hide_lone_name(text: str) -> str:
    """Blank the name of a score's only instrument: it would only push the first system aside."""
    if len(re.findall(r"<score-part\b", text)) == 1:
        return re.sub(r"<(part-name|part-abbreviation)\b[^>]*(?<!/)>[^<]*</", r"<\1></", text)
    if len(re.findall(r"^\*\*kern\b|\t\*\*kern\b", text, re.MULTILINE)) <= 2:
        return re.sub(r"(^|\t)\*I[\"'][^\t\r\n]*", r"\1*", text, flags=re.MULTILINE)
    return text
