"""Reads one file of pages: runs in a child process, for the file may be hostile. `read.py` calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.print.exact import measure_staves
from standpartner.score.print.files import PageSource, open_pages
from standpartner.score.print.layout import BarlineSign, PageLayout, SystemLayout
from standpartner.score.print.orientation import upside_down_gain
from standpartner.score.print.picture import straight_pages
from standpartner.score.print.staves import Staff, find_staves
from standpartner.score.print.straighten import StraightPage
from standpartner.score.print.strip import cut_system
from standpartner.score.print.systems import Found, StaffGroup, find_systems, with_bars
from standpartner.score.print.vector_staves import exact_staves

_CLEAR: Final = 0.03  # by which clefs must fit better the other way round for a page to be turned
_THREADS: Final = 2  # of OpenCV; each takes some 25 MB of the address space, and a machine may have 100 processors
_SAME_SIZE: Final = 0.02  # of the page: by which a corrected layout's page may differ in size


def read_file(path: str, folder: str, max_pages: int, pages: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Read a file: its straight pages and strips are written to a folder, where systems are is returned.

    Args:
        path: The file.
        folder: Where ``page-N.npy`` and ``strip-N.npy`` of its straight pages with staves are written, N from 0.
        max_pages: Pages above which it is refused.
        pages: Pages of a corrected layout that are of this file; None finds everything.

    Returns:
        ``pages``, each a `PageLayout` as a dictionary, and ``strips``, for each page a list with width in strip px,
        scale, and top and bottom in page px of each system's strip.

    Raises:
        ScoreError: The file cannot be read, or the layout does not fit it.
    """
    cv2.setNumThreads(_THREADS)
    source, target = Path(path), Path(folder)
    layouts: list[dict[str, Any]] = []
    strips: list[list[list[float]]] = []
    number = 0
    for number, drawn in enumerate(open_pages(source, max_pages=max_pages), start=1):
        given = None if pages is None else _by_part([page for page in pages if page["picture"] == number])
        for part, (page, staves) in enumerate(upright_pages(drawn), start=1):
            if given is not None and part not in given:
                continue
            systems, left_out = (
                find_systems(page, staves) if given is None else (_placed(page, staves, given[part], source.name), [])
            )
            if not systems:
                continue
            known = PageLayout(0, 0, [], file=source.name, picture=number, part=part, left_out=left_out)
            layout = _layout(page, systems, known)
            strips.append(_write(page, systems, target, len(layouts)))
            layouts.append(asdict(layout))
    last = max((page["picture"] for page in pages or ()), default=0)
    if last > number:
        raise ScoreError(f"The layout speaks of page {last} of {source.name}, but it has {number}; set that right.")
    return {"pages": layouts, "strips": strips}


