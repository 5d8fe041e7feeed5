"""Pictures and a table that show what was found on pages: for checking with the eye and for correcting by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from standpartner.errors import OutputError
from standpartner.score.model import Image, Score
from standpartner.score.print.layout import PageLayout, SystemLayout, layout_text
from standpartner.score.print.read import PrintReading
from standpartner.support import palette
from standpartner.support.files import make_folder, own_pages, write_text

DOUBTFUL: Final = 0.1  # what is doubted more is marked


def write_reading(reading: PrintReading, out_dir: str | Path) -> None:
    """Write page-001.png ... with systems and bars outlined, strip.png and layout.json into a folder, made if needed.

    Page images of pages that were read into it before are removed.

    Raises:
        OutputError: The folder or a file cannot be written, or it holds pictures of pages of another origin.
    """
    folder = Path(out_dir)
    make_folder(folder)
    stale = own_pages(folder, marker="layout.json")
    labels = iter(_first_measures(reading.score))
    try:
        for picture in stale:
            picture.unlink()
        PilImage.fromarray(reading.score.strip).save(folder / "strip.png")
        for number, (image, page) in enumerate(zip(reading.score.pages, reading.pages, strict=True), start=1):
            drawn = draw_page(image, page, first_measures=[next(labels) for _ in page.systems])
            PilImage.fromarray(drawn).save(folder / f"page-{number:03d}.png", compress_level=3)
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror or error}; give another place") from error
    write_text(folder / "layout.json", layout_text(reading.pages))


def _first_measures(score: Score) -> list[str]:
    """The number of the first measure of each system; empty where it has none."""
    bars = score.bars
    if bars is None:
        return [""] * len(score.systems)
    own = [bars.label[bars.system == system] for system in range(len(score.systems))]
    return [str(labels[0]) if len(labels) else "" for labels in own]


def draw_page(image: Image, page: PageLayout, *, first_measures: Sequence[str]) -> Image:
    """Draw a page with its systems outlined and the right end of each bar marked; what is doubtful in another colour.

    Args:
        image: The straight page, uint8 (height, width).
        page: What was found on it.
        first_measures: Number of the first bar of each of its systems.

    Returns:
        An RGB image, uint8 (height, width, 3).
    """
    picture = PilImage.fromarray(image).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for system, measure in zip(page.systems, first_measures, strict=True):
        _draw_system(draw, system, page.spacing_px or 14.0, measure)
    return np.asarray(picture)


def _draw_system(draw: ImageDraw.ImageDraw, system: SystemLayout, spacing_px: float, measure: str) -> None:
    font = ImageFont.load_default(round(2 * spacing_px))
    width = max(2, round(0.15 * spacing_px))
    colour = palette.WARNING if system.box_doubt > DOUBTFUL else palette.ONSET
    edge = 0.5 * spacing_px
    box = (system.left_px - edge, system.top_px - edge, system.right_px + edge, system.bottom_px + edge)
    draw.rectangle(box, outline=colour, width=width)
    words = measure if system.doubt <= DOUBTFUL else f"{measure}   doubt {system.doubt:.2f}"
    draw.text((system.left_px, system.top_px - 3.2 * spacing_px), words, fill=palette.SYSTEM_BORDER, font=font)
    for end, doubt in zip(system.barlines_px, system.bar_doubts, strict=True):
        colour = palette.WARNING if doubt > DOUBTFUL else palette.SYSTEM_BORDER
        draw.line((end, system.top_px - spacing_px, end, system.bottom_px + spacing_px), fill=colour, width=width)
