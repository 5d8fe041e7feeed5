"""Writes the events of an ABC voice as a layer of MEI, with beams, tuplets, ties, slurs and ornaments."""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc.music import Event, Pitch
from standpartner.score.notation.mei import ID, NAMESPACE

_DURATIONS: Final = {
    "long": Fraction(16), "breve": Fraction(8), "1": Fraction(4), "2": Fraction(2), "4": Fraction(1),
    "8": Fraction(1, 2), "16": Fraction(1, 4), "32": Fraction(1, 8), "64": Fraction(1, 16), "128": Fraction(1, 32),
    "256": Fraction(1, 64),
}  # fmt: skip
_BEAMED: Final = Fraction(1, 2)  # quarters of the longest note with flags
_ARTICULATIONS: Final = {
    "staccato": "stacc", "accent": "acc", ">": "acc", "emphasis": "acc", "tenuto": "ten", "plus": "stop", "+": "stop",
    "snap": "snap", "upbow": "upbow", "downbow": "dnbow", "open": "open",
}  # fmt: skip
_ORNAMENTS: Final = {
    "lowermordent": ("mordent", {"form": "lower"}), "mordent": ("mordent", {"form": "lower"}),
    "uppermordent": ("mordent", {"form": "upper"}), "pralltriller": ("mordent", {"form": "upper"}),
    "turn": ("turn", {"form": "upper"}), "invertedturn": ("turn", {"form": "lower"}), "trill": ("trill", {}),
    "fermata": ("fermata", {"place": "above"}), "invertedfermata": ("fermata", {"place": "below"}),
}  # fmt: skip
_DYNAMICS: Final = frozenset(("pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sfz"))
_KINDS: Final = {"rest": "rest", "space": "space", "measure-rest": "mRest", "measure-space": "space"}


@dataclass
class _Open:
    """What of a layer goes on behind its last event: the notes that are tied, and open slurs."""

    tied: list[tuple[Pitch, str]] = field(default_factory=list)
    measure: ET.Element | None = None
    slurs: list[ET.Element] = field(default_factory=list)