def _by_part(pages: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The pages of one picture by which of those side by side they are, by their order where that is not told."""
    return {page["part"] or order: page for order, page in enumerate(pages, start=1)}


def upright_pages(source: PageSource) -> list[tuple[StraightPage, list[Staff]]]:
    """The straight pages that a page of a file shows, turned if they stand on their heads, with their staves."""
    pages = _with_staves(straight_pages(source))
    gains = [len(staves) * upside_down_gain(page.ink, staves) for page, staves in pages]
    if sum(gains) > _CLEAR * sum(len(staves) for _, staves in pages):
        pages = _with_staves(straight_pages(source, upside_down=True))
    return pages


def _with_staves(pages: Sequence[StraightPage]) -> list[tuple[StraightPage, list[Staff]]]:
    return [(page, _staves(page) if page.has_music else []) for page in pages]


def _staves(page: StraightPage) -> list[Staff]:
    staves = measure_staves(page.paper, find_staves(page.ink, page.scale))
    return staves if page.lines is None else exact_staves(page.lines, staves)


def _placed(page: StraightPage, staves: Sequence[Staff], given: Mapping[str, Any], name: str) -> list[Found]:
    """The systems of a corrected layout: its boxes with the staves found in them, its barlines."""
    height, width = page.paper.shape
    if max(abs(given["width_px"] / width - 1), abs(given["height_px"] / height - 1)) > _SAME_SIZE:
        raise ScoreError(
            f"A page of {name} is {width} x {height} px, but {given['width_px']:g} x {given['height_px']:g} px in the "
            "layout; give the layout that was made for this file."
        )
    return [_corrected(page, staves, system) for system in given["systems"]]


def _corrected(page: StraightPage, staves: Sequence[Staff], system: Mapping[str, Any]) -> Found:
    members = staves_in_box(staves, system, spacing_px=page.scale.spacing_px)
    found = with_bars(page, StaffGroup(members, tuple(system["followed"]), doubt=0.0))
    ends = system["barlines_px"] or [system["right_px"]]
    return replace(found, bars=replace(found.bars, ends_px=ends, doubts=[0.0] * len(ends), doubt=0.0))


def staves_in_box(staves: Sequence[Staff], box: Mapping[str, Any], *, spacing_px: float) -> list[Staff]:
    """The staves that were found in a box, cut to its width; where their number is not that told, straight ones."""
    left, right = box["left_px"], box["right_px"]
    inside = [
        staff
        for staff in staves
        if box["top_px"] < staff.level_px < box["bottom_px"]
        and min(staff.right_px, right) - max(staff.left_px, left) > 0.5 * (right - left)
    ]
    if len(inside) == box["staves"]:
        return [replace(staff, left_px=left, right_px=right) for staff in inside]
    count = box["staves"]
    height = box["bottom_px"] - box["top_px"]
    size = min(spacing_px or height / 4, height / (5 * count - 1)) if count > 1 else height / 4
    middles = np.linspace(box["top_px"] + 2 * size, box["bottom_px"] - 2 * size, count)
    ends = np.array([left, right])
    return [Staff(ends, np.array([middle, middle]), left, right, size, 1.0, 1.0) for middle in middles]


def _layout(page: StraightPage, systems: Sequence[Found], known: PageLayout) -> PageLayout:
    height, width = page.paper.shape
    return replace(
        known,
        width_px=width,
        height_px=height,
        systems=[_system_layout(page, system) for system in systems],
        spacing_px=page.scale.spacing_px,
        quarter_turns=page.turning.quarter_turns,
        degrees=page.turning.degrees,
        was_bent=page.turning.was_bent,
    )


def _system_layout(page: StraightPage, system: Found) -> SystemLayout:
    height, width = page.paper.shape
    staves = system.group.staves
    first, last = staves[0], staves[-1]
    left, right = max(0.0, system.group.left_px), min(float(width), system.group.right_px)
    top = max(0.0, float(first.y_px.min()) - 2 * first.spacing_px)
    bottom = min(float(height), float(last.y_px.max()) + 2 * last.spacing_px)
    signs = [
        BarlineSign(float(system.patch.page_x_px[(line.first + line.last) // 2]), line.kind, 1 - line.probability)
        for line in system.bars.lines
    ]
    corners = [page.turning.in_file(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
    return SystemLayout(
        left_px=left,
        top_px=top,
        right_px=right,
        bottom_px=bottom,
        staves=len(staves),
        bars=len(system.bars.ends_px),
        barlines_px=list(system.bars.ends_px),
        doubt=system.doubt,
        box_doubt=system.group.doubt,
        bar_doubts=list(system.bars.doubts),
        followed=list(system.group.followed),
        begin_px=system.bars.begin_px,
        signs=signs,
        corners=[list(corner) for corner in corners],
    )


def _write(page: StraightPage, systems: Sequence[Found], target: Path, number: int) -> list[list[float]]:
    cuts = [
        cut_system(page.paper, group.followed_staves, left_px=group.left_px, right_px=group.right_px)
        for group in (system.group for system in systems)
    ]
    np.save(target / f"page-{number}.npy", page.paper)
    np.save(target / f"strip-{number}.npy", np.concatenate([cut.image for cut in cuts], axis=1))
    return [[cut.image.shape[1], cut.scale, cut.top_px, cut.bottom_px] for cut in cuts]
