"""Imitates scans of old print: heavier and uneven ink, blur, one bit a pixel or grey paper, specks; averaged down.

All lengths are in staff spacings (the distance of two staff lines), so that one look fits pages and strips of any size.
Nothing moves sideways: an onset or a barline is in the column where it was. Rows wave by at most `wave`.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np

from standpartner.degrade.fields import Field, grain, smooth_field
from standpartner.degrade.photo import jpeg
from standpartner.errors import ScoreError
from standpartner.score.model import Image
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.tables import Floats
from standpartner.support.ranges import Range, check_ranges, draw, draw_log

OVERSAMPLING: Final = 3  # ink is drawn, and cut to one bit, at this multiple of the result's size
_INK_CELL: Final = 6.0  # the distance over which inking changes
_EDGE_CELL: Final = 0.12  # the distance over which the roughness of edges changes
_PAPER_CELL: Final = 40.0
_SPECK_AREA: Final = 1000.0  # the area in square spacings on which specks are counted
_SPOT_AREA: Final = 20_000.0  # about two pages of piano music


@dataclass(frozen=True)
class ScanLook:
    """The look of one scan; the default values leave the picture as it is.

    Attributes:
        seed: The seed of all that is random.
        growth: The distance by which ink spreads over its edge; it is negative where ink was scarce.
        unevenness: The standard deviation of that distance from place to place.
        roughness: The standard deviation of that distance along an edge.
        blur: The standard deviation of the scanner's blur.
        one_bit: Whether every pixel is cut to black or white at the fine size.
        threshold: The darkness from which such a pixel is black.
        wave: The greatest distance by which rows wave up and down.
        wave_length: The length of such a wave.
        specks: The number of specks on 1 000 square spacings; as many holes are in the ink of the same area.
        spots: The number of larger spots on 20 000 square spacings, about two pages.
        paper: The grey of the paper, 0 to 255.
        paper_unevenness: The standard deviation of the paper's grey from place to place, in grey levels.
        ink: The grey of the ink, 0 to 255.
        bleed: The darkness with which the print of the back shines through, 0 to 1.
        noise: The standard deviation of the scanner's noise in grey levels.
        jpeg_quality: The quality of JPEG, 1 to 95; None leaves it out.
    """

    seed: int = 0
    growth: float = 0.0
    unevenness: float = 0.0
    roughness: float = 0.0
    blur: float = 0.0
    one_bit: bool = False
    threshold: float = 0.5
    wave: float = 0.0
    wave_length: float = 40.0
    specks: float = 0.0
    spots: float = 0.0
    paper: float = 255.0
    paper_unevenness: float = 0.0
    ink: float = 0.0
    bleed: float = 0.0
    noise: float = 0.0
    jpeg_quality: int | None = None


@dataclass(frozen=True)
class ScanRanges:
    """The ranges (lowest, highest) of the values of `ScanLook` from which scans are drawn.

    The default ranges are fitted to scanned editions; see docs/print.md.

    Attributes:
        growth: The spread of ink drawn by `old_print_style`, whose lines are heavy already.
        unevenness: The unevenness of that spread.
        roughness: The roughness of edges.
        blur: The scanner's blur.
        threshold: The darkness from which a pixel is black.
        wave: The greatest movement of rows.
        wave_length: The length of a wave of rows.
        specks: The number of specks, drawn evenly on a logarithmic scale.
        spots: The number of larger spots.
        grey_share: The share of scans that keep their grey levels; the others have one bit a pixel on white paper. The
            values below hold for grey scans only.
        paper: The grey of the paper.
        paper_unevenness: The unevenness of the paper's grey.
        ink: The grey of the ink.
        bleed: The darkness of the print of the back.
        noise: The standard deviation of the noise.
        jpeg_quality: The quality of JPEG.
    """

    growth: Range = (-0.01, 0.045)
    unevenness: Range = (0.002, 0.012)
    roughness: Range = (0.003, 0.018)
    blur: Range = (0.02, 0.06)
    threshold: Range = (0.33, 0.45)
    wave: Range = (0.0, 0.12)
    wave_length: Range = (20.0, 80.0)
    specks: Range = (5.0, 150.0)
    spots: Range = (0.0, 1.5)
    grey_share: float = 0.25
    paper: Range = (195.0, 250.0)
    paper_unevenness: Range = (1.0, 8.0)
    ink: Range = (10.0, 70.0)
    bleed: Range = (0.0, 0.12)
    noise: Range = (1.0, 5.0)
    jpeg_quality: Range = (40.0, 95.0)

    def __post_init__(self) -> None:
        check_ranges(self, within=_LIMITS)
        check_ranges(_Share((self.grey_share, self.grey_share)), within={"grey_share": (0.0, 1.0)})

    def draw(self, seed: int) -> ScanLook:
        """Draw one look as a function of the seed alone."""
        rng = np.random.default_rng([seed, 4])
        values: dict[str, Any] = {name: draw(getattr(self, name), rng) for name in _LIMITS if name != "specks"}
        values["specks"] = draw_log(self.specks, rng)
        quality = round(values.pop("jpeg_quality"))
        if rng.random() < self.grey_share:
            return ScanLook(seed=seed, jpeg_quality=quality, **values)
        return ScanLook(seed=seed, one_bit=True, **{name: values[name] for name in values if name not in _GREY_ONLY})


@dataclass(frozen=True)
class _Share:
    grey_share: Range


_GREY_ONLY: Final = ("paper", "paper_unevenness", "ink", "bleed", "noise")
_LIMITS: Final = {
    "growth": (-0.2, 0.3),
    "unevenness": (0.0, 0.2),
    "roughness": (0.0, 0.3),
    "blur": (0.0, 1.0),
    "threshold": (0.05, 0.95),
    "wave": (0.0, 3.0),
    "wave_length": (1.0, 1e4),
    "specks": (1e-3, 1e4),
    "spots": (0.0, 1e3),
    "paper": (0.0, 255.0),
    "paper_unevenness": (0.0, 60.0),
    "ink": (0.0, 255.0),
    "bleed": (0.0, 1.0),
    "noise": (0.0, 60.0),
    "jpeg_quality": (5.0, 95.0),
}


def old_print_style(seed: int) -> EngravingStyle:
    """Draw a style of engraving with the heavy lines of printed editions, at a resolution fit for `scan`."""
    rng = np.random.default_rng([seed, 6])
    return replace(
        EngravingStyle.draw(seed),
        staff_line_width=draw((0.17, 0.3), rng),
        stem_width=draw((0.15, 0.3), rng),
        bar_line_width=draw((0.3, 0.55), rng),
        page_scale=4,
    )


def scan(image: Image, look: ScanLook, *, spacing_px: float, result_spacing_px: float | None = None) -> Image:
    """Make a clean picture of music look like a scan of print.

    Args:
        image: The picture, uint8 (height, width), 255 is white.
        look: The look of the scan.
        spacing_px: The distance of two staff lines in the picture in px; 14 or more, else thin lines may be lost.
        result_spacing_px: That distance in the result in px; None keeps it.

    Returns:
        The scan, uint8 (height, width), resized by `result_spacing_px / spacing_px`.

    Raises:
        ScoreError: The picture is not grey or the spacing not positive.
    """
    if image.ndim != 2 or image.dtype != np.uint8:
        raise ScoreError(f"expected a grey picture, uint8 (height, width), got {image.dtype} of shape {image.shape}")
    result_spacing = spacing_px if result_spacing_px is None else result_spacing_px
    if not (spacing_px > 0 and result_spacing > 0):
        raise ScoreError(f"expected positive staff spacings, got {spacing_px:g} and {result_spacing:g} px")
    scale = result_spacing / spacing_px
    height, width = (max(1, round(size * scale)) for size in image.shape)
    if not _changes_ink(look):
        return _on_paper(_resized(image, (width, height)), look, result_spacing)
    fine = _resized(image, (OVERSAMPLING * width, OVERSAMPLING * height))
    darkness = _printed(np.asarray(1 - fine / np.float32(255)), look, OVERSAMPLING * result_spacing)
    grey = np.asarray(cv2.resize(darkness, (width, height), interpolation=cv2.INTER_AREA))
    return _on_paper(np.clip(np.rint(255 * (1 - grey)), 0, 255).astype(np.uint8), look, result_spacing)


def wave_spaces(look: ScanLook, x_spaces: Floats) -> Floats:
    """Return the distance by which a scan moves some columns down.

    Args:
        look: The look of the scan.
        x_spaces: The columns, counted in staff spacings from the picture's left edge.

    Returns:
        The movement in staff spacings, of the same shape.
    """
    phase = np.random.default_rng([look.seed, 5]).uniform(0, 2 * np.pi, 2)
    angle = 2 * np.pi * np.asarray(x_spaces) / look.wave_length
    return np.asarray(look.wave * (0.7 * np.sin(angle + phase[0]) + 0.3 * np.sin(2.7 * angle + phase[1])))


def _changes_ink(look: ScanLook) -> bool:
    values = (look.growth, look.unevenness, look.roughness, look.blur, look.wave, look.specks, look.spots)
    return look.one_bit or any(values)


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if (image.shape[1], image.shape[0]) == size:
        return image
    smaller = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), np.uint8)


def _printed(darkness: Field, look: ScanLook, spacing: float) -> Field:
    """Return the ink as printed and scanned at the fine size, 0 to 1."""
    rng = np.random.default_rng([look.seed, 7])
    if look.growth or look.unevenness or look.roughness:
        darkness = _grown(darkness, look, spacing, rng)
    if look.specks or look.spots:
        darkness = _spotted(darkness, look, spacing, rng)
    if look.blur:
        darkness = np.asarray(cv2.GaussianBlur(darkness, (0, 0), look.blur * spacing), np.float32)
    if look.wave:
        darkness = _waved(darkness, look, spacing)
    return (darkness >= look.threshold).astype(np.float32) if look.one_bit else darkness


def _grown(darkness: Field, look: ScanLook, spacing: float, rng: np.random.Generator) -> Field:
    """Move the edges of all ink outwards by an uneven distance."""
    ink = (darkness > 0.5).astype(np.uint8)
    outside = cv2.distanceTransform(1 - ink, cv2.DIST_L2, 3)  # 0 on ink, 1 next to it
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, 3)
    reach = look.growth + look.unevenness * smooth_field(ink.shape, _INK_CELL * spacing, rng)
    reach += look.roughness * smooth_field(ink.shape, max(1.0, _EDGE_CELL * spacing), rng)
    return np.asarray(np.clip(0.5 + reach * np.float32(spacing) - outside + inside - (ink - np.float32(0.5)), 0, 1))


def _spotted(darkness: Field, look: ScanLook, spacing: float, rng: np.random.Generator) -> Field:
    """Add specks of ink, holes in it, and a few larger spots."""
    darkness = darkness.copy()
    area = darkness.size / spacing**2
    for number, sizes, grey in (
        (look.specks * area / _SPECK_AREA, (0.02, 0.07), 1.0),
        (look.specks * area / _SPECK_AREA, (0.02, 0.06), 0.0),
        (look.spots * area / _SPOT_AREA, (0.15, 0.6), 1.0),
    ):
        count = int(rng.poisson(number))
        centres = rng.uniform(0, (darkness.shape[1], darkness.shape[0]), (count, 2))
        axes, turns = rng.uniform(*sizes, (count, 2)) * spacing, rng.uniform(0, 180, count)
        for centre, axis, turn in zip(centres, axes, turns, strict=True):
            box = (tuple(map(float, centre)), tuple(map(float, np.maximum(1, 2 * axis))), float(turn))
            cv2.ellipse(darkness, box, grey, -1)
    return darkness


def _waved(darkness: Field, look: ScanLook, spacing: float) -> Field:
    height, width = darkness.shape
    columns = np.arange(width, dtype=np.float32)
    shift = spacing * wave_spaces(look, np.asarray((np.arange(width) + 0.5) / spacing, np.float64))
    rows = np.arange(height, dtype=np.float32)[:, None] - shift.astype(np.float32)
    across = np.broadcast_to(columns, rows.shape)
    return np.asarray(cv2.remap(darkness, across, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _on_paper(image: Image, look: ScanLook, spacing: float) -> Image:
    """Give paper and ink their greys, unevenness, the print of the back, noise and compression."""
    if _plain(look):
        return image if look.jpeg_quality is None else jpeg(image, look.jpeg_quality)
    rng = np.random.default_rng([look.seed, 8])
    darkness = 1 - image.astype(np.float32) / 255
    paper = look.paper + look.paper_unevenness * smooth_field(image.shape, _PAPER_CELL * spacing, rng)
    if look.bleed:
        back = cv2.GaussianBlur(np.ascontiguousarray(darkness[:, ::-1]), (0, 0), 0.15 * spacing)
        paper = paper - look.bleed * (paper - look.ink) * back
    grey = paper + (np.float32(look.ink) - paper) * darkness
    if look.noise:
        grey = grey + look.noise * grain(image.shape, rng)
    image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return image if look.jpeg_quality is None else jpeg(image, look.jpeg_quality)


def _plain(look: ScanLook) -> bool:
    return look.paper == 255 and not (look.paper_unevenness or look.ink or look.bleed or look.noise)
