"""Takes the transpositions out of MusicXML: Verovio knows only the first of a part, and only one for all its staves."""

import xml.etree.ElementTree as ET
from typing import Final

_OCTAVE: Final = 12
_ALL_STAVES: Final = ""  # the staff of a transposition that names none


def take_transpositions(part: ET.Element) -> dict[str, int]:
    """Remove the transpositions of a part, and give ids to the notes that sound otherwise than written.

    Returns:
        The semitones from the written to the sounding pitch, by id.
    """
    current: dict[str, int] = {}
    shifts: dict[str, int] = {}
    for number, element in enumerate(list(part.iter())):
        if element.tag == "attributes":
            for transpose in element.findall("transpose"):
                staff = transpose.get("number", _ALL_STAVES)
                current = ({} if staff == _ALL_STAVES else current) | {staff: _semitones(transpose)}
                element.remove(transpose)
        elif element.tag == "note" and element.find("pitch") is not None:
            semitones = current.get(element.findtext("staff", "1"), current.get(_ALL_STAVES, 0))
            if semitones:
                name = element.get("id") or f"{part.get('id', 'part')}-note-{number}"
                element.set("id", name)
                shifts[name] = semitones
    return shifts


def _semitones(transpose: ET.Element) -> int:
    return _integer(transpose.findtext("chromatic")) + _OCTAVE * _integer(transpose.findtext("octave-change"))


def _integer(text: str | None) -> int:
    try:
        return round(float(text or 0))
    except (ValueError, OverflowError):
        return 0
