"""Reads from the engraver's MEI the notes' pitches, grace and ties, and the measures' printed numbers."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

NAMESPACE: Final = "{http://www.music-encoding.org/ns/mei}"
ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
ET.register_namespace("", NAMESPACE.strip("{}"))  # edited documents are written with the prefixes that Verovio knows
_STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
# Quarter tones sound as the nearest key towards the natural.
_ALTERATIONS: Final = {
    "s": 1, "f": -1, "n": 0, "ss": 2, "x": 2, "ff": -2, "xs": 3, "sx": 3, "ts": 3, "tf": -3, "nf": -1, "ns": 1,
    "su": 1, "sd": 0, "fu": 0, "fd": -1, "nu": 0, "nd": 0,
}  # fmt: skip


@dataclass(frozen=True)
class MeiNote:
    """A written note: its MIDI pitch, whether it is a grace note, and whether it sounds without being drawn."""

    pitch: int
    grace: bool
    hidden: bool


@dataclass
class MeiFacts:
    """The facts of one MEI document, by id."""

    title: str = ""
    notes: dict[str, MeiNote] = field(default_factory=dict)
    ties: dict[str, str] = field(default_factory=dict)
    measure_numbers: dict[str, str] = field(default_factory=dict)


def read_mei(root: ET.Element) -> MeiFacts:
    """Collect the facts of a parsed MEI document."""
    facts = MeiFacts(title=_title(root))
    chords: dict[str, list[str]] = {}
    for element, grace, hidden in _walk(root, grace=False, hidden=False):
        name = element.tag.removeprefix(NAMESPACE)
        identifier = element.get(ID, "")
        if name == "note" and "pname" in element.attrib:
            facts.notes[identifier] = MeiNote(_pitch(element), grace, hidden)
        elif name == "chord":
            chords[identifier] = [note.get(ID, "") for note in element.iter(f"{NAMESPACE}note")]
        elif name == "measure":
            facts.measure_numbers[identifier] = element.get("n", "")
    for tie in root.iter(f"{NAMESPACE}tie"):
        _add_tie(facts, chords, tie)
    return facts


def _walk(element: ET.Element, *, grace: bool, hidden: bool) -> Iterator[tuple[ET.Element, bool, bool]]:
    grace = grace or "grace" in element.attrib or element.tag == f"{NAMESPACE}graceGrp"
    hidden = hidden or element.get("visible") == "false"
    yield element, grace, hidden
    for child in element:
        yield from _walk(child, grace=grace, hidden=hidden)


def _pitch(note: ET.Element) -> int:
    octave = int(note.get("oct.ges", note.get("oct", "4")))
    step = _STEPS.get(note.get("pname.ges", note.get("pname", "c")), 0)
    return 12 * (octave + 1) + step + _alteration(note)


def _alteration(note: ET.Element) -> int:
    sources = [note, *note.iter(f"{NAMESPACE}accid")]
    for key in ("accid.ges", "accid"):
        for source in sources:
            if key in source.attrib:
                return _ALTERATIONS.get(source.attrib[key], 0)
    return 0


def _add_tie(facts: MeiFacts, chords: dict[str, list[str]], tie: ET.Element) -> None:
    ends = [tie.get(side, "").removeprefix("#") for side in ("startid", "endid")]
    first, second = (chords.get(end, [end]) for end in ends)
    for start in first:
        for end in second:
            if start in facts.notes and end in facts.notes and facts.notes[start].pitch == facts.notes[end].pitch:
                facts.ties[start] = end


def _title(root: ET.Element) -> str:
    paths = ("workList/{0}work/{0}title", "fileDesc/{0}titleStmt/{0}title")
    for path in paths:
        for element in root.iterfind(f"{{0}}meiHead/{{0}}{path}".format(NAMESPACE)):
            text = " ".join("".join(element.itertext()).split())
            if text:
                return text
    return ""
