"""Pictures and a table that show what was found on pages: for checking with the eye and for correcting by hand."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from standpartner.errors import OutputError
from standpartner.score.model import Image
from standpartner.score.print.layout import PageLayout, SystemLayout, layout_text
from standpartner.score.print.read import PrintReading
from standpartner.support import palette
from standpartner.support.files import make_folder, write_text

DOUBTFUL: Final = 0.1  # what is doubted more is marked


def write_reading(reading: PrintReading, out_dir: str | Path) -> None:
    """Write page-001.png ... with systems and bars outlined, strip.png and layout.json into a folder, made if needed.

    Raises:
        OutputError: The folder or a file cannot be written.
    """
    folder = Path(out_dir)
    make_folder(folder)
    measure = 1 if reading.score.bars is None else int(str(reading.score.bars.label[0]))
    try:
        PilImage.fromarray(reading.score.strip).save(folder / "strip.png")
        for number, (image, page) in enumerate(zip(reading.score.pages, reading.pages, strict=True), start=1):
            drawn = draw_page(image, page, first_measure=measure)
            PilImage.fromarray(drawn).save(folder / f"page-{number:03d}.png", compress_level=3)
            measure += sum(system.bars for system in page.systems)
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror or error}; give another place") from error
    write_text(folder / "layout.json", layout_text(reading.pages))


def draw_page(image: Image, page: PageLayout, *, first_measure: int) -> Image:
    """Draw a page with its systems outlined and the right end of each bar marked; what is doubtful in another colour.

    Args:
        image: The straight page, uint8 (height, width).
        page: What was found on it.
        first_measure: Number of its first bar.

    Returns:
        An RGB image, uint8 (height, width, 3).
    """
    picture = PilImage.fromarray(image).convert("RGB")
    draw = ImageDraw.Draw(picture)
    measure = first_measure
    for system in page.systems:
        _draw_system(draw, system, page.spacing_px or 14.0, measure)
        measure += system.bars
    return np.asarray(picture)


def _draw_system(draw: ImageDraw.ImageDraw, system: SystemLayout, spacing_px: float, measure: int) -> None:
    font = ImageFont.load_default(round(2 * spacing_px))
    width = max(2, round(0.15 * spacing_px))
    colour = palette.WARNING if system.box_doubt > DOUBTFUL else palette.ONSET
    edge = 0.5 * spacing_px
    box = (system.left_px - edge, system.top_px - edge, system.right_px + edge, system.bottom_px + edge)
    draw.rectangle(box, outline=colour, width=width)
    words = f"{measure}" if system.doubt <= DOUBTFUL else f"{measure}   doubt {system.doubt:.2f}"
    draw.text((system.left_px, system.top_px - 3.2 * spacing_px), words, fill=palette.SYSTEM_BORDER, font=font)
    for end, doubt in zip(system.barlines_px, system.bar_doubts, strict=True):
        colour = palette.WARNING if doubt > DOUBTFUL else palette.SYSTEM_BORDER
        draw.line((end, system.top_px - spacing_px, end, system.bottom_px + spacing_px), fill=colour, width=width)
