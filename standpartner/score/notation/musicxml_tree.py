"""Repairs parsed MusicXML where Verovio misreads it; the music stays the same. docs/verovio.md lists the faults."""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from standpartner.score.notation.musicxml_pitches import take_pitches
from standpartner.score.notation.musicxml_tuplets import bracket_tuplets

_WHOLE: Final = 4  # quarters
_TYPES: Final = (
    "long", "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th",
)  # fmt: skip
QUARTERS: Final = {name: Fraction(16) / 2**index for index, name in enumerate(_TYPES)}
_DOTS: Final = (0, 1, 2, 3)
_JUMPS: Final = frozenset(("coda", "dacapo", "dalsegno", "fine", "segno", "tocoda"))  # attributes of <sound>
_SLACK: Final = Fraction(1, 50)  # quarters; some files round their durations


@dataclass
class TimedNote:
    """A note, rest or chord of a measure: the notes of a chord together, and when it starts.

    Attributes:
        notes: The note elements; the first holds the length.
        start: The start in quarters from the beginning of the measure.
        quarters: The length in quarters, 0 for grace notes.
        voice: The voice and staff.
    """

    notes: list[ET.Element]
    start: Fraction
    quarters: Fraction
    voice: tuple[str, str]

    @property
    def first(self) -> ET.Element:
        """The first note element."""
        return self.notes[0]


@dataclass
class TimedMeasure:
    """A measure's notes with their times, and its length in quarters."""

    notes: list[TimedNote] = field(default_factory=list)
    quarters: Fraction = Fraction(0)

    def is_filled_by(self, rest: TimedNote) -> bool:
        """Tell whether a rest is alone in its voice and as long as the measure; without a type Verovio knows it."""
        alone = sum(note.voice == rest.voice for note in self.notes) == 1
        return rest.first.find("rest") is not None and alone and rest.start == 0 and rest.quarters == self.quarters


def repair_tree(root: ET.Element) -> dict[str, int]:
    """Repair a partwise MusicXML document in place.

    - Measures lose ``non-controlling``, at which Verovio breaks off.
    - Measures lose the signs that they repeat others, for which Verovio drops their notes.
    - Jumps that stand outside a direction get one, without which Verovio drops them.
    - Ties that are only heard get a sign, without which Verovio drops them.
    - Notes of a chord lose beams of their own.
    - Notes and rests without a type, or with another than their duration says, get the one of their duration.
    - Tremolos between notes that do not share their time lose their mark, as Verovio would halve it.
    - Rests that fill a measure are marked so.
    - Notes in another time than written get the brackets that tell Verovio so.
    - Notes get ids, so that their pitches are known, and transpositions are taken out.

    Returns:
        The MIDI pitch that sounds of each note, by the id that it gets.
    """
    pitches: dict[str, int] = {}
    numbers = itertools.count(1)
    for part in root.findall("part"):
        divisions = Fraction(1)
        for measure in part.findall("measure"):
            measure.attrib.pop("non-controlling", None)
            _write_notes_again(measure)
            _write_jumps_in_directions(measure)
            _write_ties(measure)
            timed, divisions = _time_measure(measure, divisions)
            _mark_measure_rests(timed)
            for note in timed.notes:
                _drop_beams_of_members(note)
                _drop_untimed_tremolo(note)
                if not timed.is_filled_by(note):
                    _drop_wrong_type(note)
                    _name_type(note)
            bracket_tuplets([(note.first, note.quarters, note.voice) for note in timed.notes if note.quarters])
        pitches |= take_pitches(part, numbers)
    return pitches


def _write_notes_again(measure: ET.Element) -> None:
    for style in measure.iterfind("attributes/measure-style"):
        for sign in style.findall("measure-repeat"):
            style.remove(sign)


def _write_jumps_in_directions(measure: ET.Element) -> None:
    for index, element in enumerate(measure):
        if element.tag == "sound" and not _JUMPS.isdisjoint(element.attrib):
            direction = ET.Element("direction")
            ET.SubElement(ET.SubElement(direction, "direction-type"), "words")
            direction.append(element)
            measure[index] = direction


def _write_ties(measure: ET.Element) -> None:
    for note in measure.iterfind("note"):
        for tie in note.findall("tie"):
            kind = tie.get("type", "")
            if all(tied.get("type") != kind for tied in note.iterfind("notations/tied")):
                notations = note.find("notations")
                notations = ET.SubElement(note, "notations") if notations is None else notations
                ET.SubElement(notations, "tied", {"type": kind})