class LayerWriter:
    """Writes layers in the order of time."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[tuple[str, int], _Open] = {}

    def write(self, layer: ET.Element, events: list[Event], *, voice: str, place: int, measure: ET.Element) -> None:
        """Write the events of a measure into a layer.

        Args:
            layer: The empty layer.
            events: The events, which may be none.
            voice: The name of the voice they belong to.
            place: The number of the layer in its voice.
            measure: The measure, to which slurs, ties and ornaments are added.
        """
        state = self._open.setdefault((voice, place), _Open())
        if not events:
            ET.SubElement(layer, f"{NAMESPACE}mSpace")
        for tuplet, members in itertools.groupby(events, key=lambda event: event.tuplet):
            parent = layer
            if tuplet is not None:
                ratio = {"num": str(tuplet.actual), "numbase": str(tuplet.normal)}
                parent = ET.SubElement(layer, f"{NAMESPACE}tuplet", ratio)
            self._write_beams(parent, list(members), state, measure)

    def _write_beams(self, parent: ET.Element, events: list[Event], state: _Open, measure: ET.Element) -> None:
        for run in _beams(events):
            notes = sum(bool(event.pitches) for event in run)
            target = ET.SubElement(parent, f"{NAMESPACE}beam") if notes > 1 else parent
            for event in run:
                self._write_event(target, event, state, measure)

    def _write_event(self, parent: ET.Element, event: Event, state: _Open, measure: ET.Element) -> None:
        if event.graces:
            group = ET.SubElement(parent, f"{NAMESPACE}graceGrp")
            for pitches in event.graces:
                for pitch in pitches:
                    group.append(self._note(pitch, {"grace": "acc", "dur": "8"}))
        if not event.pitches:
            _write_rest(parent, event)
            return
        pieces = [self._write_piece(parent, event, length) for length in split_length(event.quarters)]
        for before, after in itertools.pairwise(pieces):
            for (_, start), (_, end) in zip(before, after, strict=True):
                _mark(measure, "tie", start, endid=f"#{end}")
        _tie(state, event, pieces, measure)
        _slur(state, event, pieces, measure)
        _ornament(event, pieces[0][-1][1], measure)

    def _write_piece(self, parent: ET.Element, event: Event, length: tuple[str, int]) -> list[tuple[Pitch, str]]:
        """Write the notes of a note or chord, and return their pitches and ids."""
        name, dots = length
        timed = {"dur": name} | ({"dots": str(dots)} if dots else {})
        alone = len(event.pitches) == 1
        holder = parent if alone else ET.SubElement(parent, f"{NAMESPACE}chord", timed)
        notes = [self._note(pitch, timed if alone else {}) for pitch in event.pitches]
        holder.extend(notes)
        articulated = " ".join(_ARTICULATIONS[sign] for sign in event.signs if sign in _ARTICULATIONS)
        whole = notes[0] if alone else holder
        if articulated:
            ET.SubElement(whole, f"{NAMESPACE}artic", {"artic": articulated})
        for verse, word in event.syllables.items():
            syllable = ET.SubElement(ET.SubElement(whole, f"{NAMESPACE}verse", {"n": str(verse)}), f"{NAMESPACE}syl")
            syllable.text = word.rstrip("-")
        return [(pitch, note.get(ID, "")) for pitch, note in zip(event.pitches, notes, strict=True)]

    def _note(self, pitch: Pitch, attributes: dict[str, str]) -> ET.Element:
        place = {"pname": pitch.step, "oct": str(min(max(pitch.octave, 0), 9))}
        note = ET.Element(f"{NAMESPACE}note", {ID: f"abc-{next(self._numbers)}", **place, **attributes})
        if pitch.accidental:
            ET.SubElement(note, f"{NAMESPACE}accid", {"accid": pitch.accidental})
        return note


def _mark(measure: ET.Element, name: str, start: str, **attributes: str) -> ET.Element:
    """Add to a measure what belongs to a note that begins in it, such as a slur."""
    return ET.SubElement(measure, NAMESPACE + name, {"startid": f"#{start}", **attributes})


def split_length(quarters: Fraction) -> list[tuple[str, int]]:
    """Split a length into durations and dots that can be written, longest first."""
    pieces: list[tuple[str, int]] = []
    while quarters > 0 and len(pieces) < 8:
        fits = [
            (length * (2 - Fraction(1, 2**dots)), name, dots)
            for name, length in _DURATIONS.items()
            for dots in (0, 1, 2)
            if length * (2 - Fraction(1, 2**dots)) <= quarters
        ]
        if not fits:
            break
        taken, name, dots = max(fits)
        pieces.append((name, dots))
        quarters -= taken
    return pieces or [("256", 0)]


def _beams(events: list[Event]) -> Iterator[list[Event]]:
    """Group the events that one beam joins: short notes without a space between them."""
    run: list[Event] = []
    for event in events:
        pieces = split_length(event.quarters)
        beamed = bool(event.pitches) and len(pieces) == 1 and _DURATIONS[pieces[0][0]] <= _BEAMED
        if run and (event.apart or not beamed):
            yield run
            run = []
        run.append(event)
        if not beamed:
            yield run
            run = []
    if run:
        yield run


def _write_rest(parent: ET.Element, event: Event) -> None:
    name = _KINDS[event.kind]
    if name == "mRest":
        ET.SubElement(parent, NAMESPACE + name)
        return
    for duration, dots in split_length(event.quarters):
        ET.SubElement(parent, NAMESPACE + name, {"dur": duration} | ({"dots": str(dots)} if dots else {}))


def _tie(state: _Open, event: Event, pieces: list[list[tuple[Pitch, str]]], measure: ET.Element) -> None:
    """Tie the event to the one before, if that is tied, and remember whether it is tied itself."""
    lone = len(state.tied) == 1 == len(event.pitches)
    for before, start in state.tied:
        for pitch, end in pieces[0]:
            if lone or (pitch.step, pitch.octave) == (before.step, before.octave):
                _mark(measure if state.measure is None else state.measure, "tie", start, endid=f"#{end}")
                break
    chosen = [(pitch, name) for pitch, name in pieces[-1] if pitch.tied or not any(each.tied for each in event.pitches)]
    state.tied = chosen if event.tied else []
    state.measure = measure


def _slur(state: _Open, event: Event, pieces: list[list[tuple[Pitch, str]]], measure: ET.Element) -> None:
    begins, ends = event.slurs
    start, end = pieces[0][-1][1], pieces[-1][-1][1]
    for _ in range(ends):
        fitting = [slur for slur in state.slurs if slur.get("startid") != f"#{end}"]
        if fitting:
            fitting[-1].set("endid", f"#{end}")
            state.slurs.remove(fitting[-1])
    state.slurs += [_mark(measure, "slur", start) for _ in range(begins)]


def _ornament(event: Event, note: str, measure: ET.Element) -> None:
    for sign in event.signs:
        if sign in _ORNAMENTS:
            name, attributes = _ORNAMENTS[sign]
            _mark(measure, name, note, **attributes)
        elif sign in _DYNAMICS:
            _mark(measure, "dynam", note).text = sign
