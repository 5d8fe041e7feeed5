"""Writes the notes of a voice as MusicXML, with accidentals, beams, tuplets, ties and signs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from standpartner.corpus.invented.harmony import Key, SpelledPitch
from standpartner.corpus.invented.piece import Marks
from standpartner.corpus.invented.rhythm import TICKS, Meter
from standpartner.corpus.invented.textures import Event

# Ticks: the note's name, its dots, and the notes of its tuplet (as many as, in the time of).
_NOTE_TYPES: Final = {
    3: ("32nd", 0, None),
    4: ("16th", 0, (6, 4)),
    6: ("16th", 0, None),
    8: ("eighth", 0, (3, 2)),
    12: ("eighth", 0, None),
    16: ("quarter", 0, (3, 2)),
    18: ("eighth", 1, None),
    24: ("quarter", 0, None),
    36: ("quarter", 1, None),
    48: ("half", 0, None),
    72: ("half", 1, None),
    96: ("whole", 0, None),
    144: ("whole", 1, None),
}
_ACCIDENTALS: Final = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_LETTERS: Final = "CDEFGAB"


@dataclass(frozen=True)
class Voice:
    """A voice: the number of its staff, its own, and the direction of its stems, if it has one."""

    staff: int
    number: int
    stem: str


@dataclass(frozen=True)
class PrintedNote:
    """An event with all that is printed of it.

    Attributes:
        event: The event.
        shown: Whether each of its written pitches has an accidental.
        beam: "begin", "continue" or "end" if it is beamed.
        tuplet: "start" or "stop" if a tuplet begins or ends with it.
        held: Whether it is tied to the next event.
        slur: "start" or "stop" if a slur begins or ends with it.
        signs: The names of the signs at it.
        whole_bar: Whether it is a rest that fills a bar.
    """

    event: Event
    shown: tuple[bool, ...]
    beam: str
    tuplet: str
    held: bool
    slur: str
    signs: frozenset[str]
    whole_bar: bool


def accidentals(voices: Sequence[list[Event]], signature: Key) -> list[list[tuple[bool, ...]]]:
    """Tell which notes of a staff's bar have an accidental: those whose alteration is not the last one of their line.

    Returns:
        For each event of each voice, one answer for each of its written pitches.
    """
    starts = [np.cumsum([0, *(event.ticks for event in events)]) for events in voices]
    order = sorted((starts[v][n], v, n) for v, events in enumerate(voices) for n in range(len(events)))
    shown: list[list[tuple[bool, ...]]] = [[()] * len(events) for events in voices]
    standing: dict[int, int] = {}
    for _, voice, number in order:
        event = voices[voice][number]
        if event.tied:
            shown[voice][number] = (False,) * len(event.pitches)
            continue
        answers = []
        for pitch in event.written:
            answers.append(pitch.alter != standing.get(pitch.step, signature.alter(pitch.step % 7)))
            standing[pitch.step] = pitch.alter
        shown[voice][number] = tuple(answers)
    return shown


def draw_notes(
    events: Sequence[Event], shown: Sequence[tuple[bool, ...]], *, meter: Meter, marks: Marks, rng: np.random.Generator
) -> list[PrintedNote]:
    """Decide what is printed of a voice's bar."""
    beams, tuplets = _beams(events, meter), _tuplets(events)
    slurred = len(events) > 1 and all(event.pitches for event in events) and rng.random() < marks.slur
    ends = {0: "start", len(events) - 1: "stop"} if slurred else {}
    return [
        PrintedNote(
            event,
            shown[number],
            beams[number],
            tuplets[number],
            held=number + 1 < len(events) and events[number + 1].tied,
            slur=ends.get(number, ""),
            signs=_draw_signs(event, marks, rng),
            whole_bar=event.ticks == meter.bar_ticks,
        )
        for number, event in enumerate(events)
    ]


def _draw_signs(event: Event, marks: Marks, rng: np.random.Generator) -> frozenset[str]:
    drawn = rng.random(4)
    single, chord = len(event.pitches) == 1, len(event.pitches) > 2
    signs = {
        "staccato": drawn[0] < marks.staccato,
        "accent": drawn[1] < marks.accent,
        "fingering": single and drawn[2] < marks.finger,
        "arpeggiate": chord and drawn[3] < marks.arpeggio,
    }
    there = bool(event.pitches) and not event.tied
    return frozenset(name for name, has in signs.items() if there and has)


