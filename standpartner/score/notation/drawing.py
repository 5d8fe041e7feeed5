"""Reads the staves, measures and heads of one system from Verovio's SVG (in SVG units)."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from standpartner.errors import ScoreError

UNITS_PER_SPACE: Final = 180  # one staff space in SVG units at Verovio's unit 9 and scale 100
_SVG: Final = "{http://www.w3.org/2000/svg}"
_BLACK_HEAD: Final = "E0A4"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_LINE: Final = re.compile(r"M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) (-?[\d.]+)$")
_PLACED: Final = re.compile(r"translate\((-?[\d.]+), (-?[\d.]+)\) scale\((-?[\d.]+)")
_SIZE: Final = re.compile(r'<svg class="definition-scale"[^>]*viewBox="0 0 (\d+) (\d+)"')


@dataclass(frozen=True)
class DrawnHead:
    """The centre of a note's head in SVG units."""

    note: str
    x: float
    y: float


@dataclass(frozen=True)
class DrawnMeasure:
    """The horizontal extent of a measure's staves in SVG units."""

    measure: str
    left: float
    right: float


@dataclass(frozen=True)
class Drawing:
    """One drawn system: page size, staves, measures and heads, in SVG units from the page's corner."""

    svg: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    staves: int
    measures: tuple[DrawnMeasure, ...]
    heads: tuple[DrawnHead, ...]


def read_drawing(svg: str, *, font: str) -> Drawing:
    """Read one page of Verovio's SVG that holds one system, drawn with a music font.

    Raises:
        ScoreError: The page holds no staff.
    """
    size = _SIZE.search(svg)
    margin = next(_of_class(ET.fromstring(svg), "page-margin"), None)  # noqa: S314 (Verovio's own output)
    if size is None or margin is None:
        raise ScoreError("Verovio's SVG lacks its page margin or size; this version of Verovio is not supported.")
    dx, dy = _translation(margin)
    measures, ys, staves = [], [], 0
    for measure in _of_class(margin, "measure"):
        drawn = [lines for staff in _of_class(measure, "staff") if (lines := list(_staff_lines(staff)))]
        if drawn:
            lines = [line for staff in drawn for line in staff]
            left, right = min(line[0] for line in lines), max(line[2] for line in lines)
            measures.append(DrawnMeasure(measure.get("id", ""), left + dx, right + dx))
            ys += [line[1] + dy for line in lines]
            staves = max(staves, len(drawn))
    if not measures:
        raise ScoreError("A system without staves was drawn; the score has no music in some place.")
    return Drawing(
        svg=svg,
        width=float(size[1]),
        height=float(size[2]),
        left=min(measure.left for measure in measures),
        right=max(measure.right for measure in measures),
        top=min(ys),
        bottom=max(ys),
        staves=staves,
        measures=tuple(measures),
        heads=tuple(_heads(margin, dx, dy, boxes=glyph_boxes(font))),
    )


def _of_class(element: ET.Element, name: str) -> Iterator[ET.Element]:
    for group in element.iter(f"{_SVG}g"):
        if name in group.get("class", "").split():
            yield group


def _translation(margin: ET.Element) -> tuple[float, float]:
    found = re.search(r"translate\((-?[\d.]+), (-?[\d.]+)\)", margin.get("transform", ""))
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


def _staff_lines(staff: ET.Element) -> Iterator[tuple[float, float, float]]:
    """Yield (left, y, right) of each staff line: the staff's own horizontal paths."""
    for path in staff.findall(f"{_SVG}path"):
        found = _LINE.match(path.get("d", ""))
        if found and found[2] == found[4]:
            yield float(found[1]), float(found[2]), float(found[3])


def _heads(margin: ET.Element, dx: float, dy: float, *, boxes: dict[str, tuple[float, float]]) -> Iterator[DrawnHead]:
    for note in _shown_notes(margin):
        uses = [
            use
            for group in note.findall(f"{_SVG}g")
            if "notehead" in group.get("class", "").split()
            for use in group.iter(f"{_SVG}use")
        ]
        heads = [use for use in uses if _glyph(use) in boxes] or uses  # brackets are drawn beside a head
        placed = _PLACED.match(heads[0].get("transform", "")) if heads else None
        if placed:
            x, y, scale = (float(number) for number in placed.groups())
            middle, height = boxes.get(_glyph(heads[0]), boxes[_BLACK_HEAD])
            yield DrawnHead(note.get("id", ""), x + dx + middle * scale, y + dy - height * scale)


def _shown_notes(element: ET.Element) -> Iterator[ET.Element]:
    for group in element.findall(f"{_SVG}g"):
        if group.get("visibility") == "hidden":
            continue
        if "note" in group.get("class", "").split():
            yield group
        else:
            yield from _shown_notes(group)


def _glyph(use: ET.Element) -> str:
    return use.get(_HREF, "").removeprefix("#").split("-")[0]


@cache
def glyph_boxes(font: str) -> dict[str, tuple[float, float]]:
    """Return the centres (x, y upwards) of a Verovio font's notehead glyphs in font units, by code point."""
    text = (resources.files("verovio") / "data" / f"{font}.xml").read_text(encoding="utf-8")
    boxes = {}
    for glyph in ET.fromstring(text).iter("g"):  # noqa: S314 (part of the installed engraver)
        if glyph.get("n", "").startswith("notehead"):
            x, y, width, height = (float(glyph.get(key, "0")) for key in ("x", "y", "w", "h"))
            boxes[glyph.get("c", "")] = (x + width / 2, y + height / 2)
    return boxes
