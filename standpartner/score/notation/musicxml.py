"""Takes MusicXML out of its archive and repairs it, in a time that grows in proportion to the text."""

import io
import lzma
import re
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeET

from standpartner.errors import ScoreError

_CONTAINER: Final = "META-INF/container.xml"
_ROOT_FILE: Final = "{*}rootfiles/{*}rootfile"
_SUFFIXES: Final = (".musicxml", ".xml")
_NO_MUSIC: Final = frozenset(("META-INF", "__MACOSX"))  # folders of what archives and macOS add
# The errors of `zipfile` for damaged, encrypted and unusually compressed archives.
_DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, NotImplementedError, ValueError),
)
MOST_TIMES: Final = 20  # a repeat that is to be played more often is surely a mistake
_MOVES_START: Final = re.compile(r"<(note|backup|forward)\b")
_MEASURE_START: Final = re.compile(r"<measure\b")


def unzip_musicxml(data: bytes, name: str, *, max_bytes: int) -> bytes:
    """Read the score that the container of a zipped MusicXML file names first.

    Args:
        data: The bytes of the archive.
        name: The name of the file for messages.
        max_bytes: The size of the largest score that is read, in bytes.

    Raises:
        ScoreError: The data are not a readable archive, it has no score in it, or the score is too large.

    Source:
        W3C, "MusicXML 4.0", "Compressed .mxl files".
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            score = _root_file(archive, name, max_bytes=max_bytes)
            return _extract(archive, score, name, max_bytes=max_bytes)
    except _DAMAGE as error:
        raise ScoreError(
            f"{name} should be zipped MusicXML (.mxl), but is no readable zip file ({type(error).__name__}: {error}); "
            "export the score again."
        ) from error


def _extract(archive: zipfile.ZipFile, member: str, name: str, *, max_bytes: int) -> bytes:
    with archive.open(member) as file:
        data = file.read(max_bytes + 1)  # the size that the archive gives need not be true
    if len(data) > max_bytes:
        raise ScoreError(f"{member} in {name} is larger than {max_bytes} bytes; is this a score?")
    return data


def _root_file(archive: zipfile.ZipFile, name: str, *, max_bytes: int) -> str:
    """Return the member that the container names, or the first MusicXML file where there is no container."""
    members = archive.namelist()
    if _CONTAINER in members:
        named = _named_by(_extract(archive, _CONTAINER, name, max_bytes=max_bytes), name)
        if named is not None:
            member = _member(named, members)
            if member is None:
                raise ScoreError(f"The container of {name} names {named!r}, which is not in it; export it again.")
            return member
    for member in members:
        path = PurePosixPath(member)
        hidden = path.name.startswith(".") or not _NO_MUSIC.isdisjoint(part.upper() for part in path.parts)
        if path.suffix.lower() in _SUFFIXES and not hidden:
            return member
    raise ScoreError(f"{name} is a zip file without a MusicXML score in it.")


def _named_by(container: bytes, name: str) -> str | None:
    """Return the path of the first root file of MusicXML that a container names; others are the score's pictures."""
    try:
        files = SafeET.fromstring(container).findall(_ROOT_FILE)
    except (SafeET.ParseError, DefusedXmlException, ValueError) as error:
        raise ScoreError(f"The container of {name} cannot be read ({error}); export the score again.") from error
    scores = [file for file in files if "musicxml" in file.get("media-type", "musicxml")]
    return (scores or files)[0].get("full-path", "") if files else None


def _member(named: str, members: list[str]) -> str | None:
    """Find the member of an archive that a container names; some write backslashes, "./" or %20."""
    plain = unquote(named).replace("\\", "/").removeprefix("./").lstrip("/")
    return next((member for member in (named, plain) if member in members), None)


def part_wise(root: ET.Element) -> None:
    """Bring a timewise MusicXML document into the order of parts, the only one that Verovio reads."""
    if root.tag != "score-timewise":
        return
    root.tag = "score-partwise"
    parts: dict[str, ET.Element] = {}
    for measure in root.findall("measure"):
        root.remove(measure)
        for part in measure.findall("part"):
            whole = parts.setdefault(part.get("id", ""), ET.Element("part", {"id": part.get("id", "")}))
            ET.SubElement(whole, "measure", measure.attrib).extend(part)
    root.extend(parts.values())


