"""From the picture of a page to a level page: lines straight, strokes upright, and the way back."""

from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.flatten import Surface, Uprights, fit_surface, measure_leans, measure_uprights
from standpartner.score.print.ink import LineScale, ink_of, line_points, line_scale, without_solid
from standpartner.score.print.vector import VectorLines

_LEAST_LEAN: Final = 0.002  # px for each px: what is less needs no rotation
_LEAST_SHIFT: Final = 0.15  # of the spacing
_MOST_SLANT: Final = 0.012  # px to the right for each px down that barlines may lean
_GRID_PX: Final = 8
LEAST_VOTES: Final = 150  # crossings of staff lines without which a page holds no music


@dataclass(frozen=True)
class Turning:
    """The way from a straight page back to the picture it was made from.

    Attributes:
        width_px: Width of the straight page.
        height_px: Height of the straight page.
        quarter_turns: Times by which the picture was turned by 90 degrees against the clock, first of all.
        picture_px: Width and height of the turned picture.
        left_px: Where on it the page begins, for it may show two pages side by side.
        rotation: A 2 x 3 matrix that takes level px to px of this part of the picture.
        surfaces: How far lines lie lower than level, the last applied first.
        uprights: How upright strokes lean, applied before the surfaces.
    """

    width_px: int
    height_px: int
    quarter_turns: int
    picture_px: tuple[int, int]
    left_px: int = 0
    rotation: Array = field(default_factory=lambda: np.eye(2, 3))
    surfaces: tuple[Surface, ...] = ()
    uprights: Uprights | None = None

    def bent(self, x_px: Array, y_px: Array) -> tuple[Array, Array]:
        """Where places of the straight page lie on its part of the turned picture."""
        if self.uprights is not None:
            x_px = x_px + self.uprights.shift(x_px, y_px)
        for surface in reversed(self.surfaces):
            y_px = y_px + surface.shift(x_px, y_px)
        matrix = self.rotation
        return (
            matrix[0, 0] * x_px + matrix[0, 1] * y_px + matrix[0, 2],
            matrix[1, 0] * x_px + matrix[1, 1] * y_px + matrix[1, 2],
        )

    def in_file(self, x_px: float, y_px: float) -> tuple[float, float]:
        """The same place as fractions of the width and height of the page as the file shows it."""
        x, y = self.bent(np.array(x_px, float), np.array(y_px, float))
        across, down = (float(x) + self.left_px) / self.picture_px[0], float(y) / self.picture_px[1]
        for _ in range(self.quarter_turns):
            across, down = 1 - down, across
        return across, down

    @property
    def degrees(self) -> float:
        """By how much the page was rotated against the clock, besides quarter turns."""
        return float(np.degrees(np.arctan2(self.rotation[1, 0], self.rotation[0, 0])))

    @property
    def was_bent(self) -> bool:
        """Whether the page was curved or photographed from one side, and was straightened."""
        return bool(self.surfaces) or self.uprights is not None


@dataclass(frozen=True)
class StraightPage:
    """A page with level staff lines.

    Attributes:
        paper: The page, its paper even, uint8, 255 is white.
        ink: Its ink.
        scale: The scale of its lines.
        turning: The way back to the picture that it was made from.
        lines: The straight lines of a vector page, in px.
    """

    paper: Array
    ink: Array
    scale: LineScale
    turning: Turning
    lines: VectorLines | None = None

    @property
    def has_music(self) -> bool:
        """Whether staff lines were found."""
        return self.scale.votes >= LEAST_VOTES


def straighten(paper: Array, turning: Turning, lines: VectorLines | None = None) -> StraightPage:
    """Level a page whose paper is even and whose staff lines run across.

    It may still stand on its head: that shows only in what is printed on the staves. A vector page that draws level
    staves, whose `lines` are given, stays as it is.
    """
    page = _page(paper, turning)
    if lines is not None:
        return replace(page, lines=lines)
    if not page.has_music:
        return page
    return _level(page, paper)


def _page(paper: Array, turning: Turning) -> StraightPage:
    ink = ink_of(paper)
    scale = line_scale(line_points(ink))
    if scale.votes:
        ink = without_solid(ink, scale.spacing_px)
    return StraightPage(paper, ink, scale, turning)


def _level(page: StraightPage, paper: Array) -> StraightPage:
    """Rotate the page, then bend it straight, each only where that is needed."""
    leans = measure_leans(line_points(page.ink), page.ink.shape, spacing_px=page.scale.spacing_px)
    if len(leans.lean) == 0:
        return page
    middle = fit_surface(leans, page.ink.shape, across=1, down=0).coefficients[0, 0]
    if abs(middle) >= _LEAST_LEAN:
        page = _page(*_remapped(paper, _rotated(page.turning, float(middle))))
    for _ in range(2):
        leans = measure_leans(line_points(page.ink), page.ink.shape, spacing_px=page.scale.spacing_px)
        if len(leans.lean) < 8:
            break
        surface = fit_surface(leans, page.ink.shape)
        if _most_shift(surface, leans.y_px) < _LEAST_SHIFT * page.scale.spacing_px:
            break
        turning = replace(page.turning, surfaces=(*page.turning.surfaces, surface))
        page = _page(*_remapped(paper, turning))
    uprights = measure_uprights(page.ink, page.scale.spacing_px)
    if uprights.steepest > _MOST_SLANT:
        page = _page(*_remapped(paper, replace(page.turning, uprights=uprights)))
    return page


def _most_shift(surface: Surface, y_px: Array) -> float:
    x_px = np.linspace(0, surface.width_px, 17)[None]
    return float(np.abs(surface.shift(x_px, np.percentile(y_px, [5, 50, 95])[:, None])).max())


def _rotated(turning: Turning, lean: float) -> Turning:
    """Level lines that lean by so many px for each px, on a page large enough for all of the picture."""
    angle = np.arctan(lean)
    cosine, sine = np.cos(angle), np.sin(angle)
    width, height = turning.width_px, turning.height_px
    new_width = round(width * cosine + height * abs(sine))
    new_height = round(height * cosine + width * abs(sine))
    turn = np.array([[cosine, -sine], [sine, cosine]])
    offset = np.array([width / 2, height / 2]) - turn @ np.array([new_width / 2, new_height / 2])
    return replace(turning, width_px=new_width, height_px=new_height, rotation=np.column_stack([turn, offset]))


def _remapped(paper: Array, turning: Turning) -> tuple[Array, Turning]:
    rows = -(-turning.height_px // _GRID_PX)
    columns = -(-turning.width_px // _GRID_PX)
    x_px = (np.arange(columns) + 0.5) * _GRID_PX
    y_px = (np.arange(rows) + 0.5) * _GRID_PX
    maps = []
    for coordinate in turning.bent(x_px[None], y_px[:, None]):
        coarse = np.broadcast_to(coordinate - 0.5, (rows, columns)).astype(np.float32)
        full = cv2.resize(coarse, (columns * _GRID_PX, rows * _GRID_PX), interpolation=cv2.INTER_LINEAR)
        maps.append(full[: turning.height_px, : turning.width_px])
    return cv2.remap(
        paper, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
    ), turning
