"""Writes ABC tunes as MEI."""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from standpartner.score.notation.abc.fields import Clef, Key, Meter
from standpartner.score.notation.abc.layer import LayerWriter
from standpartner.score.notation.abc.music import Changes, Measure
from standpartner.score.notation.abc.voice import Tune, Voice
from standpartner.score.notation.mei import NAMESPACE


def write_tune(tune: Tune) -> str:
    """Write a tune with at least one note as an MEI document, with the accidentals as they are typed."""
    root = ET.Element(f"{NAMESPACE}mei")
    title = _add(root, "meiHead/workList/work/title")
    title.text = tune.title
    score = _add(root, "music/body/mdiv/score")
    staves = _staves(tune)
    score.append(_definition(tune, staves))
    section = _add(score, "section")
    writer = LayerWriter()
    for index in range(max(len(voice.measures) for voice in tune.voices)):
        changes = _changes(staves, index) if index else None
        if changes is not None:
            section.append(changes)
        section.append(_measure(tune, staves, index, writer))
    for measure in section:
        for slur in measure.findall(f"{NAMESPACE}slur"):
            if "endid" not in slur.attrib:  # the tune does not end it
                measure.remove(slur)
    return ET.tostring(root, encoding="unicode")


def _add(parent: ET.Element, path: str, **attributes: str) -> ET.Element:
    for name in path.split("/"):
        parent = ET.SubElement(parent, NAMESPACE + name)
    parent.attrib |= {key.replace("_", "."): value for key, value in attributes.items()}
    return parent


def _staves(tune: Tune) -> list[list[Voice]]:
    """Return the voices of each staff, as the tune says or each on its own."""
    by_name = {voice.name: voice for voice in tune.voices}
    named = [[by_name[name] for name in names if name in by_name] for names in tune.staves]
    placed = {voice.name for voices in named for voice in voices}
    return [voices for voices in named if voices] + [[voice] for voice in tune.voices if voice.name not in placed]


def _definition(tune: Tune, staves: list[list[Voice]]) -> ET.Element:
    definition = ET.Element(f"{NAMESPACE}scoreDef")
    shared = _shared(voices[0].first.key for voices in staves)
    if shared is not None:
        definition.set("keysig", shared.signature)
    group = _add(definition, "staffGrp")
    braced = {first: last for first, last in tune.braces if last < len(staves)}
    inside, last = group, -1
    for number, voices in enumerate(staves):
        if number > last:
            inside = group
        if number in braced:
            inside, last = _add(group, "staffGrp", symbol="brace"), braced[number]
        voice = voices[0]
        staff = _add(inside, "staffDef", n=str(number + 1), lines="5", trans_semi=str(voice.semitones))
        if voice.label and len(staves) > 1:
            _add(staff, "label").text = voice.label
        staff.append(_clef(voice.first.clef or Clef()))
        if shared is None or shared.signature == "mixed":
            staff.append(_key(voice.first.key or Key()))
        if voice.first.meter is not None and voice.first.meter.count:
            staff.append(_meter(voice.first.meter))
    return definition


def _shared(keys: Iterable[Key | None]) -> Key | None:
    first, *others = [key or Key() for key in keys]
    return first if all(key == first for key in others) else None


def _clef(clef: Clef) -> ET.Element:
    element = ET.Element(f"{NAMESPACE}clef", {"shape": clef.shape, "line": str(clef.line)})
    if clef.octaves:
        element.attrib |= {
            "dis": "8" if abs(clef.octaves) == 1 else "15",
            "dis.place": "above" if clef.octaves > 0 else "below",
        }
    return element


def _key(key: Key) -> ET.Element:
    element = ET.Element(f"{NAMESPACE}keySig", {"sig": key.signature})
    if key.signature == "mixed":
        for step, accidental in key.accidentals.items():
            _add(element, "keyAccid", pname=step, accid=accidental)
    return element


def _meter(meter: Meter) -> ET.Element:
    element = ET.Element(f"{NAMESPACE}meterSig")
    if meter.symbol:
        element.set("sym", meter.symbol)
    element.attrib |= {"count": meter.printed_count or str(meter.count), "unit": str(meter.unit)}
    return element


def _changes(staves: list[list[Voice]], index: int) -> ET.Element | None:
    """Write what changes with a measure; the same change on all staves is one of the score."""
    changes = [_changes_of(voices[0], index) for voices in staves]
    definition = ET.Element(f"{NAMESPACE}scoreDef")
    first = changes[0]
    same = all((change.key, change.meter) == (first.key, first.meter) for change in changes)
    if same and first.key is not None and first.key.signature != "mixed":
        definition.set("keysig", first.key.signature)
    if same and first.meter is not None and first.meter.count:
        definition.attrib |= {"meter.count": str(first.meter.count), "meter.unit": str(first.meter.unit)}
        if first.meter.symbol:
            definition.set("meter.sym", first.meter.symbol)
    group = ET.Element(f"{NAMESPACE}staffGrp")
    for number, change in enumerate(changes, start=1):
        staff = ET.Element(f"{NAMESPACE}staffDef", {"n": str(number)})
        if change.clef is not None:
            staff.append(_clef(change.clef))
        if change.key is not None and (not same or change.key.signature == "mixed"):
            staff.append(_key(change.key))
        if change.meter is not None and change.meter.count and not same:
            staff.append(_meter(change.meter))
        if len(staff):
            group.append(staff)
    if len(group):
        definition.append(group)
    return definition if len(group) or definition.attrib else None


def _changes_of(voice: Voice, index: int) -> Changes:
    return voice.measures[index].changes if index < len(voice.measures) else Changes()


def _measure(tune: Tune, staves: list[list[Voice]], index: int, writer: LayerWriter) -> ET.Element:
    here = [voice.measures[index] for voices in staves for voice in voices if index < len(voice.measures)]
    element = ET.Element(f"{NAMESPACE}measure")
    for side in ("left", "right"):
        bar = next((getattr(measure, side) for measure in here if getattr(measure, side)), "")
        if bar:
            element.set(side, bar)
    signs = next((measure.signs for measure in here if measure.signs), [])
    if signs:
        element.set("type", " ".join(dict.fromkeys(signs)))
    for number, voices in enumerate(staves, start=1):
        staff = _add(element, "staff", n=str(number))
        numbers = itertools.count(1)
        for voice in voices:
            measure = voice.measures[index] if index < len(voice.measures) else Measure()
            for place, events in enumerate(measure.layers):
                layer = _add(staff, "layer", n=str(next(numbers)))
                writer.write(layer, events, voice=voice.name, place=place, measure=element)
    tempo = next(
        (measure.changes.tempo for measure in here if measure.changes.tempo), tune.tempo if not index else None
    )
    if tempo:
        element.append(ET.Element(f"{NAMESPACE}tempo", {"tstamp": "1", "mm": f"{tempo:g}", "mm.unit": "4"}))
    return element
