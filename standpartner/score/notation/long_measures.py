"""Divides measures that are much longer than a system, as music without bar lines has: Verovio squeezes them into one.

Seen in Verovio 6.4.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from standpartner.score.notation.mei import ID, NAMESPACE
from standpartner.score.notation.time_map import Moment

LONGEST_QUARTERS: Final = 32  # of a measure that is left whole
_PIECE_QUARTERS: Final = 8  # the least length of a piece of a longer one
_MANY_NOTES: Final = 24  # and rests that a measure must have to be divided: a long rest or pedal point may stay


def divide_long_measures(root: ET.Element, moments: Sequence[Moment]) -> bool:
    """Divide long measures by bar lines that are not drawn, where a note or group begins in all layers.

    Args:
        root: The document.
        moments: The moments of its time map, with rests.

    Returns:
        Whether a measure was divided.
    """
    starts: dict[str, float] = {}
    for moment in moments:
        for name in moment.begin:
            starts.setdefault(name, moment.quarter)
    divided = False
    for parent in list(root.iter()):
        for measure in parent.findall(f"{NAMESPACE}measure"):
            pieces = _divide(measure, starts)
            if len(pieces) > 1:
                place = list(parent).index(measure)
                parent[place : place + 1] = pieces
                divided = True
    return divided


def _divide(measure: ET.Element, starts: Mapping[str, float]) -> list[ET.Element]:
    times = [starts[name] for name in (element.get(ID, "") for element in measure.iter()) if name in starts]
    if len(times) < _MANY_NOTES or max(times) - min(times) <= LONGEST_QUARTERS:
        return [measure]
    layers = list(measure.iter(f"{NAMESPACE}layer"))
    begins = [[_start(child, starts) for child in layer] for layer in layers]
    possible = set.intersection(*({time for time in begin if time is not None} for begin in begins if begin))
    cuts = [min(times)]
    for time in sorted(possible):
        if time - cuts[-1] >= _PIECE_QUARTERS:
            cuts.append(time)
    if len(cuts) < 2:
        return [measure]
    pieces = [_piece(measure, number) for number in range(len(cuts))]
    for index, layer in enumerate(layers):
        targets = [list(piece.iter(f"{NAMESPACE}layer"))[index] for piece in pieces]
        place = 0
        for child, begin in zip(list(layer), begins[index], strict=True):
            while begin is not None and place + 1 < len(cuts) and begin >= cuts[place + 1]:
                place += 1
            targets[place].append(child)
    _share_marks(measure, pieces)
    if "right" in measure.attrib:
        pieces[-1].set("right", measure.attrib["right"])
    return pieces


def _start(element: ET.Element, starts: Mapping[str, float]) -> float | None:
    """Return the quarter in which a note, rest or group begins, None for what takes no time."""
    return next((starts[name] for name in (each.get(ID, "") for each in element.iter()) if name in starts), None)


def _piece(measure: ET.Element, number: int) -> ET.Element:
    """Make a measure with the same empty staves; only the first keeps the number and the left bar line."""
    attributes = {key: value for key, value in measure.attrib.items() if key != "right"} if not number else {}
    piece = ET.Element(measure.tag, {**attributes, "right": "invis"})
    for staff in measure.findall(f"{NAMESPACE}staff"):
        copied = ET.SubElement(piece, staff.tag, _without_id(staff, keep=not number))
        for layer in staff.findall(f"{NAMESPACE}layer"):
            ET.SubElement(copied, layer.tag, _without_id(layer, keep=not number))
    return piece


def _without_id(element: ET.Element, *, keep: bool) -> dict[str, str]:
    return {key: value for key, value in element.attrib.items() if keep or key != ID}


def _share_marks(measure: ET.Element, pieces: list[ET.Element]) -> None:
    """Give slurs, ties and the like to the piece in which they begin; what only has a time goes to the first."""
    places = {element.get(ID, ""): piece for piece in pieces for element in piece.iter()}
    for mark in _marks(measure):
        places.get(mark.get("startid", "").removeprefix("#"), pieces[0]).append(mark)


def _marks(measure: ET.Element) -> Iterator[ET.Element]:
    return (child for child in measure if child.tag != f"{NAMESPACE}staff")
