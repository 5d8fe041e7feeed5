"""Rasterises drawn systems at page scale, stacks them on pages, and cuts them into the strip."""

import io
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from standpartner.constants import STAFF_SPACING_PX, STRIP_HEIGHT_PX
from standpartner.score.model import Image
from standpartner.score.notation.drawing import UNITS_PER_SPACE, Drawing
from standpartner.score.tables import Systems

PAGE_SCALE: Final = 2  # page px per strip px, unless a style sets another
_SIDE_MARGIN: Final = 30  # strip px, beside the engraver's own margin
_TOP_MARGIN: Final = 30
_TITLE_HEIGHT: Final = 50
_TITLE_SIZE: Final = 22
_A4: Final = 297 / 210
_HEADS_OUTSIDE: Final = 0.2  # the share of a system's heads that may lie outside a box of the usual height
_FARTHEST: Final = 0.03  # the share of heads at either side that a higher box need not hold
_HEAD_MARGIN: Final = 7  # strip px around the staves and heads of a higher box
_MOST_ROWS: Final = 640  # of a box; what is further away is cut off


@dataclass(frozen=True)
class SystemImage:
    """A system rasterised at page scale, with the corner and size of its strip box in the image.

    Attributes:
        image: The image.
        left: The page px of the box's left edge, as for ``top``.
        top: The page px of its upper edge.
        width: The width of the box in page px.
        staves: The number of staves, 0 where it is not needed.
        page_scale: The page px of a strip px, where the box has the usual height.
        rows: The height of the box in strip px. A box of more than the strip's rows is scaled down to them as a whole.
        first_line: The page px from the upper edge of the box to the middle of the top staff line.
    """

    image: Image
    left: int
    top: int
    width: int
    staves: int = 0
    page_scale: int = PAGE_SCALE
    rows: int = STRIP_HEIGHT_PX
    first_line: float = 0.0

    @property
    def shrink(self) -> float:
        """The factor by which the box is scaled down on the strip; 1 for boxes of the usual height."""
        return STRIP_HEIGHT_PX / self.rows

    @property
    def strip_width(self) -> int:
        """The width on the strip in strip px."""
        return max(1, round(self.width / self.page_scale * self.shrink))

    @property
    def box(self) -> Image:
        """The pixels inside the strip box at page scale."""
        return self.image[self.top : self.top + self.page_scale * self.rows, self.left : self.left + self.width]

    def on_strip(self) -> NDArray[np.float32]:
        """Return the system as the strip shows it, (rows, width); every strip px is the mean of its page px."""
        blocks = self.box.reshape(self.rows, self.page_scale, -1, self.page_scale)
        pixels = blocks.mean(axis=(1, 3), dtype=np.float32)
        if self.rows == STRIP_HEIGHT_PX:
            return pixels
        size = (self.strip_width, STRIP_HEIGHT_PX)
        return np.asarray(PilImage.fromarray(pixels).resize(size, PilImage.Resampling.BOX), np.float32)


def rasterise(drawing: Drawing, page_scale: int = PAGE_SCALE) -> SystemImage:
    """Rasterise a system so that its staff's left end and its top staff line fall exactly on page pixels."""
    scale = page_px_per_unit(page_scale)
    rows, first_line = _box_of(drawing, page_scale)
    left = round(drawing.left * scale)
    width = page_scale * max(1, round((drawing.right - drawing.left) * scale / page_scale))
    above = max(0, int(np.ceil(drawing.top * scale - first_line)))  # the content above the box
    shift_x, shift_y = left / scale - drawing.left, (above + first_line) / scale - drawing.top
    total_width = max(round(drawing.width * scale), left + width)
    total_height = max(above + page_scale * rows, int(np.ceil((drawing.height + shift_y) * scale)))
    svg = _place(drawing.svg, size=(total_width, total_height), shift=(shift_x, shift_y), scale=scale)
    return SystemImage(
        _render(svg),
        left=left,
        top=above,
        width=width,
        staves=drawing.staves,
        page_scale=page_scale,
        rows=rows,
        first_line=first_line,
    )


def page_px_per_unit(page_scale: int) -> float:
    """Return the page px of one of the engraver's units."""
    return page_scale * STAFF_SPACING_PX / UNITS_PER_SPACE


def _box_of(drawing: Drawing, page_scale: int) -> tuple[int, float]:
    """Choose the rows of a system's strip box, and the y of the top staff line's middle in it in page px.

    The box has the strip's rows, with the staves in its middle. It is higher where the staves are, or where more than a
    fifth of the heads would be outside: then it holds all staves, and the heads but for the few that are farthest.
    """
    scale = page_px_per_unit(page_scale)
    staves, limit = (drawing.bottom - drawing.top) * scale, page_scale * STRIP_HEIGHT_PX
    # Lines one page px thick are sharp when centred on a pixel; a single staff's middle line is pixel row 160 of 320.
    first_line = round(limit / 2 - staves / 2) + 0.5
    heads = np.array([head.y for head in drawing.heads])
    y = (heads - drawing.top) * scale + first_line
    outside = float(np.mean((y < 0) | (y >= limit))) if len(heads) else 0.0
    if staves <= limit and outside <= _HEADS_OUTSIDE:
        return STRIP_HEIGHT_PX, first_line
    margin = _HEAD_MARGIN * page_scale
    highest, lowest = np.quantile(heads, (_FARTHEST, 1 - _FARTHEST)) if len(heads) else (drawing.top, drawing.bottom)
    above = max(0.0, (drawing.top - highest) * scale) + margin
    below = max(0.0, (lowest - drawing.bottom) * scale) + margin
    rows = int(np.ceil((above + staves + below) / page_scale))
    return min(max(rows, STRIP_HEIGHT_PX), _MOST_ROWS), round(above) + 0.5


