"""How well pages are read that were made to look like scans and photos, kind of damage by kind of damage.

    python benchmarks/damaged_pages.py --source DATA [--pages N] [--kinds scan,photo] [--keep FOLDER]

Pages are engraved from Humdrum's training and validation splits, each in a style of its own. A page is right if as many
systems are found as it has; of these, a system is right if as many bars are found as it has measures. A system counts
as wrong unnoticed if its doubt is below .5.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from standpartner.corpus.recipes.humdrum import read_files
from standpartner.corpus.store import read_split
from standpartner.degrade import (
    PhotoLook,
    PhotoRanges,
    PrintedPage,
    ScanRanges,
    engraved_pages,
    old_print_style,
    photograph_page,
    scan_page,
    write_png_pages,
)
from standpartner.errors import ScoreError
from standpartner.score import read_score
from standpartner.score.print.read import PrintReading, read_print

COLLECTIONS = ("chopin-mazurkas", "joplin", "scarlatti", "mozart")
SPACING_PX = 16  # of the scans
Damage = Callable[[PrintedPage, int], PrintedPage]


def scanned(page: PrintedPage, seed: int) -> PrintedPage:
    return scan_page(page, ScanRanges().draw(seed), spacing_px=SPACING_PX)


def photographed(ranges: PhotoRanges) -> Damage:
    return lambda page, seed: photograph_page(scanned(page, seed), ranges.draw(seed))


def turned(*angles_deg: float) -> Damage:
    def damage(page: PrintedPage, seed: int) -> PrintedPage:
        look = PhotoLook(rotation_deg=angles_deg[seed % len(angles_deg)], margin=0.02)
        return photograph_page(scanned(page, seed), look)

    return damage


def dirty(page: PrintedPage, seed: int) -> PrintedPage:
    look = replace(ScanRanges(grey_share=1.0).draw(seed), specks=200.0, spots=20.0)
    scan = scan_page(page, look, spacing_px=SPACING_PX)
    return photograph_page(scan, PhotoLook(seed=seed, shade=0.5, shadow=0.3, rotation_deg=2.5, margin=0.02))


DAMAGES: dict[str, Damage] = {
    "engraved": lambda page, _: page,
    "scan": scanned,
    "rotated by 3, 6, 10 degrees": turned(3, -6, 10, -10),
    "sideways, upside down": turned(90, 180, 270),
    "spots and uneven light": dirty,
    "75 dots to the inch": photographed(PhotoRanges.low_resolution()),
    "keystone": photographed(PhotoRanges(curl=(0, 0))),
    "curved by 40 px of 2 000": photographed(PhotoRanges(curl=(0.03, 0.03), pitch_deg=(0, 0), yaw_deg=(0, 0))),
    "photo": photographed(PhotoRanges()),
}


@dataclass
class Tally:
    """What was read of one kind of damage."""

    pages: int = 0
    right_pages: int = 0
    systems: int = 0
    right_systems: int = 0
    unnoticed: int = 0
    seconds: float = 0.0

    def add(self, page: PrintedPage, reading: PrintReading | None, seconds: float) -> bool:
        """Count a page; returns whether all of it is right."""
        self.pages, self.systems, self.seconds = (
            self.pages + 1,
            self.systems + len(page.systems),
            self.seconds + seconds,
        )
        found = [system for layout in reading.pages for system in layout.systems] if reading else []
        if len(found) != len(page.systems):
            return False
        self.right_pages += 1
        right = [len(true.barlines) == read.bars for true, read in zip(page.systems, found, strict=True)]
        self.right_systems += sum(right)
        self.unnoticed += sum(not good and read.doubt < 0.5 for good, read in zip(right, found, strict=True))
        return all(right)

    def row(self, name: str) -> str:
        """A row of the table."""
        return (
            f"| {name} | {self.right_pages} of {self.pages} | {self.right_systems / self.systems:.3f} "
            f"| {self.unnoticed / self.systems:.3f} | {self.seconds / self.pages:.1f} |"
        )


def pages(source: Path, count: int) -> Iterator[PrintedPage]:
    """Second pages where there are, of pieces spread over the splits that may be looked at."""
    split = read_split("humdrum")
    files = [file for file in read_files(source) if split[file.name][0] != "test" and file.name.startswith(COLLECTIONS)]
    files = [file for file in files if "violin" not in file.name]
    order = np.random.default_rng(4).permutation(len(files))[:count]
    for seed, index in enumerate(order):
        engraved = engraved_pages(read_score(files[index].path, style=old_print_style(seed), time_limit_s=300))
        yield engraved[min(1, len(engraved) - 1)]


def main() -> None:
    """Read and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder with kern/")
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--kinds", help="some kinds of damage, with commas between")
    parser.add_argument("--keep", type=Path, help="folder for pages that were not read right")
    options = parser.parse_args()
    kinds = options.kinds.split(",") if options.kinds else list(DAMAGES)
    tallies = {kind: Tally() for kind in kinds}
    for seed, page in enumerate(pages(options.source, options.pages)):
        for kind, tally in tallies.items():
            damaged = DAMAGES[kind](page, seed)
            with tempfile.TemporaryDirectory() as folder:
                paths = write_png_pages([damaged.image], Path(folder))
                began_s = time.perf_counter()
                try:
                    reading = read_print(paths)
                except ScoreError as error:
                    print(f"{kind} {seed}: {error}")
                    reading = None
                right = tally.add(damaged, reading, time.perf_counter() - began_s)
            if options.keep and not right:
                write_png_pages([damaged.image], options.keep / f"{kind} {seed}")
    print("| damage | pages with all systems | systems with all bars | wrong unnoticed | s a page |")
    print("|---|---:|---:|---:|---:|")
    for kind, tally in tallies.items():
        print(tally.row(kind))


if __name__ == "__main__":
    main()
