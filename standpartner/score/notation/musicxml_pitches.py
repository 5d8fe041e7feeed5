"""Reads the sounding pitches of MusicXML, as Verovio does not keep them.

It takes accidental marks above notes for their accidentals, and knows only the first transposition of a part.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Final

_OCTAVE: Final = 12
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS: Final = {
    "sharp": 1, "flat": -1, "double-sharp": 2, "sharp-sharp": 2, "flat-flat": -2, "double-flat": -2,
}  # fmt: skip
_ALL_STAVES: Final = ""  # the staff of a transposition that names none


def take_pitches(part: ET.Element, numbers: Iterator[int]) -> dict[str, int]:
    """Give an id to every note of a part that has a pitch, and remove the transpositions.

    Args:
        part: The part.
        numbers: The numbers for ids, used by no other part.

    Returns:
        The MIDI pitch that sounds, by id. Quarter tones sound as the nearest key towards the natural.
    """
    current: dict[str, int] = {}
    pitches: dict[str, int] = {}
    for element in list(part.iter()):
        if element.tag == "attributes":
            for transpose in element.findall("transpose"):
                staff = transpose.get("number", _ALL_STAVES)
                current = ({} if staff == _ALL_STAVES else current) | {staff: _semitones(transpose)}
                element.remove(transpose)
        elif element.tag == "note":
            element.attrib.pop("id", None)
            written = _written_pitch(element)
            if written is not None:
                element.set("id", f"note-{next(numbers)}")
                transposed = current.get(element.findtext("staff", "1"), current.get(_ALL_STAVES, 0))
                pitches[element.attrib["id"]] = written + transposed
    return pitches


def _written_pitch(note: ET.Element) -> int | None:
    pitch = note.find("pitch")
    step = None if pitch is None else _STEPS.get(pitch.findtext("step", "").strip())
    if pitch is None or step is None:
        return None
    altered = pitch.find("alter") is not None
    alteration = _integer(pitch.findtext("alter")) if altered else _ACCIDENTALS.get(note.findtext("accidental", ""), 0)
    return _OCTAVE * (_integer(pitch.findtext("octave")) + 1) + step + alteration


def _semitones(transpose: ET.Element) -> int:
    return _integer(transpose.findtext("chromatic")) + _OCTAVE * _integer(transpose.findtext("octave-change"))


def _integer(text: str | None) -> int:
    try:
        return int(float(text or 0))
    except (ValueError, OverflowError):
        return 0
