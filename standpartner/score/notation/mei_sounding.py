"""Finds what sounds where MEI gives only what is written: accidentals and octave lines; Verovio does not find it."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from standpartner.score.notation.mei import ID, NAMESPACE, MeiFacts
from standpartner.score.notation.time_map import NoteSpan

_SHARPS: Final = "fcgdaeb"
_SIGNATURE: Final = re.compile(r"([0-7])([sf])")
_OCTAVES: Final = {"8": 1, "15": 2, "22": 3}
_SLACK: Final = 1e-4  # quarters


def has_sounding_accidentals(root: ET.Element) -> bool:
    """Tell whether a document gives sounding accidentals at all."""
    return any("accid.ges" in element.attrib or "accidental.ges" in element.attrib for element in root.iter())


@dataclass
class _Keys:
    """The key signature of each staff: {step: accidental}."""

    everywhere: dict[str, str] = field(default_factory=dict)
    staves: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, staff: str) -> dict[str, str]:
        return self.staves.get(staff, self.everywhere)


def imply_accidentals(root: ET.Element) -> None:
    """Set each note's sounding accidental: its own, else the measure's on its line, else the key's; then over ties."""
    keys = _Keys()
    for element, staff in _in_staves(root, ""):
        if element.tag == f"{NAMESPACE}scoreDef":
            signature = _signature_of(element)
            if signature is not None:
                keys.everywhere = signature
                keys.staves.clear()
        elif element.tag == f"{NAMESPACE}staffDef":
            signature = _signature_of(element)
            if signature is not None:
                keys.staves[element.get("n", "")] = signature
        elif element.tag == f"{NAMESPACE}staff":
            _imply_in_measure(element, keys, staff)
    _carry_over_ties(root)


def _in_staves(element: ET.Element, staff: str) -> Iterator[tuple[ET.Element, str]]:
    if element.tag == f"{NAMESPACE}staff":
        staff = element.get("n", "")
    yield element, staff
    for child in element:
        yield from _in_staves(child, staff)


def _signature_of(definition: ET.Element) -> dict[str, str] | None:
    """Return the key signature that a definition sets, None where it sets none."""
    for name in ("keysig", "key.sig"):
        if name in definition.attrib:
            return read_signature(definition.attrib[name])
    element = definition.find(f"{NAMESPACE}keySig")
    return None if element is None else _signature_in(element)


def _signature_in(element: ET.Element) -> dict[str, str]:
    own = {accid.get("pname", ""): accid.get("accid", "n") for accid in element.iter(f"{NAMESPACE}keyAccid")}
    return own or read_signature(element.get("sig", "0"))


def read_signature(text: str) -> dict[str, str]:
    """Read a key signature such as "3f" as {step: accidental}."""
    found = _SIGNATURE.fullmatch(text.strip())
    if found is None:
        return {}
    steps = _SHARPS if found[2] == "s" else _SHARPS[::-1]
    return dict.fromkeys(steps[: int(found[1])], found[2])


def _imply_in_measure(staff: ET.Element, keys: _Keys, number: str) -> None:
    current: dict[tuple[str, str], str] = {}
    for element in staff.iter():
        if element.tag == f"{NAMESPACE}keySig":
            keys.staves[number] = _signature_in(element)
            current.clear()
        elif element.tag == f"{NAMESPACE}note":
            line = _line(element)
            if own := _own(element):
                current[line] = own
            element.set("accid.ges", current.get(line, keys.of(number).get(line[0], "n")))


def _carry_over_ties(root: ET.Element) -> None:
    notes = {note.get(ID, ""): note for note in root.iter(f"{NAMESPACE}note")}
    for tie in root.iter(f"{NAMESPACE}tie"):
        first, second = (notes.get(tie.get(side, "").removeprefix("#")) for side in ("startid", "endid"))
        if first is not None and second is not None and _line(first) == _line(second) and not _own(second):
            second.set("accid.ges", first.get("accid.ges", "n"))


def _line(note: ET.Element) -> tuple[str, str]:
    return note.get("pname", ""), note.get("oct", "")


def _own(note: ET.Element) -> str:
    """Return the written accidental of a note, or an empty string."""
    sources = [note, *note.iter(f"{NAMESPACE}accid")]
    return next((source.attrib["accid"] for source in sources if "accid" in source.attrib), "")


def shift_octaves(
    facts: MeiFacts, root: ET.Element, spans: Mapping[str, NoteSpan], measure_quarters: Mapping[str, float]
) -> None:
    """Move the pitches of notes under octave lines that have no sounding octave of their own.

    Args:
        facts: The facts of the document, whose notes are changed.
        root: The document.
        spans: The start and end of each note.
        measure_quarters: The start of each measure in quarters.
    """
    staff_of, own = _staves_of_notes(root)
    for octave, begin, end in _octave_lines(root, spans, measure_quarters):
        shift = 12 * _OCTAVES.get(octave.get("dis", "8"), 1) * (-1 if octave.get("dis.place") == "below" else 1)
        staves = octave.get("staff", staff_of.get(octave.get("startid", "").removeprefix("#"), "1")).split()
        under = [
            note
            for note, span in spans.items()
            if begin - _SLACK <= span.quarter <= end + _SLACK and staff_of.get(note) in staves and note in facts.notes
        ]
        if not any(note in own for note in under):
            for note in under:
                facts.notes[note] = replace(facts.notes[note], pitch=facts.notes[note].pitch + shift)


def _staves_of_notes(root: ET.Element) -> tuple[dict[str, str], set[str]]:
    """Return the staff of each note, and the notes that have a sounding octave."""
    staff_of: dict[str, str] = {}
    own: set[str] = set()
    for element, staff in _in_staves(root, ""):
        if element.tag == f"{NAMESPACE}note":
            staff_of[element.get(ID, "")] = staff
            if "oct.ges" in element.attrib:
                own.add(element.get(ID, ""))
    return staff_of, own


def _octave_lines(
    root: ET.Element, spans: Mapping[str, NoteSpan], measure_quarters: Mapping[str, float]
) -> Iterator[tuple[ET.Element, float, float]]:
    """Yield each octave line with its first and last quarter."""
    measures = list(root.iter(f"{NAMESPACE}measure"))
    starts = [measure_quarters.get(measure.get(ID, ""), 0.0) for measure in measures]
    beat = 1.0  # the quarters of a beat
    number = -1
    for element in root.iter():
        beat = _beat_of(element, beat)
        if element.tag == f"{NAMESPACE}measure":
            number += 1
        if element.tag != f"{NAMESPACE}octave":
            continue
        first, last = (spans.get(element.get(side, "").removeprefix("#")) for side in ("startid", "endid"))
        begin = first.quarter if first else starts[number] + _beats(element.get("tstamp", "1")) * beat
        measures_on, _, beats = element.get("tstamp2", "0m+1").rpartition("m+")
        target = min(number + (int(measures_on) if measures_on.isdecimal() else 0), len(starts) - 1)
        end = last.quarter if last else starts[target] + _beats(beats) * beat
        yield element, begin, end


def _beat_of(element: ET.Element, before: float) -> float:
    unit = element.get("meter.unit") or (element.get("unit") if element.tag == f"{NAMESPACE}meterSig" else None)
    return 4 / int(unit) if unit and unit.isdecimal() and int(unit) else before


def _beats(text: str) -> float:
    try:
        return max(0.0, float(text) - 1)
    except ValueError:
        return 0.0
