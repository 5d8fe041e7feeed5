"""Reads from the engraver's MEI the notes' pitches, grace and ties, and the measures' printed numbers."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

NAMESPACE: Final = "{http://www.music-encoding.org/ns/mei}"
ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
ET.register_namespace("", NAMESPACE.strip("{}"))  # edited documents are written with the prefixes that Verovio knows
_STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_USUAL_SEMITONES: Final = (0, 2, 3, 5, 7, 9, 10)  # of 0 to 6 steps, for transposing instruments
_ALL: Final = ""  # the staff of what a score definition sets for all staves
# Quarter tones sound as the nearest key towards the natural.
_ALTERATIONS: Final = {
    "s": 1, "f": -1, "n": 0, "ss": 2, "x": 2, "ff": -2, "xs": 3, "sx": 3, "ts": 3, "tf": -3, "nf": -1, "ns": 1,
    "su": 1, "sd": 0, "fu": 0, "fd": -1, "nu": 0, "nd": 0,
}  # fmt: skip


@dataclass(frozen=True)
class MeiNote:
    """A written note: its sounding MIDI pitch, and whether it is a grace note, is not drawn, or is only a cue."""

    pitch: int
    grace: bool
    hidden: bool
    cue: bool = False


@dataclass
class MeiFacts:
    """The facts of one MEI document, by id."""

    title: str = ""
    notes: dict[str, MeiNote] = field(default_factory=dict)
    ties: dict[str, str] = field(default_factory=dict)
    measure_numbers: dict[str, str] = field(default_factory=dict)


def read_mei(root: ET.Element, pitches: Mapping[str, int] | None = None) -> MeiFacts:
    """Collect the facts of a parsed MEI document.

    Notes of transposing instruments have the pitch that sounds.

    Args:
        root: The document.
        pitches: The sounding MIDI pitches of notes that are known better than the document says them, by id.
    """
    facts = MeiFacts(title=_title(root))
    chords: dict[str, list[str]] = {}
    transposition: dict[str, int] = {}
    staff = ""
    for element, grace, hidden in _walk(root, grace=False, hidden=False):
        name = element.tag.removeprefix(NAMESPACE)
        identifier = element.get(ID, "")
        if name == "staff":
            staff = element.get("n", "")
        elif name in ("scoreDef", "staffDef") and (semitones := _read_transposition(element)) is not None:
            before = {} if name == "scoreDef" else transposition
            transposition = before | {element.get("n", _ALL): semitones}
        elif name == "note" and "pname" in element.attrib:
            written = _pitch(element) + transposition.get(staff, transposition.get(_ALL, 0))
            pitch = (pitches or {}).get(identifier, written)
            facts.notes[identifier] = MeiNote(pitch, grace, hidden, element.get("cue") == "true")
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


def _read_transposition(definition: ET.Element) -> int | None:
    """Return the semitones from written to sounding pitch that a definition sets, None where it sets none.

    Where only the steps are given, the interval is the one of the usual instruments: a step down is a whole tone.
    """
    semitones, steps = definition.get("trans.semi"), definition.get("trans.diat")
    try:
        if semitones is not None:
            return round(float(semitones))
        if steps is None:
            return None
        octaves, rest = divmod(abs(int(steps)), len(_USUAL_SEMITONES))
    except ValueError:
        return None
    return (12 * octaves + _USUAL_SEMITONES[rest]) * (-1 if int(steps) < 0 else 1)


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
