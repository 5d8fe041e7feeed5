"""Engraved scores as pictures of print whose truth is known: where systems and barlines are on every page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from standpartner.constants import STAFF_SPACING_PX
from standpartner.degrade.geometry import PageMap, Points
from standpartner.degrade.photo import Photo, PhotoLook, photograph
from standpartner.degrade.scan import ScanLook, scan, wave_spaces
from standpartner.score.model import Image, Score
from standpartner.score.tables import Floats

EDGE_POINTS: Final = 33  # of a system's upper and lower edge, so that curled lines are followed
BAR_POINTS: Final = 5
_LINE_SHARE: Final = 0.75  # of a system's width that is inked where a row belongs to a staff line


@dataclass(frozen=True)
class SystemTruth:
    """Where one system is in a picture.

    Attributes:
        top: Points along its topmost staff line from left to right, (33, 2) x and y in px.
        bottom: Points along its lowest staff line, (33, 2).
        barlines: For each measure the points of the barline at its end, (measures, 5, 2), from the topmost to the
            lowest staff line.
    """

    top: Points
    bottom: Points
    barlines: Points

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The smallest upright box around it: left, top, right, bottom in px."""
        points = np.concatenate([self.top, self.bottom])
        return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())

    def moved(self, where: PageMap) -> "SystemTruth":
        """Its place in a picture of the page."""
        return SystemTruth(where.forward(self.top), where.forward(self.bottom), where.forward(self.barlines))


@dataclass(frozen=True)
class PrintedPage:
    """A picture of a page with its truth.

    Attributes:
        image: uint8, (height, width) grey or (height, width, 3) red, green, blue.
        spacing_px: The distance of two staff lines before the page was turned or curled.
        systems: From top to bottom of the page.
    """

    image: Image
    spacing_px: float
    systems: tuple[SystemTruth, ...]


def engraved_pages(score: Score) -> list[PrintedPage]:
    """The pages of an engraved score as they are, with their truth.

    Args:
        score: A score made from notation.
    """
    staves = staff_rows_px(score)
    systems = [_system_truth(score, system, rows) for system, rows in enumerate(staves)]
    on_page = score.systems.page
    return [
        PrintedPage(
            image=page,
            spacing_px=STAFF_SPACING_PX * score.page_scale,
            systems=tuple(systems[index] for index in np.flatnonzero(on_page == number)),
        )
        for number, page in enumerate(score.pages)
    ]


def staff_rows_px(score: Score) -> Floats:
    """The rows of the topmost and the lowest staff line of every system of an engraved score.

    Args:
        score: A score made from notation: its staff lines are level.

    Returns:
        (systems, 2) page px, the middles of the lines.
    """
    rows = []
    for system, box in enumerate(_boxes(score)):
        inked = np.flatnonzero((box < 128).mean(axis=1) > _LINE_SHARE)  # beams are shorter
        inked = inked if len(inked) else np.flatnonzero((box < 192).mean(axis=1) > _LINE_SHARE)
        half = STAFF_SPACING_PX * score.page_scale / 2
        first = inked[inked < inked[0] + half] if len(inked) else np.array([0.0])
        last = inked[inked > inked[-1] - half] if len(inked) else np.array([len(box) - 1.0])
        top = score.systems.page_top_px[system]
        rows.append((top + first.mean() + 0.5, top + last.mean() + 0.5))
    return np.array(rows)


def _boxes(score: Score) -> Iterator[Image]:
    """Each system's strip box at page resolution."""
    systems = score.systems
    for system in range(len(systems)):
        rows = slice(round(systems.page_top_px[system]), round(systems.page_bottom_px[system]))
        columns = slice(round(systems.page_left_px[system]), round(systems.page_right_px[system]))
        yield score.pages[systems.page[system]][rows, columns]


def _system_truth(score: Score, system: int, rows: Floats) -> SystemTruth:
    systems, measures = score.systems, score.measures
    left, right = systems.page_left_px[system], systems.page_right_px[system]
    ends = measures.strip_right_px[measures.system == system] - systems.strip_left_px[system]
    x = left + ends * score.page_scale
    along = np.linspace(left, right, EDGE_POINTS)
    down = np.linspace(rows[0], rows[1], BAR_POINTS)
    return SystemTruth(
        top=np.stack([along, np.full_like(along, rows[0])], axis=-1),
        bottom=np.stack([along, np.full_like(along, rows[1])], axis=-1),
        barlines=np.stack(np.broadcast_arrays(x[:, None], down[None, :]), axis=-1),
    )


def scan_page(page: PrintedPage, look: ScanLook, *, spacing_px: float | None = None) -> PrintedPage:
    """Make an engraved page look like a scan.

    Args:
        page: A grey page.
        look: How the scan looks.
        spacing_px: The distance of two staff lines in the scan; None keeps it.
    """
    spacing = page.spacing_px if spacing_px is None else spacing_px
    image = scan(page.image, look, spacing_px=page.spacing_px, result_spacing_px=spacing)
    stretch = np.array([image.shape[1] / page.image.shape[1], image.shape[0] / page.image.shape[0]])

    def moved(points: Points) -> Points:
        points = points * stretch
        return points + np.stack(
            [np.zeros(points.shape[:-1]), spacing * wave_spaces(look, points[..., 0] / spacing)], -1
        )

    systems = [SystemTruth(moved(s.top), moved(s.bottom), moved(s.barlines)) for s in page.systems]
    return PrintedPage(image, spacing, tuple(systems))


def photograph_page(page: PrintedPage, look: PhotoLook) -> PrintedPage:
    """Take a photo of a page, clean or scanned.

    Args:
        page: A grey page.
        look: How the photo is taken.
    """
    photo: Photo = photograph(page.image, look)
    scale = (look.page_width_px or page.image.shape[1]) / page.image.shape[1]
    systems = tuple(system.moved(photo.page_map) for system in page.systems)
    return PrintedPage(photo.image, page.spacing_px * scale, systems)


def scan_strip(score: Score, look: ScanLook) -> Image:
    """The strip of an engraved score as if its systems had been cut from scanned pages.

    The ink is drawn from the pages, which are finer than the strip; `page_scale` 3 or more gives the best lines.

    Args:
        score: A score made from notation.
        look: How the scan looks; every system has its own specks and inking.

    Returns:
        uint8 (160, width), of the shape of `score.strip`; every column shows what it showed.
    """
    spacing = STAFF_SPACING_PX * score.page_scale
    parts = [
        scan(box, replace(look, seed=look.seed + system), spacing_px=spacing, result_spacing_px=STAFF_SPACING_PX)
        for system, box in enumerate(_boxes(score))
    ]
    return np.concatenate(parts, axis=1)
