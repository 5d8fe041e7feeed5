"""Engraves notation text into a `Score` with Verovio and resvg. It runs in a child process, as Verovio can abort."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import verovio

from standpartner.errors import ScoreError
from standpartner.score.model import Notation, Score
from standpartner.score.notation.choice import EVERYTHING, MusicChoice
from standpartner.score.notation.drawing import Drawing, read_drawing
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.long_measures import divide_long_measures
from standpartner.score.notation.mei import NAMESPACE, MeiFacts, read_mei
from standpartner.score.notation.mei_signs import read_orders, read_signs
from standpartner.score.notation.mei_sounding import imply_accidentals, shift_octaves
from standpartner.score.notation.onsets import OnsetPlan, plan_onsets, tie_continuations
from standpartner.score.notation.pages import (
    SystemImage,
    compose_pages,
    cut_strip,
    rasterise,
    strip_position,
)
from standpartner.score.notation.parts import Taken, keep_part, needs_plain_times, with_plain_times
from standpartner.score.notation.sounding import sounding_notes
from standpartner.score.notation.text import Source, read_notation
from standpartner.score.notation.time_map import Moment, measure_quarters, read_spans, read_time_map
from standpartner.score.selection import Selection
from standpartner.score.tables import Measures, Noteheads, Onsets

SYSTEMS_A_PAGE: Final = 7  # at most, where a score has one staff
_OPTIONS: Final = {
    "adjustPageHeight": True,
    "breaks": "auto",
    "condense": "none",  # else it leaves out the staves that rest in a system, which may be all that are followed
    "expandNever": True,
    "footer": "none",
    "header": "none",
    "pageHeight": 60_000,
    "smuflTextFont": "none",
    "systemMaxPerPage": 1,
}
_SEED: Final = {"xmlIdSeed": 1}  # ids are the same on every machine
_OTHER_SEED: Final = {"xmlIdSeed": 2}  # for what Verovio wrote with the first: an id given twice can crash it


@dataclass(frozen=True)
class _Head:
    note: str
    x_px: float
    y_px: float


def engrave(path: Path, *, max_pages: int, style: EngravingStyle, choice: MusicChoice = EVERYTHING) -> Score:
    """Read a notation file and engrave the chosen music of it in a style.

    Raises:
        ScoreError: The file is not readable notation, has no notes or not the chosen music, or fills more than
            `max_pages` pages.
    """
    source = read_notation(path, choice)
    toolkit = verovio.toolkit()
    options = {**_OPTIONS, **style.options()}
    _load(toolkit, source.text, source.kind, options=options | _SEED, name=path.name)
    root = _parse(toolkit)
    signs = read_signs(root, source.times)
    taken, changed = keep_part(root, choice.part, file=path.name)
    changed |= divide_long_measures(root, _read_times(toolkit, includeRests=True))
    if source.implied:
        imply_accidentals(root)
    facts = read_mei(root, source.pitches)
    if not facts.notes:
        raise ScoreError(f"{path.name} has no notes.")
    if changed:
        _load(toolkit, ET.tostring(root, encoding="unicode"), "mei", options=options | _OTHER_SEED, name=path.name)
    system_count = toolkit.getPageCount()
    _check_pages(-(-system_count // SYSTEMS_A_PAGE), max_pages=max_pages, about="about ")
    drawings = [read_drawing(toolkit.renderToSVG(number + 1), font=style.font) for number in range(system_count)]
    if needs_plain_times(root):
        plain = ET.tostring(with_plain_times(root), encoding="unicode")
        _load(toolkit, plain, "mei", options=options | _OTHER_SEED, name=path.name)
    moments = _read_times(toolkit, includeMeasures=True)
    if source.implied:
        shift_octaves(facts, root, read_spans(moments), measure_quarters(moments))
    images = [rasterise(drawing, style.page_scale) for drawing in drawings]
    score = _assemble(
        drawings,
        images,
        facts,
        moments=moments,
        title=facts.title or path.stem,
        selection=_selection(taken, source),
    )
    _check_pages(len(score.pages), max_pages=max_pages)
    drawn = [measure.measure for drawing in drawings for measure in drawing.measures]
    orders = read_orders(root, signs, drawn, expansions=source.kind != "musicxml")
    return replace(score, music=replace(score.notation, orders=orders))


def _selection(taken: Taken | None, source: Source) -> Selection:
    return Selection(
        part=taken.part.name if taken else "",
        parts=taken.titles if taken else (),
        staves_left_out=taken.left_out if taken else 0,
        movement=source.movement,
        movements=source.movements,
    )


def _load(toolkit: verovio.toolkit, text: str, kind: str, *, options: dict[str, Any], name: str) -> None:
    toolkit.setOptions({**options, "inputFrom": kind})
    if not toolkit.loadData(text):
        raise ScoreError(f"{name} cannot be read as {kind} by Verovio; check that it opens in a notation program.")


def _parse(toolkit: verovio.toolkit) -> ET.Element:
    root = ET.fromstring(toolkit.getMEI())  # noqa: S314 (Verovio's own output)
    for parent in list(root.iter()):
        for foreign in parent.findall(f"{NAMESPACE}extMeta"):  # elements in namespaces that Verovio does not read back
            parent.remove(foreign)
    return root


def _read_times(toolkit: verovio.toolkit, **options: bool) -> list[Moment]:
    return read_time_map(toolkit.renderToTimemap(options), toolkit.getTimesForElement)


def _check_pages(count: int, *, max_pages: int, about: str = "") -> None:
    if count > max_pages:
        raise ScoreError(
            f"The score has {about}{count} pages; at most {max_pages} are followed; raise --max-pages or split it."
        )


def _assemble(
    drawings: list[Drawing],
    images: list[SystemImage],
    facts: MeiFacts,
    *,
    moments: list[Moment],
    title: str,
    selection: Selection,
) -> Score:
    pages, systems = compose_pages(images, title=title)
    heads = _heads(drawings, images, starts=systems.strip_left_px.tolist())
    spans = read_spans(moments)
    ties = tie_continuations(facts, spans)
    head_x_px = {head.note: head.x_px for head in heads if head.note in facts.notes}
    grace_x_px = {note: x_px for note, x_px in head_x_px.items() if facts.notes[note].grace}
    plan = plan_onsets(spans, head_x_px, silent=set(ties.values()), event_count=len(moments))
    measures = _measures(drawings, images, facts, moments=moments, starts=systems.strip_left_px.tolist())
    onset_of = {note: plan.of_event[span.event] for note, span in spans.items()}
    onset_of |= {note: plan.onset_after(x_px) for note, x_px in grace_x_px.items()}
    return Score(
        title=title,
        strip=cut_strip(images),
        pages=pages,
        page_scale=float(images[0].page_scale),
        systems=systems,
        music=Notation(
            noteheads=_notehead_table(heads, facts, onset_of=onset_of, continued=set(ties.values())),
            onsets=_onset_table(plan, measures),
            measures=measures,
            notes=sounding_notes(spans, facts, ties=ties, plan=plan, grace_x_px=grace_x_px),
            selection=selection,
        ),
    )


def _heads(drawings: list[Drawing], images: list[SystemImage], *, starts: list[float]) -> list[_Head]:
    heads = []
    for drawing, image, start in zip(drawings, images, starts, strict=True):
        for head in drawing.heads:
            x_px, y_px = strip_position(drawing, image, head.x, head.y)
            heads.append(_Head(head.note, start + x_px, y_px))
    return heads


def _notehead_table(heads: list[_Head], facts: MeiFacts, *, onset_of: dict[str, int], continued: set[str]) -> Noteheads:
    known = [head for head in heads if head.note in facts.notes and not facts.notes[head.note].cue]
    written = [facts.notes[head.note] for head in known]
    onset = [-1 if head.note in continued else onset_of.get(head.note, -1) for head in known]
    return Noteheads(
        x_px=np.array([head.x_px for head in known]),
        y_px=np.array([head.y_px for head in known]),
        pitch=np.array([note.pitch for note in written]),
        onset=np.array(onset),
        grace=np.array([note.grace for note in written]),
    )


def _measures(
    drawings: list[Drawing],
    images: list[SystemImage],
    facts: MeiFacts,
    *,
    moments: list[Moment],
    starts: list[float],
) -> Measures:
    quarters = measure_quarters(moments)
    rows: list[tuple[str, float, float, float, int]] = []
    for system, (drawing, image) in enumerate(zip(drawings, images, strict=True)):
        for measure in drawing.measures:
            left, _ = strip_position(drawing, image, measure.left, drawing.top)
            right, _ = strip_position(drawing, image, measure.right, drawing.top)
            quarter = quarters.get(measure.measure, rows[-1][1] if rows else 0.0)
            label = facts.measure_numbers.get(measure.measure, "")
            rows.append((label, quarter, starts[system] + left, starts[system] + right, system))
    labels, quarter_column, lefts, rights, system_column = (list(column) for column in zip(*rows, strict=True))
    return Measures(
        label=np.array(_number(labels, quarter_column)),
        quarter=np.array(quarter_column),
        strip_left_px=np.array(lefts),
        strip_right_px=np.array(rights),
        system=np.array(system_column),
    )


def _number(labels: list[str], quarters: list[float]) -> list[str]:
    """Fill in missing numbers; without any, count from 1, or from 0 if the first measure is a (shorter) pickup."""
    if any(labels):  # parts of a divided measure carry the number of its first part, a pickup none
        filled = [labels[0] or "0"]
        for label in labels[1:]:
            filled.append(label or filled[-1])
        return filled
    lengths = np.diff(quarters[:3])
    first = 0 if len(lengths) == 2 and lengths[0] < lengths[1] else 1
    return [str(first + index) for index in range(len(labels))]


def _onset_table(plan: OnsetPlan, measures: Measures) -> Onsets:
    x_px = np.array(plan.x_px)
    measure = np.clip(np.searchsorted(measures.strip_left_px, x_px, side="right") - 1, 0, len(measures) - 1)
    return Onsets(
        x_px=x_px,
        quarter=np.array(plan.quarter),
        time_s=np.array(plan.time_s),
        measure=measure,
        system=measures.system[measure],
    )
