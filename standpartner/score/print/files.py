"""Pictures of pages from files: PDF, PNG, JPEG, TIFF, WebP, HEIC. Runs in a child process: files can be hostile."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
import pypdfium2
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from standpartner.errors import MissingExtraError, ScoreError
from standpartner.score.print.arrays import Array
from standpartner.score.print.vector import VectorLines, vector_lines

PDF_SUFFIXES: Final = (".pdf",)
HEIC_SUFFIXES: Final = (".heic", ".heif")
PICTURE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", *HEIC_SUFFIXES)
PRINT_SUFFIXES: Final = (*PDF_SUFFIXES, *PICTURE_SUFFIXES)
_NOTATION_SUFFIXES: Final = (".musicxml", ".xml", ".mxl", ".mei", ".krn", ".abc", ".ly")

_WIDTH_PX: Final = 2_000  # at which pages are looked at: what a file says of dots per inch is wrong as often as right
_WIDEST_PX: Final = 2_900
_MOST_BYTES: Final = 300_000_000
_MOST_PX: Final = 120_000_000
_LONGEST_SIDE_PX: Final = 30_000
_SUBFILE_TYPE: Final = 254  # the TIFF tag whose lowest bit marks a smaller version of another picture
_MOST_RENDERED_PX: Final = 40_000_000
_DAMAGE: Final = (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, OverflowError)


class PageSource(Protocol):
    """One page of a file, to be drawn at any size."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in the file's own unit."""

    def draw(self, scale: float) -> Array:
        """Draw the page with so many px for each unit, uint8 (height, width), 255 is white."""

    def lines(self) -> VectorLines | None:
        """The straight lines that the file draws, or None if it holds a picture."""


def is_print(path: Path) -> bool:
    """Whether a path is a folder or names a kind of file that shows pages rather than tells notes."""
    if path.is_dir():
        return path.suffix.lower() not in _NOTATION_SUFFIXES
    return path.suffix.lower() in PRINT_SUFFIXES


