"""Corrects the keys and accidentals of ABC tunes in Verovio's MEI.

Verovio 6.4 takes only the first key of a tune, plays sharps in tunes without a key signature, and lets an accidental
hold for one note instead of the measure. Here every key change becomes a key signature in the MEI, and every note gets
the accidental that a reader of the page would play.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from standpartner.score.notation.mei import ID, NAMESPACE

_TONICS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES: Final = {
    "maj": 0,
    "ion": 0,
    "mix": -1,
    "dor": -2,
    "m": -3,
    "min": -3,
    "aeo": -3,
    "phr": -4,
    "loc": -5,
    "lyd": 1,
}
_KEY: Final = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")
_SHARPS: Final = "fcgdaeb"
_TOKEN: Final = re.compile(
    r"\[K:(?P<inline>[^\]]*)\]|\[\w:[^\]]*\]|![^!]*!|\{[^}]*\}|%.*|(?P<note>\[[_^=A-Ga-g][^\]]*\]|[A-Ga-g])"
)


@dataclass(frozen=True)
class KeyChange:
    """A key signature in fifths, and the number of notes and chords before it (without grace notes)."""

    after_notes: int
    fifths: int


def count_fifths(key: str) -> int:
    """Count the sharps (or, negative, flats) of an ABC key such as ``Bb``, ``F#m`` or ``D mixolydian``; -7 to 7.

    Keys without a tonic (``none``) have 0, the Highland pipes' ``HP`` and ``Hp`` 2.
    """
    key = key.strip()
    if key.lower().startswith("hp"):
        return 2
    found = _KEY.match(key)
    if found is None:
        return 0
    mode = found[3].lower()
    shift = _MODES.get(mode if mode == "m" else mode[:3], 0)
    return max(-7, min(7, _TONICS[found[1]] + {"#": 7, "b": -7, "": 0}[found[2]] + shift))


def read_keys(text: str) -> list[KeyChange]:
    """List the keys of an ABC tune, the first one (before any note) included."""
    keys: list[KeyChange] = []
    notes = 0
    for line in text.splitlines():
        if line.startswith("K:"):
            keys.append(KeyChange(notes, count_fifths(line[2:])))
        elif not re.match(r"[A-Za-z+]:", line) and keys:
            for token in _TOKEN.finditer(line):
                if token["inline"]:
                    keys.append(KeyChange(notes, count_fifths(token["inline"])))
                notes += token["note"] is not None
    return keys


def put_keys_right(root: ET.Element, text: str) -> bool:
    """Write a tune's key signatures and the accidentals that they imply into its MEI.

    A change inside a measure takes effect with the next measure; of several voices only the first key is written.

    Returns:
        Whether the page changes, so that the MEI must be engraved again.
    """
    keys = read_keys(text)
    changed = bool(keys) and _set_first_key(root, keys[0])
    later = [key for before, key in pairwise(keys) if key.fifths != before.fifths]
    if re.search(r"^V:|\[V:", text, re.MULTILINE):
        later = []  # the notes of several voices cannot be counted like this
    for key in later:
        changed |= _insert_key(root, key)
    _write_accidentals(root)
    return changed


def _signature(fifths: int) -> str:
    return f"{abs(fifths)}{'s' if fifths > 0 else 'f'}" if fifths else "0"


def _fifths(signature: str) -> int:
    return (1 if signature.endswith("s") else -1) * int(signature.rstrip("sf") or 0)


def _set_first_key(root: ET.Element, key: KeyChange) -> bool:
    definition = root.find(f".//{NAMESPACE}scoreDef")
    if definition is None or _fifths(definition.get("keysig", "0")) == key.fifths:
        return False
    definition.set("keysig", _signature(key.fifths))
    return True


def _insert_key(root: ET.Element, key: KeyChange) -> bool:
    """Insert a key signature before the first measure that begins at or after the change."""
    notes = 0
    for parent in list(root.iter(f"{NAMESPACE}section")):
        for position, child in enumerate(list(parent)):
            if child.tag != f"{NAMESPACE}measure":
                continue
            if notes >= key.after_notes:
                signature = ET.Element(f"{NAMESPACE}scoreDef", {"keysig": _signature(key.fifths)})
                parent.insert(position, signature)
                return True
            notes += sum(_counts(layer) for layer in child.iter(f"{NAMESPACE}layer"))
    return False


def _counts(element: ET.Element) -> int:
    """Count notes and chords, a chord as one, without grace notes."""
    if "grace" in element.attrib or element.tag == f"{NAMESPACE}graceGrp":
        return 0
    if element.tag in (f"{NAMESPACE}note", f"{NAMESPACE}chord"):
        return 1
    return sum(_counts(child) for child in element)


def _write_accidentals(root: ET.Element) -> None:
    """Set each note's sounding accidental: its own, else the measure's on its line, else the key's; then over ties."""
    fifths = 0
    for element in root.iter():
        if element.tag == f"{NAMESPACE}scoreDef" and "keysig" in element.attrib:
            fifths = _fifths(element.attrib["keysig"])
        elif element.tag == f"{NAMESPACE}staff":
            _write_measure(element, fifths)
    notes = {note.get(ID, ""): note for note in root.iter(f"{NAMESPACE}note")}
    for tie in root.iter(f"{NAMESPACE}tie"):
        first, second = (notes.get(tie.get(side, "").removeprefix("#")) for side in ("startid", "endid"))
        if first is not None and second is not None and _line(first) == _line(second) and not _own(second):
            second.set("accid.ges", first.get("accid.ges", "n"))


def _write_measure(staff: ET.Element, fifths: int) -> None:
    altered = _SHARPS[:fifths] if fifths > 0 else _SHARPS[::-1][:-fifths]
    current: dict[tuple[str, str], str] = {}
    for note in staff.iter(f"{NAMESPACE}note"):
        line = _line(note)
        if own := _own(note):
            current[line] = own
        in_key = ("s" if fifths > 0 else "f") if line[0] in altered else "n"
        note.set("accid.ges", current.get(line, in_key))


def _line(note: ET.Element) -> tuple[str, str]:
    return note.get("pname", ""), note.get("oct", "")


def _own(note: ET.Element) -> str:
    """Return the written accidental of a note, or an empty string."""
    sources = [note, *note.iter(f"{NAMESPACE}accid")]
    return next((source.attrib["accid"] for source in sources if "accid" in source.attrib), "")
