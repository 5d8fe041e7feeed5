"""Reads from MEI in which orders its measures may be played: repeat signs, endings, da capo, and expansions.

ABC and MusicXML come here as MEI, too. Verovio writes MusicXML's `<sound>` as the type of a direction; where a file has
words alone, they are read. Expansions are taken of MEI and Humdrum (``*>[A,A,B]``), where the encoder wrote them;
those that Verovio makes of MusicXML are its own reading of the same signs.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from standpartner.score.notation.abc.voice import ENDING
from standpartner.score.notation.mei import ID, NAMESPACE
from standpartner.score.notation.sign_words import marks_in, read_numbers
from standpartner.score.played_order import MeasureSigns, PlayedOrder, full_order

_NAMES: Final = {
    "dacapo": "da_capo", "dalsegno": "dal_segno", "tocoda": "to_coda", "fine": "fine", "segno": "segno", "coda": "coda",
}  # fmt: skip
_BEGINS: Final = ("rptstart", "rptboth")
_ENDS: Final = ("rptend", "rptboth")


def read_orders(
    root: ET.Element, signs: Mapping[str, MeasureSigns], drawn: Sequence[str], *, expansions: bool
) -> tuple[PlayedOrder, ...]:
    """Find the orders in which a document's measures may be played besides the printed one.

    Args:
        root: The document.
        signs: The signs of each measure, by its id.
        drawn: The ids of the measures in the order in which they are drawn.
        expansions: Whether the document's expansions were written by its encoder.

    Returns:
        The full orders; none where nothing is repeated, or where other measures are drawn than the document has.
    """
    if any(measure not in signs for measure in drawn):
        return ()
    place = {measure: index for index, measure in enumerate(drawn)}
    by_signs = full_order([signs[measure] for measure in drawn])
    orders = [*(_expanded(root, place, by_signs.endings) if expansions else ()), by_signs]
    kept: list[PlayedOrder] = []
    for order in orders:
        printed = order.measures == tuple(range(len(drawn)))
        if order.measures and not printed and not any(order.measures in other.possible() for other in kept):
            kept.append(order)
    return tuple(kept)


def read_signs(root: ET.Element, times: Mapping[str, int]) -> dict[str, MeasureSigns]:
    """Read the signs of each measure of a document, by its id, in the order of the document.

    Args:
        root: The document.
        times: How often the repeat that ends with a measure is played, by its id, where it is more than twice; MEI has
            no place for that.
    """
    signs: dict[str, MeasureSigns] = {}
    before = ""
    begins_next = False
    endings = _endings(root)
    for measure in root.iter(f"{NAMESPACE}measure"):
        identifier = measure.get(ID, "")
        left, right = measure.get("left", ""), measure.get("right", "")
        marks: dict[str, Any] = dict.fromkeys(_marks(measure), True)
        signs[identifier] = MeasureSigns(
            repeat_begins=begins_next or left in _BEGINS,
            repeat_ends=right in _ENDS,
            times=times.get(identifier, 2),
            ending=endings.get(identifier, ()),
            **marks,
        )
        begins_next = right in ("rptboth", "rptstart")
        if before and left in _ENDS:
            signs[before] = replace(signs[before], repeat_ends=True)
        before = identifier
    return signs


def _endings(root: ET.Element) -> dict[str, tuple[int, ...]]:
    """Return the numbers of the ending of each measure that is in one; endings without numbers are counted."""
    found: dict[str, tuple[int, ...]] = {}
    for parent in root.iter():
        count = 0
        for child in parent:
            count = count + 1 if child.tag == f"{NAMESPACE}ending" else 0
            if count:
                numbers = read_numbers(child.get("n", "")) or (count,)
                found |= {measure.get(ID, ""): numbers for measure in child.iter(f"{NAMESPACE}measure")}
    for measure in root.iter(f"{NAMESPACE}measure"):
        for kind in measure.get("type", "").split():
            if kind.startswith(ENDING) and read_numbers(kind):
                found[measure.get(ID, "")] = read_numbers(kind)
    return found


def _marks(measure: ET.Element) -> Iterator[str]:
    """Yield the names of a measure's signs, as `MeasureSigns` has them."""
    for kind in measure.get("type", "").split():
        if kind in _NAMES:
            yield _NAMES[kind]
    for element in measure:
        name = element.tag.removeprefix(NAMESPACE)
        if name not in ("repeatMark", "dir", "tempo"):
            continue
        named = [*element.get("type", "").lower().split(), element.get("func", "").lower()]
        known = [_NAMES[word] for word in named if word in _NAMES]
        text = " ".join("".join(element.itertext()).split())
        yield from known or marks_in(text)


def _expanded(root: ET.Element, place: Mapping[str, int], endings: tuple[int, ...]) -> Iterator[PlayedOrder]:
    """Yield the orders that expansions name, each a list of sections and endings."""
    inside = {
        element.get(ID, ""): [place[measure.get(ID, "")] for measure in element.iter(f"{NAMESPACE}measure")]
        for element in root.iter()
        if element.tag in (f"{NAMESPACE}section", f"{NAMESPACE}ending", f"{NAMESPACE}lem", f"{NAMESPACE}rdg")
    }
    for expansion in root.iter(f"{NAMESPACE}expansion"):
        names = [name.removeprefix("#") for name in expansion.get("plist", "").split()]
        if names and all(name in inside for name in names):
            yield PlayedOrder(tuple(measure for name in names for measure in inside[name]), endings)
