"""Makes a picture of print from a notation file: engraved pages that look like a scan or like photos.

The result is one PDF, or a folder of PNGs if the name has no suffix. The same seed gives the same file.

    python tools/make_print.py piece.krn scan.pdf
    python tools/make_print.py piece.musicxml photos --look photo --seed 3
    python tools/make_print.py piece.abc phone.pdf --look photo --rotation-deg 10 --upside-down
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from standpartner.degrade import (
    PhotoRanges,
    PrintedPage,
    ScanRanges,
    engraved_pages,
    old_print_style,
    photograph_page,
    scan_page,
    write_pdf,
    write_png_pages,
)
from standpartner.score import read_score

SPACING_PX = 21  # of the scan: about 300 dots to the inch on A4


def scans(notation: Path, *, seed: int, grey: bool) -> list[PrintedPage]:
    """The pages of a scan: one look for all, each page with its own specks and inking."""
    look = ScanRanges(grey_share=1.0 if grey else 0.0).draw(seed)
    pages = engraved_pages(read_score(notation, style=old_print_style(seed)))
    return [
        scan_page(page, replace(look, seed=seed + number), spacing_px=SPACING_PX) for number, page in enumerate(pages)
    ]


def photos(pages: list[PrintedPage], ranges: PhotoRanges, *, seed: int) -> list[PrintedPage]:
    return [photograph_page(page, ranges.draw(seed + number)) for number, page in enumerate(pages)]


def one_bit(page: np.ndarray) -> np.ndarray:
    return np.where(page < 128, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notation", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--look", choices=["scan", "grey-scan", "photo"], default="scan")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rotation-deg", type=float, help="turn photos by this instead of a drawn angle")
    parser.add_argument("--upside-down", action="store_true", help="turn photos upside down")
    options = parser.parse_args()
    pages = scans(options.notation, seed=options.seed, grey=options.look == "grey-scan")
    if options.look == "photo":
        ranges = PhotoRanges(quarter_turns=(2,) if options.upside_down else (0,))
        if options.rotation_deg is not None:
            ranges = replace(ranges, rotation_deg=(options.rotation_deg, options.rotation_deg))
        pages = photos(pages, ranges, seed=options.seed)
    images = [one_bit(page.image) if options.look == "scan" else page.image for page in pages]
    if options.out.suffix.lower() == ".pdf":
        write_pdf(images, options.out)
    else:
        write_png_pages(images, options.out)
    print(f"{len(images)} pages in {options.out}")


if __name__ == "__main__":
    main()
