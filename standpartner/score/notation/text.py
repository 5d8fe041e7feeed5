"""Reads notation files as text that the engraver can load.

The files are not trusted, so they are read in a child process with limits. Only `check_file`, which reads nothing of a
file's content, is for the parent.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeET

from standpartner.errors import ScoreError
from standpartner.score.notation.abc import split_abc, write_abc_as_mei
from standpartner.score.notation.choice import EVERYTHING, MusicChoice, find_choice
from standpartner.score.notation.humdrum import merge_staff_spines, split_movements
from standpartner.score.notation.humdrum_transpositions import take_pitches
from standpartner.score.notation.mei_sounding import has_sounding_accidentals
from standpartner.score.notation.mei_source import (
    drop_foreign_metadata,
    include_files,
    keep_movement,
    lengthen_chords,
    list_movements,
    multiply_nested_tuplets,
    name_elements,
    wrap_staff_definitions,
)
from standpartner.score.notation.musicxml import add_part_list, name_repeats, part_wise, repair_musicxml, unzip_musicxml
from standpartner.score.notation.musicxml_tree import repair_tree
from standpartner.score.selection import list_names

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
_LINE_ENDS: Final = re.compile("\r\n?")
_NO_LINE_ENDS: Final = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")  # `str.splitlines` ends lines at them


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


@dataclass(frozen=True)
class Source:
    """Notation as the engraver can load it, with known faults repaired.

    Attributes:
        text: The notation.
        kind: Verovio's name of its format.
        pitches: The MIDI pitches that sound, by the ids of notes, where Verovio would not find them.
        movements: The names of the movements in the file, which may be empty; one unless it holds several.
        movement: The index of the one that was taken.
        implied: Whether the accidentals and octaves that sound must be found from what is written.
        times: How often a repeat is played that is played more than twice, by the id of the measure that it ends with.
    """

    text: str
    kind: str
    pitches: dict[str, int] = field(default_factory=dict)
    movements: tuple[str, ...] = ("",)
    movement: int = 0
    implied: bool = False
    times: dict[str, int] = field(default_factory=dict)


def read_notation(path: Path, choice: MusicChoice = EVERYTHING) -> Source:
    """Read the chosen music of a notation file.

    Raises:
        ScoreError: The file is missing, empty, too large, of an unknown kind, or not of the kind that its name says, or
            it has no such movement or tune.
    """
    check_file(path)
    kind = FORMATS[path.suffix.lower()]
    data = _read_bytes(path)
    if data[:2] == b"PK":
        data = unzip_musicxml(data, path.name, max_bytes=MAX_BYTES)
    text = _decode(data)
    if kind in ("abc", "humdrum"):
        text = _with_plain_lines(text)
    if choice.tune and kind != "abc":
        raise ScoreError(f"{path.name} is no ABC collection, of which --tune chooses; leave it out.")
    if kind == "abc":
        if choice.movement:
            raise ScoreError(f"{path.name} is ABC, of which --tune chooses; leave out --movement.")
        return Source(_check_abc(text, path, tune=choice.tune), "mei", implied=True)
    if kind == "humdrum":
        return _check_humdrum(text, path, choice)
    return _check_xml(text, kind, path, choice)


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


def _with_plain_lines(text: str) -> str:
    """Let lines end with line feeds alone, as the formats that go by lines want it; a comment may hold other breaks."""
    return _NO_LINE_ENDS.sub(" ", _LINE_ENDS.sub("\n", text))


def _check_abc(text: str, path: Path, *, tune: str) -> str:
    tunes = split_abc(text)
    if len(tunes) > 1 or (tunes and tune):
        text = _find_tune(tunes, tune, path.name)
    else:
        text = tunes[0] if tunes else "X:1\n" + text
    if not re.search(r"^K:", text, re.MULTILINE):
        raise ScoreError(f"{path.name} should be an ABC tune, but has no key line (K:), which every tune needs.")
    return write_abc_as_mei(text, name=path.name)


def _find_tune(tunes: list[str], wanted: str, name: str) -> str:
    numbers = [(re.findall(r"\AX:\s*0*(\d+)", tune) or [""])[0] for tune in tunes]
    titles = [(re.findall(r"^T:\s*(.*?)\s*$", tune, re.MULTILINE) or [""])[0] for tune in tunes]
    if not wanted:
        listed = list_names(titles, numbers=numbers)
        raise ScoreError(f"{name} holds {len(tunes)} tunes; choose one by title or number with --tune: {listed}.")
    number = re.sub(r"\A0+(?=\d)", "", wanted.strip())
    if number in numbers:
        return tunes[numbers.index(number)]
    return tunes[find_choice(wanted, titles, kind="tune", file=name, numbers=numbers)]


def _check_humdrum(text: str, path: Path, choice: MusicChoice) -> Source:
    if not re.search(r"^(?:\*\*[^\t\n]*\t)*\*\*kern", text, re.MULTILINE):
        raise ScoreError(f"{path.name} should be Humdrum, but has no **kern spine.")
    movements, names = split_movements(text)
    taken = find_choice(choice.movement, names, kind="movement", file=path.name) if choice.movement else 0
    text, pitches = take_pitches(_hide_lone_name(merge_staff_spines(movements[taken])))
    return Source(text, "humdrum", pitches=pitches, movements=tuple(names), movement=taken)


def _check_xml(text: str, kind: str, path: Path, choice: MusicChoice) -> Source:
    if "<!ENTITY" in text:
        raise ScoreError(f"{path.name} declares XML entities, which are not read; export the score again without them.")
    start = "MEI (<mei>)" if kind == "mei" else "MusicXML (<score-partwise>)"
    if not text.lstrip().startswith("<"):
        raise ScoreError(f"{path.name} should be {start}, but starts with {text.strip()[:30]!r}.")
    text = text.lstrip()  # an XML declaration must come first
    root = _parse(repair_musicxml(text) if "score-partwise" in text else text, path.name)
    name = root.tag.rpartition("}")[2]
    if name == "mei":
        return _check_mei(root, path, choice)
    if choice.movement and name.startswith("score-"):
        raise ScoreError(f"{path.name} is MusicXML, which has one movement a file; leave out --movement.")
    if kind == "mei" or name not in ("score-partwise", "score-timewise"):
        raise ScoreError(f"{path.name} should be {start}, but its first element is <{name}>.")
    part_wise(root)
    add_part_list(root)
    times, pitches = name_repeats(root), repair_tree(root)
    return Source(_hide_lone_name(ET.tostring(root, encoding="unicode")), "musicxml", pitches=pitches, times=times)


def _parse(text: str, name: str) -> ET.Element:
    try:
        root: ET.Element = SafeET.fromstring(text)
    except (SafeET.ParseError, DefusedXmlException, ValueError) as error:
        raise ScoreError(f"{name} is not well-formed XML ({error}); export the score again.") from error
    return root


def _check_mei(root: ET.Element, path: Path, choice: MusicChoice) -> Source:
    name_elements(root)
    include_files(root, path, max_bytes=MAX_BYTES)
    drop_foreign_metadata(root)
    lengthen_chords(root)
    multiply_nested_tuplets(root)
    wrap_staff_definitions(root)
    movements = list_movements(root)
    names = [name for _, name in movements]
    taken = find_choice(choice.movement, names, kind="movement", file=path.name) if choice.movement else 0
    if movements:
        keep_movement(root, movements[taken][0])
    implied = not has_sounding_accidentals(root)
    text = ET.tostring(root, encoding="unicode")
    return Source(text, "mei", movements=tuple(names) or ("",), movement=taken, implied=implied)


def _hide_lone_name(text: str) -> str:
    """Blank the name of a score's only instrument, which would only indent the first system."""
    if len(re.findall(r"<score-part\b", text)) == 1:
        return re.sub(r"<(part-name|part-abbreviation)\b[^<>]*(?<!/)>[^<]*</", r"<\1></", text)
    if len(re.findall(r"^\*\*kern\b|\t\*\*kern\b", text, re.MULTILINE)) <= 2:
        return re.sub(r"(^|\t)\*I[\"'][^\t\r\n]*", r"\1*", text, flags=re.MULTILINE)
    return text
