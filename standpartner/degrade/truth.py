"""Makes pictures of print from engraved scores, with the true systems and barlines of every page."""

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

EDGE_POINTS: Final = 33  # the points of a system's upper and lower edge, enough for curled lines
BAR_POINTS: Final = 5
_LINE_SHARE: Final = 0.75  # the share of a system's width that is inked in a row of a staff line


@dataclass(frozen=True)
class SystemTruth:
    """The place of one system in a picture.

    Attributes:
        top: The points along its topmost staff line from left to right, x and y in px, (33, 2).
        bottom: The points along its lowest staff line, x and y in px, (33, 2).
        barlines: The points of the barline at the end of each measure, from the topmost to the lowest staff line, x and
            y in px, (measures, 5, 2).
    """

    top: Points
    bottom: Points
    barlines: Points

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The smallest upright box around the system: left, top, right, bottom in px."""
        points = np.concatenate([self.top, self.bottom])
        return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())

    def moved(self, where: PageMap) -> "SystemTruth":
        """Return the place of the system in a picture of the page."""
        return SystemTruth(where.forward(self.top), where.forward(self.bottom), where.forward(self.barlines))


@dataclass(frozen=True)
class PrintedPage:
    """A picture of a page with its truth.

    Attributes:
        image: The picture, uint8 (height, width) grey or (height, width, 3) red, green, blue.
        spacing_px: The distance of two staff lines in px before the page was turned or curled.
        systems: The systems from top to bottom of the page.
    """

    image: Image
    spacing_px: float
    systems: tuple[SystemTruth, ...]


def engraved_pages(score: Score) -> list[PrintedPage]:
    """Return the unchanged pages of an engraved score with their systems and barlines.

    Args:
        score: The score, which is made from notation.
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
    """Return the rows of the topmost and the lowest staff line of every system of an engraved score.

    Args:
        score: The score, which is made from notation, so that its staff lines are level.

    Returns:
        The middles of the lines, (systems, 2) page px.
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
    """Yield each system's strip box at page resolution."""
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
        page: The page, in grey.
        look: The look of the scan.
        spacing_px: The distance of two staff lines in the scan in px; None keeps it.
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
        page: The page, in grey.
        look: The look of the photo.
    """
    photo: Photo = photograph(page.image, look)
    scale = (look.page_width_px or page.image.shape[1]) / page.image.shape[1]
    systems = tuple(system.moved(photo.page_map) for system in page.systems)
    return PrintedPage(photo.image, page.spacing_px * scale, systems)


def scan_strip(score: Score, look: ScanLook) -> Image:
    """Return the strip of an engraved score as if its systems had been cut from scanned pages.

    The ink is drawn from the pages, which are finer than the strip; `page_scale` 3 or more gives the best lines.

    Args:
        score: The score, which is made from notation.
        look: The look of the scan; every system has its own specks and inking.

    Returns:
        The strip, uint8 (160, width), of the shape of `score.strip`, with unchanged columns.
    """
    spacing = STAFF_SPACING_PX * score.page_scale
    parts = [
        scan(box, replace(look, seed=look.seed + system), spacing_px=spacing, result_spacing_px=STAFF_SPACING_PX)
        for system, box in enumerate(_boxes(score))
    ]
    return np.concatenate(parts, axis=1)