def strip_position(drawing: Drawing, system: SystemImage, x: float, y: float) -> tuple[float, float]:
    """Map SVG units to strip px, with x counted from the system's left end."""
    scale, page_scale = page_px_per_unit(system.page_scale), system.page_scale
    across = min(max((x - drawing.left) * scale, 0.0), float(system.width)) / page_scale
    down = ((y - drawing.top) * scale + system.first_line) / page_scale
    if system.rows == STRIP_HEIGHT_PX:
        return across, down
    return across * system.strip_width * page_scale / system.width, down * system.shrink


def cut_strip(systems: list[SystemImage]) -> Image:
    """Cut the strip out of the systems."""
    return np.rint(np.concatenate([system.on_strip() for system in systems], axis=1)).astype(np.uint8)


def compose_pages(systems: list[SystemImage], *, title: str) -> tuple[tuple[Image, ...], Systems]:
    """Stack systems on pages of A4 proportion below the title, and return the pages and the systems' boxes."""
    scale = systems[0].page_scale
    side, margin, title_height = scale * _SIDE_MARGIN, scale * _TOP_MARGIN, scale * _TITLE_HEIGHT
    page_width = max(system.image.shape[1] for system in systems) + 2 * side
    page_height = round(page_width * _A4)
    tops: list[tuple[int, int]] = []
    page, y = 0, margin + (title_height if title else 0)
    for index, system in enumerate(systems):
        height = system.image.shape[0]
        if index and y + height > page_height - margin:
            page, y = page + 1, margin
        tops.append((page, y))
        y += height
    heights = [page_height] * (page + 1)
    for (page, y), system in zip(tops, systems, strict=True):  # a page grows with a system that is taller
        heights[page] = max(heights[page], y + system.image.shape[0] + margin)
    pages = [np.full((height, page_width), 255, np.uint8) for height in heights]
    for (page, y), system in zip(tops, systems, strict=True):
        height, width = system.image.shape
        pages[page][y : y + height, side : side + width] = system.image
    if title:
        pages[0] = _draw_title(pages[0], title, scale)
    return tuple(pages), _boxes(systems, tops)


def _boxes(systems: list[SystemImage], tops: list[tuple[int, int]]) -> Systems:
    scale = systems[0].page_scale
    left = np.array([scale * _SIDE_MARGIN + system.left for system in systems])
    top = np.array([y + system.top for (_, y), system in zip(tops, systems, strict=True)])
    width = np.array([system.width for system in systems])
    strip_width = np.array([system.strip_width for system in systems])
    ends = np.cumsum(strip_width).astype(np.float64)
    return Systems(
        page=np.array([page for page, _ in tops]),
        page_left_px=left,
        page_top_px=top,
        page_right_px=left + width,
        page_bottom_px=top + scale * np.array([system.rows for system in systems]),
        strip_left_px=ends - strip_width,
        strip_right_px=ends,
        staves=np.array([system.staves for system in systems]),
        doubt=np.zeros(len(systems)),
    )


def _place(svg: str, *, size: tuple[int, int], shift: tuple[float, float], scale: float) -> str:
    """Set an SVG's size in px and its scale in px a unit, and move its content by some units."""
    width, height = size
    view = f'viewBox="{-shift[0]:.4f} {-shift[1]:.4f} {width / scale:.4f} {height / scale:.4f}"'
    svg = re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg width="{width}px" height="{height}px"', svg, count=1)
    return re.sub(r'(<svg class="definition-scale"[^>]*)viewBox="[^"]*"', lambda found: found[1] + view, svg, count=1)


def _render(svg: str) -> Image:
    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        background="#ffffff",
        skip_system_fonts=True,
        font_dirs=[_font_folder().name],
        font_family="Aileron",
        serif_family="Aileron",
    )
    return np.asarray(PilImage.open(io.BytesIO(png)).convert("L"))


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"  # noqa: S101
    return font


@cache
def _font_folder() -> tempfile.TemporaryDirectory[str]:
    """Write Pillow's built-in font to a file for the rasteriser, so that text is the same without system fonts."""
    folder = tempfile.TemporaryDirectory(prefix="standpartner-font-")
    (Path(folder.name) / "aileron.ttf").write_bytes(_font(10).font_bytes)
    return folder


def _draw_title(page: Image, title: str, scale: int) -> Image:
    # The built-in font has ASCII only, so accents are dropped.
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().strip()
    image = PilImage.fromarray(page)
    size = scale * _TITLE_SIZE
    while size > 8 * scale and _font(size).getlength(text) > page.shape[1] - 4 * scale * _SIDE_MARGIN:
        size -= 2 * scale
    middle = (page.shape[1] / 2, scale * (_TOP_MARGIN + _TITLE_HEIGHT / 2))
    ImageDraw.Draw(image).text(middle, text, font=_font(size), fill=0, anchor="mm")
    return np.asarray(image)
