"""Prepares MEI files for Verovio: includes, the choice of a movement, and lengths of chords."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as SafeET

from standpartner.errors import ScoreError
from standpartner.score.notation.mei import ID, NAMESPACE

_INCLUDE: Final = "{http://www.w3.org/2001/XInclude}include"
_FALLBACK: Final = "{http://www.w3.org/2001/XInclude}fallback"
_MAX_INCLUDES: Final = 64
_MAX_DEPTH: Final = 8


def name_elements(root: ET.Element) -> None:
    """Put the elements of a document without a namespace into that of MEI."""
    if root.tag == "mei":
        for element in root.iter():
            if isinstance(element.tag, str) and not element.tag.startswith("{"):
                element.tag = NAMESPACE + element.tag


def drop_foreign_metadata(root: ET.Element) -> None:
    """Remove from the header what belongs to other namespaces; Verovio writes it back without declaring them."""
    for head in root.iter(f"{NAMESPACE}meiHead"):
        for parent in list(head.iter()):
            for child in [child for child in parent if not str(child.tag).startswith(NAMESPACE)]:
                parent.remove(child)
            for key in [key for key in parent.attrib if key.startswith("{") and key != ID]:
                del parent.attrib[key]


def lengthen_chords(root: ET.Element) -> None:
    """Give chords the length that only their notes have."""
    for chord in root.iter(f"{NAMESPACE}chord"):
        if "dur" in chord.attrib:
            continue
        first = next((note for note in chord.iter(f"{NAMESPACE}note") if "dur" in note.attrib), None)
        if first is not None:
            chord.attrib |= {key: first.attrib[key] for key in ("dur", "dots") if key in first.attrib}


def multiply_nested_tuplets(root: ET.Element) -> None:
    """Give tuplets within tuplets the ratio of both, without its number; Verovio takes a note's nearest one alone."""
    _multiply(root, (1, 1))


def _multiply(element: ET.Element, outer: tuple[int, int]) -> None:
    if element.tag == f"{NAMESPACE}tuplet":
        ratio = element.get("num", ""), element.get("numbase", "")
        if not all(number.isdecimal() and int(number) for number in ratio):
            return
        own = outer[0] * int(ratio[0]), outer[1] * int(ratio[1])
        if outer != (1, 1):
            element.attrib |= {"num": str(own[0]), "numbase": str(own[1]), "num.visible": "false"}
        outer = own
    for child in element:
        _multiply(child, outer)


def wrap_staff_definitions(root: ET.Element) -> None:
    """Put staff definitions that stand between measures into score definitions, outside which Verovio drops them."""
    for parent in list(root.iter()):
        if parent.tag not in (f"{NAMESPACE}section", f"{NAMESPACE}ending"):
            continue
        for index, child in enumerate(list(parent)):
            if child.tag == f"{NAMESPACE}staffDef":
                definition = ET.Element(f"{NAMESPACE}scoreDef")
                ET.SubElement(definition, f"{NAMESPACE}staffGrp").append(child)
                parent[index] = definition


def list_movements(root: ET.Element) -> list[tuple[ET.Element, str]]:
    """List the movements that hold a score with their names, which may be empty."""
    found = []
    for movement in root.iter(f"{NAMESPACE}mdiv"):
        if movement.find(f"{NAMESPACE}score") is not None or movement.find(f"{NAMESPACE}parts") is not None:
            found.append((movement, movement.get("label") or movement.get("n") or ""))
    return found


def keep_movement(root: ET.Element, kept: ET.Element) -> None:
    """Remove all movements but one."""
    movements = f"{NAMESPACE}mdiv"
    for parent in list(root.iter()):
        for child in parent.findall(movements):
            if not any(inside is kept for inside in child.iter(movements)):
                parent.remove(child)


@dataclass
class _Includes:
    """The folder whose files may be included, and how much is still read."""

    folder: Path
    name: str
    bytes_left: int
    count_left: int = _MAX_INCLUDES


def include_files(root: ET.Element, path: Path, *, max_bytes: int) -> None:
    """Replace the XIncludes of a document by what they name: files beside it or in folders beside it.

    Metadata that cannot be included is left out.

    Args:
        root: The document.
        path: Its file.
        max_bytes: The most bytes that all included files may have.

    Raises:
        ScoreError: Music is included from elsewhere or from a file that cannot be read, or too much is included.
    """
    _include(root, _Includes(path.parent.resolve(), path.name, max_bytes), depth=0, music=False)


def _include(element: ET.Element, includes: _Includes, *, depth: int, music: bool) -> None:
    music = music or element.tag == f"{NAMESPACE}music"
    for index, child in reversed(list(enumerate(element))):
        if child.tag != _INCLUDE:
            _include(child, includes, depth=depth, music=music)
            continue
        element.remove(child)
        try:
            included = _read_include(child, includes, depth=depth)
        except ScoreError:
            fallback = child.find(_FALLBACK)
            if music and fallback is None:
                raise
            included = [] if fallback is None else list(fallback)
        for new in reversed(included):
            element.insert(index, new)
            _include(new, includes, depth=depth + 1, music=music)


def _read_include(include: ET.Element, includes: _Includes, *, depth: int) -> list[ET.Element]:
    href = include.get("href", "")
    says = f"{includes.name} includes {href!r}"
    address = urlsplit(href)
    if not address.path or address.scheme or address.netloc:
        raise ScoreError(f"{says}, but only files beside the score are included; put the music into one file.")
    path = (includes.folder / unquote(address.path)).resolve()
    if not path.is_relative_to(includes.folder):
        raise ScoreError(f"{says}, which is outside the folder of the score; put the music into one file.")
    includes.count_left -= 1
    if depth >= _MAX_DEPTH or includes.count_left < 0:
        raise ScoreError(f"{includes.name} includes too many files, or itself; put the music into one file.")
    try:
        size = path.stat().st_size
        includes.bytes_left -= size
        if includes.bytes_left < 0:
            raise ScoreError(f"{says}, and what it includes is too large; is this a score?")
        root = SafeET.fromstring(path.read_bytes())
    except OSError as error:
        raise ScoreError(f"{says}, which cannot be read: {error.strerror or error}; put the file beside it.") from error
    except (SafeET.ParseError, DefusedXmlException, ValueError) as error:
        raise ScoreError(f"{says}, which is not XML that can be read ({error}); export it again.") from error
    name_elements(root)
    return _pointed_at(root, include.get("xpointer") or address.fragment, says)


def _pointed_at(root: ET.Element, pointer: str, says: str) -> list[ET.Element]:
    if not pointer:
        return [root]
    found = list(_with_id(root, pointer.removeprefix("xpointer(id('").removesuffix("'))")))
    if not found:
        raise ScoreError(f"{says} at {pointer!r}, which is not in it; include the element by its xml:id.")
    return found[:1]


def _with_id(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in root.iter() if element.get(ID) == name)
