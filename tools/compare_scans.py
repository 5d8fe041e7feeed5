"""Compares engraved pages that were made to look like scans with scanned editions: numbers and pictures.

Only editions of the training and validation splits are looked at, some pages of each collection. Writes scans.png (the
same piece engraved, made to look like a scan, and scanned) and photos.png, and prints percentiles as docs/print.md has
them.

    python tools/compare_scans.py --source DATA --out docs/print
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pypdfium2

from standpartner.corpus.recipes.humdrum import KernFile, read_files
from standpartner.corpus.store import read_split
from standpartner.degrade import (
    PhotoRanges,
    PrintedPage,
    PrintStatistics,
    ScanRanges,
    engraved_pages,
    old_print_style,
    photograph,
    print_statistics,
    scan_page,
)
from standpartner.errors import ScoreError
from standpartner.score import read_score

WIDTH_PX = 2000  # of a scanned page: what the reader of print renders
SPACINGS_PX = (13.0, 18.0)  # of the scanned editions at that width
PERCENTILES = (5, 25, 50, 75, 95)
SHOWN = ("chopin-mazurkas__mazurka17-1", "joplin__bethena", "scarlatti__L015K160")
CROP_SPACES = (22, 15)  # width and height of a picture of the contact sheet
CROP_SPACING_PX = 14
GREYS = 16  # of the contact sheet, for small files


def scan_files(source: Path) -> list[tuple[KernFile, Path]]:
    """Notation and scan of every piece outside the test split that has both, evenly mixed."""
    split = read_split("humdrum")
    found = []
    for file in read_files(source):
        collection, stem = file.name.split("__")
        scan = source / "scans" / collection / f"{stem}.pdf"
        if split[file.name][0] != "test" and scan.is_file():
            found.append((file, scan))
    order = np.random.default_rng(0).permutation(len(found))
    return [found[index] for index in order]


def scanned_page(path: Path, number: int) -> np.ndarray:
    with pypdfium2.PdfDocument(path) as document:
        page = document[min(number, len(document) - 1)]
        return page.render(scale=WIDTH_PX / page.get_width(), grayscale=True).to_numpy().squeeze()


def real(files: list[tuple[KernFile, Path]]) -> Iterator[PrintStatistics]:
    for _, path in files:
        try:
            yield print_statistics(scanned_page(path, 1))
        except ScoreError as error:
            print(f"{path.name}: {error}")


def made(files: list[tuple[KernFile, Path]], *, looks: int) -> Iterator[PrintStatistics]:
    """Statistics of pages of some pieces, each scanned in several looks of one bit a pixel as most editions are."""
    rng = np.random.default_rng(1)
    for number, (file, _) in enumerate(files):
        pages = engraved_pages(read_score(file.path, style=old_print_style(number)))
        for look in range(looks):
            page = pages[min(1 + look, len(pages) - 1)]
            ranges = ScanRanges(grey_share=0.0)
            scan = scan_page(page, ranges.draw(number * looks + look), spacing_px=rng.uniform(*SPACINGS_PX))
            yield print_statistics(scan.image)


def table(real: list[PrintStatistics], made: list[PrintStatistics]) -> str:
    heading = " | ".join(f"{percentile} %" for percentile in PERCENTILES)
    lines = [f"| what | of | {heading} |", "|---|---|" + "---|" * len(PERCENTILES)]
    for name in asdict(real[0]):
        for of, rows in (("scans", real), ("made", made)):
            values = np.percentile([getattr(row, name) for row in rows], PERCENTILES)
            lines.append(f"| `{name}` | {of} | " + " | ".join(f"{value:.3g}" for value in values) + " |")
    return "\n".join(lines)


def crop(image: np.ndarray, spacing_px: float) -> np.ndarray:
    """The part with most ink, of one size for all."""
    scale = CROP_SPACING_PX / spacing_px
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    width, height = (CROP_SPACING_PX * spaces for spaces in CROP_SPACES)
    grey = small if small.ndim == 2 else small[..., 1]
    ink = cv2.boxFilter(255 - grey.astype(np.float32), -1, (width, height), borderType=cv2.BORDER_CONSTANT)
    half = (height // 2, width // 2)
    inside = ink[half[0] : -half[0] - 1, half[1] : -half[1] - 1]
    top, left = np.unravel_index(inside.argmax(), inside.shape)
    return small[top : top + height, left : left + width]


def pages_of(file: KernFile, seed: int) -> PrintedPage:
    return engraved_pages(read_score(file.path, style=old_print_style(seed)))[0]


def scans_sheet(files: list[tuple[KernFile, Path]]) -> np.ndarray:
    rows = []
    for seed, (file, path) in enumerate(files):
        clean, printed = engraved_pages(read_score(file.path))[0], pages_of(file, seed)
        scan = scan_page(printed, ScanRanges(grey_share=0.0).draw(seed), spacing_px=16)
        edition = scanned_page(path, 0)
        pictures = [(clean.image, clean.spacing_px), (scan.image, 16), (edition, print_statistics(edition).spacing_px)]
        rows.append(np.hstack([framed(crop(image, spacing)) for image, spacing in pictures]))
    return np.vstack(rows)


def photos_sheet(files: list[tuple[KernFile, Path]]) -> np.ndarray:
    """Whole pages: a grey scan, a photo of an open book, one turned, one in 75 dots to the inch."""
    printed = [pages_of(file, seed) for seed, (file, _) in enumerate(files)]
    grey = scan_page(printed[0], ScanRanges(grey_share=1.0).draw(5), spacing_px=16).image
    looks = [
        PhotoRanges(curl=(0.03, 0.03)).draw(1),
        PhotoRanges(rotation_deg=(9.0, 9.0)).draw(2),
        PhotoRanges.low_resolution().draw(3),
    ]
    pages = [scan_page(page, ScanRanges().draw(8), spacing_px=16).image for page in printed]
    photos = [photograph(page, look).image[..., 1] for page, look in zip(pages, looks, strict=True)]
    return np.hstack([framed(fitted(image, 480)) for image in (grey, *photos)])


def fitted(image: np.ndarray, height: int) -> np.ndarray:
    size = (round(image.shape[1] * height / image.shape[0]), height)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def framed(image: np.ndarray) -> np.ndarray:
    return np.pad(image, 3, constant_values=128)


def save(path: Path, image: np.ndarray) -> None:
    steps = 255 / (GREYS - 1)
    cv2.imwrite(str(path), (np.rint(image / steps) * steps).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder with kern/ and scans/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--pages", type=int, default=60, help="scanned pages that are measured")
    parser.add_argument("--pieces", type=int, default=20, help="pieces that are engraved, in three looks each")
    options = parser.parse_args()
    files = scan_files(options.source)
    options.out.mkdir(parents=True, exist_ok=True)
    shown = [pair for name in SHOWN for pair in files if pair[0].name == name]
    save(options.out / "scans.png", scans_sheet(shown))
    save(options.out / "photos.png", photos_sheet(shown))
    print(table(list(real(files[: options.pages])), list(made(files[: options.pieces], looks=3))))


if __name__ == "__main__":
    main()