def add_part_list(root: ET.Element) -> None:
    """Write the list of parts of a document that lacks it; Verovio reads only parts that are listed."""
    if root.find("part-list") is not None:
        return
    listed = ET.Element("part-list")
    for number, part in enumerate(root.findall("part"), start=1):
        part.set("id", part.get("id") or f"part-{number}")
        ET.SubElement(ET.SubElement(listed, "score-part", {"id": part.get("id", "")}), "part-name")
    root.insert(0, listed)


def name_repeats(root: ET.Element) -> dict[str, int]:
    """Name the measures with which a repeat ends that is played more than twice, as Verovio keeps names but no numbers.

    Args:
        root: The document in the order of parts; measures of its first part get ids.

    Returns:
        How often the repeat is played, by the id of the measure. Numbers that make no sense are left out.
    """
    times: dict[str, int] = {}
    parts = [part.findall("measure") for part in root.findall("part")]
    for number, together in enumerate(zip(*parts, strict=False)):
        signs = [sign for measure in together for sign in measure.findall("barline/repeat[@direction='backward']")]
        written = [int(sign.get("times", "")) for sign in signs if sign.get("times", "").isdecimal()]
        if written and 2 < max(written) <= MOST_TIMES:
            measure = together[0]
            measure.set("id", measure.get("id") or f"repeat-{number}")
            times[measure.get("id", "")] = max(written)
    return times


def repair_musicxml(text: str) -> str:
    """Return MusicXML without the constructs that engravers misread; the music stays the same.

    - Staves that only notes mention are declared.
    - Measures do not go back to before their own beginning.
    """
    return _declare_staves(_stay_in_measures(text))


def _declare_staves(text: str) -> str:
    """Add the <staves> that some files leave out although notes of a part name a second staff."""
    if "<staves>" in text:
        return text
    *parts, rest = text.split("</part>")
    declared = (
        part.replace("</time>", "</time><staves>2</staves>", 1) if "<staff>2</staff>" in part else part
        for part in parts
    )
    return "</part>".join([*declared, rest])


def _stay_in_measures(text: str) -> str:
    """Mend measures that go back to before their own beginning, as MuseScore writes around a trill's hidden notes.

    Engravers stop at the beginning and then go forward by the whole written time, so such a measure gets hundreds of
    quarters.
    """
    *measures, rest = text.split("</measure>")
    return "</measure>".join([*(_mend_measure(part) for part in measures), rest])


def _mend_measure(text: str) -> str:
    """Mend a measure; the text ends with the measure and may begin before it."""
    start = _MEASURE_START.search(text)
    inside = text.find(">", start.end()) + 1 if start else 0
    return text[:inside] + _mend_moves(text[inside:]) if inside else text


def _mend_moves(measure: str) -> str:
    """Leave out a measure's hidden notes before its beginning, and join the moves around them."""
    kept: list[str] = []
    at = unwritten = 0  # both in divisions
    early = mended = False
    for part in _split_moves(measure):
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
            continue  # a figured bass or a sound may have a duration of its own
        at += length
    return "".join(kept) if mended else measure


def _split_moves(measure: str) -> Iterator[str]:
    """Split a measure into its notes, its moves and the text between them."""
    position, never_ends = 0, set[str]()
    for start in _MOVES_START.finditer(measure):
        if start.start() < position or start[1] in never_ends:
            continue
        end = measure.find(f"</{start[1]}>", start.end())
        if end < 0:
            never_ends.add(start[1])
            continue
        end += len(f"</{start[1]}>")
        yield from (measure[position : start.start()], measure[start.start() : end])
        position = end
    yield measure[position:]


def _written_move(divisions: int) -> str:
    name = "backup" if divisions < 0 else "forward"
    return f"<{name}><duration>{abs(divisions)}</duration></{name}>" if divisions else ""
