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


@dataclass(frozen=True)
class SystemImage:
    """A system rasterised at page scale, with the corner and width of its strip box in the image (page px).

    ``staves`` is the number of staves, 0 where it is not needed.
    """

    image: Image
    left: int
    top: int
    width: int
    staves: int = 0
    page_scale: int = PAGE_SCALE

    @property
    def box(self) -> Image:
        """Return the pixels inside the strip box at page scale."""
        height = self.page_scale * STRIP_HEIGHT_PX
        return self.image[self.top : self.top + height, self.left : self.left + self.width]


def rasterise(drawing: Drawing, page_scale: int = PAGE_SCALE) -> SystemImage:
    """Rasterise a system so that its staff's left end and its top staff line fall exactly on page pixels."""
    scale, box_height = page_px_per_unit(page_scale), page_scale * STRIP_HEIGHT_PX
    left = round(drawing.left * scale)
    width = page_scale * max(1, round((drawing.right - drawing.left) * scale / page_scale))
    first_line = _first_line_px(drawing, page_scale)
    above = max(0, int(np.ceil(drawing.top * scale - first_line)))  # the content above the box
    shift_x, shift_y = left / scale - drawing.left, (above + first_line) / scale - drawing.top
    total_width = max(round(drawing.width * scale), left + width)
    total_height = max(above + box_height, int(np.ceil((drawing.height + shift_y) * scale)))
    svg = _place(drawing.svg, size=(total_width, total_height), shift=(shift_x, shift_y), scale=scale)
    return SystemImage(_render(svg), left=left, top=above, width=width, staves=drawing.staves, page_scale=page_scale)


def page_px_per_unit(page_scale: int) -> float:
    """Return the page px of one of the engraver's units."""
    return page_scale * STAFF_SPACING_PX / UNITS_PER_SPACE


def _first_line_px(drawing: Drawing, page_scale: int) -> float:
    """Return the y of the top staff line's middle in the strip box in page px."""
    # Lines one page px thick are sharp when centred on a pixel; a single staff's middle line is pixel row 160 of 320.
    height = (drawing.bottom - drawing.top) * page_px_per_unit(page_scale)
    return round(page_scale * STRIP_HEIGHT_PX / 2 - height / 2) + 0.5


def strip_position(drawing: Drawing, system: SystemImage, x: float, y: float) -> tuple[float, float]:
    """Map SVG units to strip px, with x counted from the system's left end."""
    scale, page_scale = page_px_per_unit(system.page_scale), system.page_scale
    across = min(max((x - drawing.left) * scale, 0.0), float(system.width))
    return across / page_scale, ((y - drawing.top) * scale + _first_line_px(drawing, page_scale)) / page_scale


def cut_strip(systems: list[SystemImage]) -> Image:
    """Cut the strip out of the systems: every strip px is the mean of its page px."""
    boxes = np.concatenate([system.box for system in systems], axis=1)
    scale = systems[0].page_scale
    blocks = boxes.reshape(STRIP_HEIGHT_PX, scale, -1, scale)
    return np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)


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
    ends = np.cumsum(width) / scale
    return Systems(
        page=np.array([page for page, _ in tops]),
        page_left_px=left,
        page_top_px=top,
        page_right_px=left + width,
        page_bottom_px=top + scale * STRIP_HEIGHT_PX,
        strip_left_px=ends - width / scale,
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
