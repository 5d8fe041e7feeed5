"""Edits MEI documents: keeps the piano part alone, and removes what makes Verovio shift times."""

import copy
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from standpartner.score.notation.mei import ID, NAMESPACE

_PIANO: Final = re.compile(r"pian|klav|clav|cembalo|harpsi|keyboard|pfte|^pno", re.IGNORECASE)
_SOUNDING: Final = frozenset(f"{NAMESPACE}{name}" for name in ("note", "chord", "rest", "space", "mRest"))
_GROUPS: Final = frozenset(f"{NAMESPACE}{name}" for name in ("beam", "tuplet", "bTrem", "fTrem", "graceGrp"))


@dataclass(frozen=True)
class Part:
    """The staves that one player reads, by their numbers in the MEI, and the names that the score gives them."""

    staves: tuple[str, ...]
    name: str


def list_parts(root: ET.Element) -> list[Part]:
    """List the parts of the first score definition: a braced or named group of staves is one part."""
    definition = root.find(f".//{NAMESPACE}scoreDef")
    top = None if definition is None else definition.find(f"{NAMESPACE}staffGrp")
    return [] if top is None else list(_parts_of(top))


def choose_part(parts: list[Part]) -> Part:
    """Choose the part named piano, else one on two or more staves, else the first part."""
    named = [part for part in parts if _PIANO.search(part.name)]
    wide = [part for part in parts if len(part.staves) > 1]
    return max(named, key=lambda part: len(part.staves)) if named else [*wide, *parts][0]


def keep_piano(root: ET.Element) -> bool:
    """Remove all parts but the piano from an MEI document, and return whether there was anything to remove.

    A score of two staves is one player's in any case.
    """
    parts = list_parts(root)
    if len(parts) < 2 or sum(len(part.staves) for part in parts) <= 2:
        return False
    kept = set(choose_part(parts).staves)
    removed = {
        element.get(ID, "")
        for staff in root.iter(f"{NAMESPACE}staff")
        if staff.get("n") not in kept
        for element in staff.iter()
    }

    def unwanted(element: ET.Element) -> bool:
        if element.tag in (f"{NAMESPACE}staff", f"{NAMESPACE}staffDef"):
            return element.get("n") not in kept
        if element.tag == f"{NAMESPACE}staffGrp":
            return all(staff.get("n") not in kept for staff in element.iter(f"{NAMESPACE}staffDef"))
        staves = element.get("staff", "").split()
        ends = [element.get(key, "").removeprefix("#") for key in ("startid", "endid")]
        return (bool(staves) and not kept.intersection(staves)) or any(end in removed for end in ends if end)

    _prune(root, unwanted)
    return True


def needs_plain_times(root: ET.Element) -> bool:
    """Tell whether grace notes or arpeggios would shift other notes in Verovio's time map."""
    return any(
        element.tag in (f"{NAMESPACE}arpeg", f"{NAMESPACE}graceGrp") or "grace" in element.attrib
        for element in root.iter()
    )


def with_plain_times(root: ET.Element) -> ET.Element:
    """Copy an MEI document without grace notes and arpeggios, so that its time map holds the written times."""
    root = copy.deepcopy(root)
    unwanted = {f"{NAMESPACE}arpeg", f"{NAMESPACE}graceGrp"}
    _prune(root, lambda element: element.tag in unwanted or "grace" in element.attrib)
    _prune(root, lambda element: element.tag in _GROUPS and not any(part.tag in _SOUNDING for part in element.iter()))
    return root


def _parts_of(group: ET.Element) -> Iterator[Part]:
    symbol = group.find(f"{NAMESPACE}grpSym")
    braced = group.get("symbol") == "brace" or (symbol is not None and symbol.get("symbol") == "brace")
    if braced or _label(group):
        staves = tuple(staff.get("n", "") for staff in group.iter(f"{NAMESPACE}staffDef"))
        yield Part(staves, " ".join(_label(element) for element in group.iter()).strip())
        return
    for child in group:
        if child.tag == f"{NAMESPACE}staffGrp":
            yield from _parts_of(child)
        elif child.tag == f"{NAMESPACE}staffDef":
            yield Part((child.get("n", ""),), _label(child))


def _label(element: ET.Element) -> str:
    label = element.find(f"{NAMESPACE}label")
    text = element.get("label", "") if label is None else "".join(label.itertext())
    return " ".join(text.split())


def _prune(element: ET.Element, unwanted: Callable[[ET.Element], bool]) -> None:
    for child in list(element):
        if unwanted(child):
            element.remove(child)
        else:
            _prune(child, unwanted)