def _beams(events: Sequence[Event], meter: Meter) -> list[str]:
    """Beam the short notes of each beat."""
    starts = np.cumsum([0, *(event.ticks for event in events)])[:-1]
    short = [bool(event.pitches) and event.ticks < TICKS and event.ticks != 2 * TICKS // 3 for event in events]
    groups = groupby(range(len(events)), key=lambda n: (starts[n] // meter.beat_ticks, short[n] or -n))
    return [
        place for (_, is_short), members in groups for place in _places(len(list(members)), beamed=is_short is True)
    ]


def _places(count: int, *, beamed: bool) -> list[str]:
    if count < 2 or not beamed:
        return [""] * count
    return ["begin", *["continue"] * (count - 2), "end"]


def _tuplets(events: Sequence[Event]) -> list[str]:
    """Find where tuplets begin and end: each fills a quarter note."""
    result, filled = [], 0
    for event in events:
        inside = _NOTE_TYPES[event.ticks][2] is not None
        begins = inside and filled == 0
        filled = filled + event.ticks if inside else 0
        ends = inside and filled == TICKS
        filled = 0 if ends else filled
        result.append("start" if begins else "stop" if ends else "")
    return result


def write_note(measure: ET.Element, voice: Voice, printed: PrintedNote) -> None:
    """Add a note, chord or rest to a measure."""
    event = printed.event
    if event.grace:
        _write_grace(measure, voice, event.grace, _ACCIDENTALS[event.grace.alter] if printed.shown[0] else "")
    shown = printed.shown[len(event.written) - len(event.pitches) :]
    for place, pitch in enumerate(event.pitches or (None,)):
        note = ET.SubElement(measure, "note")
        if place:
            ET.SubElement(note, "chord")
        _write_pitch(note, pitch, whole_bar=printed.whole_bar)
        ET.SubElement(note, "duration").text = str(event.ticks)
        for there, kind in ((event.tied, "stop"), (printed.held, "start")):
            if there:
                ET.SubElement(note, "tie", type=kind)
        ET.SubElement(note, "voice").text = str(voice.number)
        accidental = _ACCIDENTALS[pitch.alter] if pitch and shown[place] else ""
        _write_kind(note, event.ticks, accidental, stem=voice.stem if pitch else "")
        ET.SubElement(note, "staff").text = str(voice.staff)
        if printed.beam and not place:
            ET.SubElement(note, "beam", number="1").text = printed.beam
        _write_notations(note, printed, first=not place)


def _write_pitch(note: ET.Element, pitch: SpelledPitch | None, *, whole_bar: bool = False) -> None:
    if pitch is None:
        ET.SubElement(note, "rest", {"measure": "yes"} if whole_bar else {})
        return
    octave, letter = divmod(pitch.step, 7)
    element = ET.SubElement(note, "pitch")
    ET.SubElement(element, "step").text = _LETTERS[letter]
    ET.SubElement(element, "alter").text = str(pitch.alter)
    ET.SubElement(element, "octave").text = str(octave)


def _write_kind(note: ET.Element, ticks: int, accidental: str, *, stem: str) -> None:
    """Add what a note looks like: its value, dots, accidental, tuplet and stem."""
    name, dots, tuplet = _NOTE_TYPES[ticks]
    ET.SubElement(note, "type").text = name
    for _ in range(dots):
        ET.SubElement(note, "dot")
    if accidental:
        ET.SubElement(note, "accidental").text = accidental
    if tuplet:
        times = ET.SubElement(note, "time-modification")
        ET.SubElement(times, "actual-notes").text = str(tuplet[0])
        ET.SubElement(times, "normal-notes").text = str(tuplet[1])
    if stem:
        ET.SubElement(note, "stem").text = stem


def _write_notations(note: ET.Element, printed: PrintedNote, *, first: bool) -> None:
    """Add ties and the sign of a broken chord to a note; to an event's first note its other signs, too."""
    notations = ET.SubElement(note, "notations")
    for there, kind in ((printed.event.tied, "stop"), (printed.held, "start")):
        if there:
            ET.SubElement(notations, "tied", type=kind)
    if first and printed.slur:
        ET.SubElement(notations, "slur", type=printed.slur, number="1")
    if first and printed.tuplet:
        ET.SubElement(notations, "tuplet", type=printed.tuplet)
    articulations = sorted(printed.signs & {"staccato", "accent"}) if first else ()
    if articulations:
        group = ET.SubElement(notations, "articulations")
        for name in articulations:
            ET.SubElement(group, name)
    if "fingering" in printed.signs:
        technical = ET.SubElement(notations, "technical")
        ET.SubElement(technical, "fingering").text = str(printed.event.pitches[0].step % 5 + 1)
    if "arpeggiate" in printed.signs:
        ET.SubElement(notations, "arpeggiate")
    if not len(notations):
        note.remove(notations)


def _write_grace(measure: ET.Element, voice: Voice, pitch: SpelledPitch, accidental: str) -> None:
    note = ET.SubElement(measure, "note")
    ET.SubElement(note, "grace", slash="yes")
    _write_pitch(note, pitch)
    ET.SubElement(note, "voice").text = str(voice.number)
    ET.SubElement(note, "type").text = "eighth"
    if accidental:
        ET.SubElement(note, "accidental").text = accidental
    if voice.stem:
        ET.SubElement(note, "stem").text = voice.stem
    ET.SubElement(note, "staff").text = str(voice.staff)
