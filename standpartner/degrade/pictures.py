"""Writes pages as a folder of PNG files, or as one PDF as scanners make it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PilImage

from standpartner.errors import ScoreError
from standpartner.score.model import Image

_PAPER_WIDTH_INCH: Final = 8.27  # A4


def write_png_pages(pages: Sequence[Image], folder: Path) -> list[Path]:
    """Write pages as page-001.png and so on into a folder, which is made if it is missing.

    Args:
        pages: The pages, uint8 (height, width) grey or (height, width, 3) red, green, blue.
        folder: The folder.

    Returns:
        The files in order.

    Raises:
        ScoreError: There are no pages, or they cannot be written.
    """
    _check(pages)
    paths = [folder / f"page-{number:03d}.png" for number in range(1, len(pages) + 1)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, page in zip(paths, pages, strict=True):
            PilImage.fromarray(page).save(path, optimize=True)
    except OSError as error:
        raise ScoreError(f"expected to write pages into {folder}, but {error.strerror or error}") from error
    return paths


def write_pdf(pages: Sequence[Image], path: Path) -> None:
    """Write pages as one PDF of A4 width; pages of black and white alone have one bit a pixel, the others are JPEG.

    Args:
        pages: The pages, uint8 (height, width) grey or (height, width, 3) red, green, blue.
        path: The file, whose folder must exist.

    Raises:
        ScoreError: There are no pages, or the file cannot be written.
    """
    _check(pages)
    pictures = [_picture(page) for page in pages]
    dots_per_inch = pages[0].shape[1] / _PAPER_WIDTH_INCH
    try:
        pictures[0].save(
            path,
            format="PDF",
            save_all=True,
            append_images=pictures[1:],
            resolution=dots_per_inch,
            creationDate=None,  # the same pages make the same file
            modDate=None,
        )
    except OSError as error:
        raise ScoreError(f"expected to write {path}, but {error.strerror or error}") from error


def _check(pages: Sequence[Image]) -> None:
    if not pages:
        raise ScoreError("expected at least one page to write, got none")


def _picture(page: Image) -> PilImage.Image:
    picture = PilImage.fromarray(page)
    return picture.convert("1", dither=PilImage.Dither.NONE) if np.isin(page, (0, 255)).all() else picture