def list_files(paths: Sequence[Path]) -> list[Path]:
    """The files to read, in order: those given, and for a folder the pictures in it by name, numbers by size.

    Raises:
        ScoreError: One is missing, is no picture, or a folder holds none.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted((file for file in path.iterdir() if _is_page_file(file)), key=_by_number)
            if not inside:
                raise ScoreError(f"The folder {path} holds no PDF or picture; put the pages of the score into it.")
            files += inside
        elif path.suffix.lower() in PRINT_SUFFIXES or not path.is_file():
            files.append(path)
        else:
            kinds = ", ".join(suffix[1:].upper() for suffix in PRINT_SUFFIXES)
            raise ScoreError(f"{path.name} is no picture of a page; give files of these kinds: {kinds}.")
    for file in files:
        if not file.is_file():  # in a folder a link may lead nowhere
            raise ScoreError(f"There is no file {file}; check the name.")
    if not files:
        raise ScoreError("No file was given; give a PDF or the pictures of the pages in order.")
    return files


def open_pages(path: Path, *, max_pages: int) -> Iterator[PageSource]:
    """Yield the pages of a file.

    Raises:
        ScoreError: The file is empty, damaged, locked, too large, or has too many pages.
        MissingExtraError: It is a HEIC photo, and what reads those is not installed.
    """
    size = path.stat().st_size
    if size == 0:
        raise ScoreError(f"{path.name} is empty; copy or scan it anew.")
    if size > _MOST_BYTES:
        raise ScoreError(
            f"{path.name} has {size / 1e6:.0f} MB; files up to {_MOST_BYTES / 1e6:.0f} MB are read: scan it with fewer "
            "dots per inch."
        )
    if path.suffix.lower() in PDF_SUFFIXES:
        yield from _pdf_pages(path, max_pages)
    else:
        yield from _picture_pages(path, max_pages)


def page_scale(source: PageSource) -> float:
    """Px for each unit at which a page is first looked at."""
    width, height = source.size
    wanted = _WIDTH_PX if height >= width else min(_WIDTH_PX * width / height, _WIDEST_PX)
    return limit_scale(source, wanted / width)


def limit_scale(source: PageSource, scale: float) -> float:
    """The scale, or less where the picture would get too large."""
    width, height = source.size
    return min(scale, (_MOST_RENDERED_PX / (width * height)) ** 0.5, _LONGEST_SIDE_PX / max(width, height))


def _is_page_file(path: Path) -> bool:
    return path.suffix.lower() in PRINT_SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Order by name, with numbers in it by their size: page 2 before page 10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


@dataclass(frozen=True)
class _PdfPage:
    document: Any
    number: int
    name: str

    @property
    def size(self) -> tuple[float, float]:
        page = self.document[self.number]
        width, height = page.get_size()
        page.close()
        return width, height

    def draw(self, scale: float) -> Array:
        page = self.document[self.number]
        try:
            bitmap = page.render(scale=scale, grayscale=True)
            grey = np.array(bitmap.to_numpy(), copy=True)
            bitmap.close()
        finally:
            page.close()
        return np.ascontiguousarray(grey[..., 0] if grey.ndim == 3 else grey)

    def lines(self) -> VectorLines | None:
        page = self.document[self.number]
        try:
            return vector_lines(page)
        finally:
            page.close()


def _pdf_pages(path: Path, max_pages: int) -> Iterator[PageSource]:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ScoreError(f"{path.name} is locked with a password; save it without one and read that.") from error
        raise ScoreError(f"{path.name} is no PDF or is damaged; print it to a new PDF in a viewer.") from error
    try:
        count = len(document)
        if count == 0:
            raise ScoreError(f"{path.name} has no pages; save the PDF anew.")
        _check_count(path, count, max_pages)
        for number in range(count):
            page = _PdfPage(document, number, path.name)
            try:
                width, height = page.size
            except pypdfium2.PdfiumError as error:
                raise ScoreError(f"Page {number + 1} of {path.name} is damaged; print it to a new PDF.") from error
            if not (width > 1 and height > 1 and max(width, height) < 60 * min(width, height)):
                raise ScoreError(f"Page {number + 1} of {path.name} is {width:g} x {height:g} points: no page.")
            yield page
    finally:
        document.close()


def _check_count(path: Path, count: int, max_pages: int) -> None:
    if count > max_pages:
        raise ScoreError(
            f"{path.name} has {count} pages; at most {max_pages} are followed; raise --max-pages or split it."
        )


@dataclass(frozen=True)
class PicturePage:
    """A page that is a picture already.

    Attributes:
        grey: The picture, uint8 (height, width), 255 is white.
    """

    grey: Array

    @property
    def size(self) -> tuple[float, float]:
        """Its width and height in px."""
        return float(self.grey.shape[1]), float(self.grey.shape[0])

    def draw(self, scale: float) -> Array:
        """Draw it at another size."""
        if scale == 1:
            return self.grey
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        height, width = self.grey.shape
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return cv2.resize(self.grey, size, interpolation=way)

    def lines(self) -> None:
        """A picture says nothing of its lines."""


def _picture_pages(path: Path, max_pages: int) -> Iterator[PageSource]:
    if path.suffix.lower() in HEIC_SUFFIXES:
        _register_heic()
    PilImage.MAX_IMAGE_PIXELS = None  # the sizes are checked here, with words that say what to do
    try:
        with PilImage.open(path) as picture:
            previews = picture.format == "MPO"  # cameras append smaller pictures of the same photo
            count = 1 if previews else getattr(picture, "n_frames", 1)
            _check_count(path, count, max_pages)
            for number in range(count):
                picture.seek(number)
                if count > 1 and _is_reduced(picture):
                    continue
                _check_size(path, picture.size)
                yield PicturePage(_grey(picture))
    except ScoreError:
        raise
    except UnidentifiedImageError as error:
        raise ScoreError(f"{path.name} is no picture or is damaged; open it in a viewer and save it anew.") from error
    except _DAMAGE as error:
        raise ScoreError(f"{path.name} is damaged ({error}); open it in a viewer and save it anew.") from error


def _is_reduced(picture: PilImage.Image) -> bool:
    """Whether a TIFF says that this is another of its pictures made smaller: a preview, or a step of a pyramid."""
    return picture.format == "TIFF" and bool(getattr(picture, "tag_v2", {}).get(_SUBFILE_TYPE, 0) & 1)


def _register_heic() -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtraError("What reads HEIC photos", 'pip install "standpartner[heic]"') from error
    pillow_heif.register_heif_opener()


def _check_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if max(width, height) > _LONGEST_SIDE_PX or width * height > _MOST_PX:
        raise ScoreError(
            f"{path.name} is {width} x {height} px; pictures up to {_MOST_PX / 1e6:.0f} million px and "
            f"{_LONGEST_SIDE_PX} px a side are read: scan it with fewer dots per inch."
        )
    if min(width, height) < 32:
        raise ScoreError(f"{path.name} is {width} x {height} px: too small for a page; give the whole page.")


def _grey(picture: PilImage.Image) -> Array:
    """Turn a picture as its camera says, lay what is transparent on white, and make it grey."""
    if picture.format == "JPEG" and picture.mode in ("RGB", "L") and min(picture.size) > 2 * _WIDEST_PX:
        picture.draft("L", (picture.size[0] // 2, picture.size[1] // 2))
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith(("I", "F")):
        values = np.asarray(turned, dtype=np.float32)
        top = next((top for top in (1.0, 255.0) if values.max() <= top), 65_535.0)
        return np.clip(values * (255 / top), 0, 255).astype(np.uint8)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        white = PilImage.new("RGBA", turned.size, "white")
        turned = PilImage.alpha_composite(white, turned)
    return np.array(turned.convert("L"))