def _time_measure(measure: ET.Element, divisions: Fraction) -> tuple[TimedMeasure, Fraction]:
    """Find when the notes of a measure start, and the divisions of a quarter at its end."""
    timed = TimedMeasure()
    at = Fraction(0)
    for element in measure:
        if element.tag == "attributes":
            divisions = _number(element.findtext("divisions")) or divisions
        elif element.tag in ("backup", "forward"):
            length = _number(element.findtext("duration")) / divisions
            at = max(Fraction(0), at - length) if element.tag == "backup" else at + length
        elif element.tag == "note":
            at = _add_note(timed, element, at=at, divisions=divisions)
        timed.quarters = max(timed.quarters, at)
    return timed, divisions


def _add_note(timed: TimedMeasure, element: ET.Element, *, at: Fraction, divisions: Fraction) -> Fraction:
    """Add a note element and return the time at which the next one starts."""
    if element.find("chord") is not None and timed.notes:
        timed.notes[-1].notes.append(element)
        return at
    grace = element.find("grace") is not None
    length = Fraction(0) if grace else _number(element.findtext("duration")) / divisions
    voice = (element.findtext("voice", "1"), element.findtext("staff", "1"))
    timed.notes.append(TimedNote([element], at, length, voice))
    return at + length


def _number(text: str | None, otherwise: int = 0) -> Fraction:
    try:
        return max(Fraction(0), Fraction((text or "0").strip())) or Fraction(otherwise)
    except (ValueError, ZeroDivisionError):
        return Fraction(otherwise)


def _drop_beams_of_members(note: TimedNote) -> None:
    for member in note.notes[1:]:
        for beam in member.findall("beam"):
            member.remove(beam)


def _drop_untimed_tremolo(note: TimedNote) -> None:
    """Take off the mark of a tremolo between two notes that each last as long as written."""
    if note.first.find("time-modification") is None:
        for ornaments in note.first.iterfind("notations/ornaments"):
            for mark in ornaments.findall("tremolo"):
                if mark.get("type") in ("start", "stop"):
                    ornaments.remove(mark)


def _drop_wrong_type(note: TimedNote) -> None:
    """Take the type and dots off a note whose duration says another length, which other programs go by."""
    name = note.first.findtext("type", "")
    if name not in QUARTERS or not note.quarters or note.first.find("time-modification") is not None:
        return
    dots = len(note.first.findall("dot"))
    written = QUARTERS[name] * (2 - Fraction(1, 2**dots))
    if abs(written - note.quarters) > _SLACK and any(_lengths(note.quarters)):
        for element in note.notes:
            for part in [part for part in element if part.tag in ("type", "dot")]:
                element.remove(part)


def _name_type(note: TimedNote) -> None:
    """Write the type and dots of a note or rest that has only a duration, if there is one of that length."""
    if not note.quarters or note.first.find("type") is not None:
        return
    rest = note.first.find("rest")
    if rest is not None and rest.get("measure") == "yes":
        return
    changed = note.first.find("time-modification")
    written = note.quarters
    if changed is not None:
        written *= _number(changed.findtext("actual-notes"), 1) / _number(changed.findtext("normal-notes"), 1)
    for name, dots in _lengths(written):
        for element in note.notes:
            if element.find("type") is None:
                place = _after(element, ("voice", "footnote", "level", "instrument", "tie", "duration"))
                for offset, new in enumerate([name] + ["dot"] * dots):
                    item = ET.Element("type" if offset == 0 else "dot")
                    item.text = new if offset == 0 else None
                    element.insert(place + offset, item)
        return


def _lengths(quarters: Fraction) -> Iterator[tuple[str, int]]:
    """Yield the type and the number of dots that make a length, if there are such."""
    for name, length in QUARTERS.items():
        for dots in _DOTS:
            if length * (2 - Fraction(1, 2**dots)) == quarters:
                yield name, dots


def _after(element: ET.Element, tags: tuple[str, ...]) -> int:
    return max((index + 1 for index, child in enumerate(element) if child.tag in tags), default=len(element))


def _mark_measure_rests(timed: TimedMeasure) -> None:
    """Mark whole rests that fill a measure which is not four quarters long."""
    for note in timed.notes:
        rest = note.first.find("rest")
        whole = note.first.findtext("type") == "whole" and note.quarters != _WHOLE
        if rest is not None and whole and timed.is_filled_by(note):
            rest.set("measure", "yes")
