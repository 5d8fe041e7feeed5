"""Provides a canvas with units of its own, on which panels draw lines, areas and letters."""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from standpartner.support.palette import AGAINST, FOR, GROUND, TEXT, Colour

NORMAL: Final = 16  # the size of letters, in units
SMALL: Final = 13


class Box(NamedTuple):
    """A part of a picture.

    Attributes:
        left: The left edge in units.
        top: The upper edge in units.
        width: The width in units.
        height: The height in units.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge in units."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge in units."""
        return self.top + self.height


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


class Canvas:
    """A picture on which is drawn in units.

    Args:
        width: The width of the picture in units.
        height: The height of the picture in units.
        scale: The size of a unit in px.
        colour: The colour of the empty picture.
    """

    def __init__(self, width: float, height: float, *, scale: float, colour: Colour = GROUND) -> None:
        self.scale = scale
        self.image = Image.new("RGB", (self.px(width), self.px(height)), colour)
        self._draw = ImageDraw.Draw(self.image)

    def px(self, units: float) -> int:
        """Convert units to px."""
        return round(units * self.scale)

    def box_px(self, box: Box) -> tuple[int, int, int, int]:
        """Return the left, top, right and bottom edge of a box in px."""
        return self.px(box.left), self.px(box.top), self.px(box.right), self.px(box.bottom)

    def paste(self, image: Image.Image, left: float, top: float) -> None:
        """Paste an image, whose size is in px, at a corner in units."""
        self.image.paste(image, (self.px(left), self.px(top)))

    def tint(self, box: Box, colour: Colour, strength: float) -> None:
        """Lay a transparent colour over a box; a strength of 1 hides what is below."""
        left, top, right, bottom = self.box_px(box)
        if right > left and bottom > top:
            mask = Image.new("L", (right - left, bottom - top), round(255 * strength))
            self.image.paste(colour, (left, top), mask)

    def rectangle(self, box: Box, *, fill: Colour | None = None, outline: Colour | None = None) -> None:
        """Draw a rectangle."""
        left, top, right, bottom = self.box_px(box)
        if right > left and bottom > top:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=fill, outline=outline, width=self._thin)

    def line(self, points: npt.ArrayLike, colour: Colour, width: float = 1) -> None:
        """Draw a line through points, (n, 2)."""
        through = [tuple(point) for point in np.asarray(points, np.float64) * self.scale]
        self._draw.line(through, fill=colour, width=max(self.px(width), 1), joint="curve")

    def area(self, points: npt.ArrayLike, colour: Colour) -> None:
        """Fill the polygon through points, (n, 2)."""
        self._draw.polygon([tuple(point) for point in np.asarray(points, np.float64) * self.scale], fill=colour)

    def vertical_line(
        self, x: float, top: float, bottom: float, *, colour: Colour, width: float, dash: float = 0
    ) -> None:
        """Draw a vertical line. Its dashes and gaps are ``dash`` units long; with 0 it is solid."""
        starts = np.arange(top, bottom, 2 * dash) if dash else [top]
        for start in starts:
            self.line([(x, start), (x, min(start + dash, bottom) if dash else bottom)], colour, width)

    def diamond(self, x: float, y: float, *, colour: Colour, radius: float = 7) -> None:
        """Draw a filled diamond around a point."""
        self.area([(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)], colour)

    def text(
        self, at: tuple[float, float], words: str, *, colour: Colour = TEXT, size: float = NORMAL, anchor: str = "lt"
    ) -> None:
        """Write words at a point. The anchor says which part is there: l, m or r, and t, m or b, as in Pillow."""
        place = (self.px(at[0]), self.px(at[1]))
        self._draw.text(place, words, fill=colour, font=_font(max(self.px(size), 6)), anchor=anchor)

    def text_width(self, words: str, size: float = NORMAL) -> float:
        """Return the width of some words in units."""
        return _font(max(self.px(size), 6)).getlength(words) / self.scale

    @property
    def _thin(self) -> int:
        return max(self.px(1), 1)


def overlay(picture: npt.NDArray[np.uint8], attribution: npt.NDArray[np.floating], scale: float) -> Image.Image:
    """Colour a picture by the attributions of its parts to a decision.

    Args:
        picture: The picture in grey, (h, w).
        attribution: The attribution of each px to the decision, (h, w); it is negative where the px speaks against it.
        scale: The attribution that gets the full colour.

    Returns:
        An RGB image of the same size.
    """
    strength = np.clip(np.abs(attribution) / max(scale, 1e-12), 0, 1)[..., None] * 0.85
    colour = np.where(attribution[..., None] > 0, np.array(FOR), np.array(AGAINST))
    mixed = picture[..., None] * (1 - strength) + colour * strength
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
