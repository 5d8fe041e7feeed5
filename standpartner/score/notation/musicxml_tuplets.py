"""Writes the brackets of MusicXML tuplets, without which Verovio takes their notes for as long as written."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final

_TREMOLO: Final = "notations/ornaments/tremolo"
# A note or chord by its first element, its length in quarters, and its voice.
Timed = tuple[ET.Element, Fraction, tuple[str, str]]


def bracket_tuplets(notes: Sequence[Timed]) -> None:
    """Add the brackets of a measure's tuplets that have none, or that do not end or begin in it; they are not drawn.

    Args:
        notes: The notes of a measure that take time, each by its first element, length in quarters and voice.
    """
    voices: dict[str, list[tuple[ET.Element, Fraction]]] = {}
    for element, quarters, (voice, _) in notes:
        voices.setdefault(voice, []).append((element, quarters))
    for members in voices.values():
        if not _is_complete([element for element, _ in members]):
            _write_anew(members)


def _is_complete(elements: Iterable[ET.Element]) -> bool:
    """Tell whether Verovio reads the brackets rightly.

    Every note in another time must lie in a bracket, every bracket must be closed and show the ratio of its notes, and
    no bracket may lie in another.
    """
    depth = 0
    for element in elements:
        marks = element.findall("notations/tuplet")
        starts = [mark for mark in marks if mark.get("type") == "start"]
        depth += len(starts)
        ratio = _ratio(element)
        if depth > 1 or (ratio is not None and (depth <= 0 or any(_shown(mark, ratio) != ratio for mark in starts))):
            return False
        depth -= sum(mark.get("type") == "stop" for mark in marks)
    return depth == 0


def _shown(mark: ET.Element, otherwise: tuple[int, int]) -> tuple[int, int]:
    """Return the ratio that a bracket shows, if it names one of its own."""
    texts = [mark.findtext(f"tuplet-{name}/tuplet-number") for name in ("actual", "normal")]
    try:
        return int(texts[0] or otherwise[0]), int(texts[1] or otherwise[1])
    except ValueError:
        return otherwise


def _ratio(element: ET.Element) -> tuple[int, int] | None:
    """Return how many notes are played in the time of how many; None in the usual time and in tremolos."""
    changed = element.find("time-modification")
    tremolo = element.find(_TREMOLO)
    if changed is None or (tremolo is not None and tremolo.get("type") in ("start", "stop")):
        return None
    try:
        actual, normal = (int(changed.findtext(name, "0")) for name in ("actual-notes", "normal-notes"))
    except ValueError:
        return None
    return (actual, normal) if actual > 0 and normal > 0 and actual != normal else None


def _write_anew(members: list[tuple[ET.Element, Fraction]]) -> None:
    for element, _ in members:
        for notations in element.findall("notations"):
            for mark in notations.findall("tuplet"):
                notations.remove(mark)
    for ratio, run in groupby(members, key=lambda member: _ratio(member[0])):
        if ratio is not None:
            _bracket_run(list(run), actual=ratio[0])


def _bracket_run(run: list[tuple[ET.Element, Fraction]], *, actual: int) -> None:
    """Bracket consecutive notes of one ratio, a group whenever a whole number of tuplets is full."""
    unit = min(quarters for _, quarters in run) * actual  # the time of `actual` of the shortest notes
    start, filled = 0, Fraction(0)
    for index, (_, quarters) in enumerate(run):
        filled += quarters
        if filled % unit == 0 or index == len(run) - 1:
            _mark(run[start][0], "start")
            _mark(run[index][0], "stop")
            start, filled = index + 1, Fraction(0)


def _mark(element: ET.Element, kind: str) -> None:
    notations = element.find("notations")
    if notations is None:
        notations = ET.SubElement(element, "notations")
    mark = ET.SubElement(notations, "tuplet", {"type": kind})
    if kind == "start":
        mark.attrib |= {"bracket": "no", "show-number": "none"}
