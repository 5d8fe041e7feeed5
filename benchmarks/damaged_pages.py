"""How well pages are read that were made to look like scans and photos, kind of damage by kind of damage.

    python benchmarks/damaged_pages.py --source DATA [--pages N] [--kinds scan,photo] [--keep FOLDER]

Pages are engraved from Humdrum's training and validation splits, each in a style of its own. A page is right if as many
systems are found as it has; of these, a system is right if as many bars are found as it has measures. A system counts
as wrong without doubt if its doubt is at most .1. Seconds are of processor time, with the start of the process that
reads; memory is the most that such a process held. A row is printed as soon as its kind is done.
"""

import argparse
import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
DOUBTFUL = 0.1
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
    doubted: int = 0
    unnoticed: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, page: PrintedPage, reading: PrintReading | None, seconds: float) -> bool:
        """Count a page; returns whether all of it is right."""
        self.pages, self.systems = self.pages + 1, self.systems + len(page.systems)
        self.seconds.append(seconds)
        found = [system for layout in reading.pages for system in layout.systems] if reading else []
        if len(found) != len(page.systems):
            return False
        self.right_pages += 1
        right = [len(true.barlines) == read.bars for true, read in zip(page.systems, found, strict=True)]
        self.right_systems += sum(right)
        self.doubted += sum(read.doubt > DOUBTFUL for read in found)
        self.unnoticed += sum(not good and read.doubt <= DOUBTFUL for good, read in zip(right, found, strict=True))
        return all(right)

    def row(self, name: str) -> str:
        """A row of the table."""
        return (
            f"| {name} | {self.right_pages} of {self.pages} | {self.right_systems} of {self.systems} "
            f"| {self.doubted} | {self.unnoticed} | {np.median(self.seconds):.2f} |"
        )


def processor_s() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def read_timed(page: PrintedPage, name: str) -> tuple[PrintReading | None, float]:
    """Read a page as a PNG file; returns what was read and the seconds of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_png_pages([page.image], Path(folder))
        began_s = processor_s()
        try:
            reading = read_print(paths)
        except ScoreError as error:
            print(f"{name}: {error}")
            reading = None
        return reading, processor_s() - began_s


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
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--kinds", default="", help="the first words of some kinds of damage, with commas between")
    parser.add_argument("--keep", type=Path, help="folder for pages that were not read right")
    options = parser.parse_args()
    chosen = tuple(options.kinds.split(","))
    kinds = [kind for kind in DAMAGES if kind.startswith(chosen)]
    originals = list(pages(options.source, options.pages))
    print("| damage | pages with all systems | systems with all bars | in doubt | wrong without doubt | s a page |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    for kind in kinds:
        tally = Tally()
        for seed, page in enumerate(originals):
            damaged = DAMAGES[kind](page, seed)
            reading, seconds = read_timed(damaged, f"{kind} {seed}")
            if not tally.add(damaged, reading, seconds) and options.keep:
                write_png_pages([damaged.image], options.keep / f"{kind} {seed}")
        print(tally.row(kind), flush=True)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(f"A process that engraved or read held at most {most:.0f} MB.")


if __name__ == "__main__":
    main()
