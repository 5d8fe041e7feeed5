"""Writes an invented piece as MusicXML: clefs, accidentals, beams, tuplets and signs as an engraver sets them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from standpartner.corpus.invented.harmony import Key
from standpartner.corpus.invented.notes import Voice, accidentals, draw_notes, write_note
from standpartner.corpus.invented.piece import Invention, PrintedBar
from standpartner.corpus.invented.rhythm import TICKS
from standpartner.corpus.invented.textures import Event

_CLEFS: Final = {"treble": ("G", 2), "bass": ("F", 4)}
_TO_BASS_BELOW, _TO_TREBLE_ABOVE = 27, 30  # mean steps of a bar at which a staff changes its clef
_HIGH_LINE, _LOW_LINE = (37, 44), (17, 13)  # least and most step of a bar that is printed an octave nearer
_WORDS: Final = ("Allegro", "Andante", "Moderato", "Presto", "Lento")
_DYNAMICS: Final = ("pp", "p", "mp", "mf", "f", "ff", "sf")
_VOICES: Final = ((1, 2), (5, 6))  # of the two staves
_STEMS: Final = ("up", "down")  # of two voices of a staff


def write_musicxml(piece: Invention, rng: np.random.Generator) -> str:
    """Write a piece as MusicXML.

    Args:
        piece: The piece.
        rng: The source of chance of the signs beside the notes.
    """
    root = ET.Element("score-partwise", version="4.0")
    part = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    ET.SubElement(part, "part-name").text = "Piano"
    music = ET.SubElement(root, "part", id="P1")
    writer = _Writer(piece, rng)
    for number, bar in enumerate(piece.bars):
        writer.write_bar(ET.SubElement(music, "measure", number=str(number + 1)), number, bar)
    return ET.tostring(root, encoding="unicode")


@dataclass
class _Writer:
    """Writes bars one after the other, and remembers what stands at the staves."""

    piece: Invention
    rng: np.random.Generator
    signature: Key | None = None
    clefs: list[str] = field(default_factory=lambda: ["treble", "bass"])
    octave_lines: list[int] = field(default_factory=lambda: [0, 0])

    def write_bar(self, measure: ET.Element, number: int, bar: PrintedBar) -> None:
        staves = (bar.right, bar.left)
        clefs = [_clef_for(voices, before) for voices, before in zip(staves, self.clefs, strict=True)]
        self._write_attributes(measure, bar.signature, clefs)
        self._write_directions(measure)
        self.signature, self.clefs = bar.signature, clefs
        for staff, voices in enumerate(staves):
            if staff:
                _backup(measure, self.piece.meter.bar_ticks)
            self._write_staff(measure, staff, voices, accidentals(voices, bar.signature))
        if number + 1 == len(self.piece.bars):
            for staff in range(2):
                self._write_octave_line(measure, staff, 0)

    def _write_attributes(self, measure: ET.Element, signature: Key, clefs: list[str]) -> None:
        first = self.signature is None
        attributes = ET.Element("attributes")
        if first:
            ET.SubElement(attributes, "divisions").text = str(TICKS)
        if signature != self.signature:
            ET.SubElement(ET.SubElement(attributes, "key"), "fifths").text = str(signature.fifths)
        if first:
            time = ET.SubElement(attributes, "time")
            ET.SubElement(time, "beats").text = str(self.piece.meter.over)
            ET.SubElement(time, "beat-type").text = str(self.piece.meter.under)
            ET.SubElement(attributes, "staves").text = "2"
        for staff, clef in enumerate(clefs):
            if first or clef != self.clefs[staff]:
                element = ET.SubElement(attributes, "clef", number=str(staff + 1))
                sign, line = _CLEFS[clef]
                ET.SubElement(element, "sign").text = sign
                ET.SubElement(element, "line").text = str(line)
        if len(attributes):
            measure.append(attributes)

    def _write_directions(self, measure: ET.Element) -> None:
        if self.signature is None:
            direction = _direction(measure, 1, "above")
            ET.SubElement(direction, "words").text = str(self.rng.choice(_WORDS))
            ET.SubElement(measure, "sound", tempo=str(self.piece.quarters_per_minute))
        if self.rng.random() < self.piece.marks.dynamic:
            dynamics = ET.SubElement(_direction(measure, 1, "below"), "dynamics")
            ET.SubElement(dynamics, str(self.rng.choice(_DYNAMICS)))

    def _write_staff(
        self, measure: ET.Element, staff: int, voices: Sequence[list[Event]], shown: list[list[tuple[bool, ...]]]
    ) -> None:
        shift = self._octave_shift(staff, voices)
        if shift != self.octave_lines[staff]:
            self._write_octave_line(measure, staff, shift)
        pedal = staff == 1 and self.rng.random() < self.piece.marks.pedal
        if pedal:
            _write_pedal(measure, "start")
        for number, events in enumerate(voices):
            if number:
                _backup(measure, self.piece.meter.bar_ticks)
            stem = _STEMS[number] if len(voices) > 1 else ""
            notes = draw_notes(events, shown[number], meter=self.piece.meter, marks=self.piece.marks, rng=self.rng)
            for note in notes:
                write_note(measure, Voice(staff + 1, _VOICES[staff][number], stem), note)
        if pedal:
            _write_pedal(measure, "stop")

    def _octave_shift(self, staff: int, voices: Sequence[list[Event]]) -> int:
        """Return 1 for a bar that is printed an octave lower than it sounds, -1 for one that is printed higher."""
        steps = _steps(voices)
        if not self.piece.octave_lines or not steps:
            return 0
        high = self.clefs[staff] == "treble" and min(steps) >= _HIGH_LINE[0] and max(steps) >= _HIGH_LINE[1]
        low = self.clefs[staff] == "bass" and max(steps) <= _LOW_LINE[0] and min(steps) <= _LOW_LINE[1]
        return int(high) - int(low)

    def _write_octave_line(self, measure: ET.Element, staff: int, shift: int) -> None:
        """End the line of a staff, if there is one, and begin another for a shift that is not 0."""
        before = self.octave_lines[staff]
        self.octave_lines[staff] = shift
        for kind, which in (("stop", before), ("down" if shift > 0 else "up", shift)):
            if which:
                direction = _direction(measure, staff + 1, "above" if which > 0 else "below")
                ET.SubElement(direction, "octave-shift", type=kind, size="8", number=str(staff + 1))


def _direction(measure: ET.Element, staff: int, placement: str) -> ET.Element:
    """Add a direction at a staff, and return the element that says of which kind it is."""
    direction = ET.SubElement(measure, "direction", placement=placement)
    kind = ET.SubElement(direction, "direction-type")
    ET.SubElement(direction, "staff").text = str(staff)
    return kind


def _write_pedal(measure: ET.Element, kind: str) -> None:
    ET.SubElement(_direction(measure, 2, "below"), "pedal", type=kind, line="no", sign="yes")


def _backup(measure: ET.Element, ticks: int) -> None:
    ET.SubElement(ET.SubElement(measure, "backup"), "duration").text = str(ticks)


def _steps(voices: Sequence[list[Event]]) -> list[int]:
    return [pitch.step for events in voices for event in events for pitch in event.pitches]


def _clef_for(voices: Sequence[list[Event]], before: str) -> str:
    """Return the clef of a bar: another one than before where many leger lines would be needed."""
    steps = _steps(voices)
    mean = float(np.mean(steps)) if steps else None
    if mean is None or _TO_BASS_BELOW <= mean <= _TO_TREBLE_ABOVE:
        return before
    return "bass" if mean < _TO_BASS_BELOW else "treble"
