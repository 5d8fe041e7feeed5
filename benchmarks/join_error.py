"""Measure how far from the truth onsets are placed when printed pages are joined to their notation.

Pieces are engraved in the style of old editions, made to look like scans, read, and joined to another engraving of the
same file. Their true positions are known.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from standpartner.corpus.printed_editions import PrintedEdition, find_editions
from standpartner.corpus.store import read_split
from standpartner.degrade import ScanRanges, engraved_pages, old_print_style, scan_page, write_pdf
from standpartner.errors import ScoreError
from standpartner.score import PrintReading, Score, read_print, read_score
from standpartner.score.join import join_print
from standpartner.score.tables import Floats

SPACING_PX = 21.0  # of the scanned pages, about 300 dots to the inch


def scanned(drawn: Score, seed: int) -> PrintReading:
    """Make an engraved score look like a scan and read it."""
    look = ScanRanges().draw(seed)
    pages = [
        scan_page(page, replace(look, seed=look.seed + number), spacing_px=SPACING_PX).image
        for number, page in enumerate(engraved_pages(drawn))
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_pdf(pages, Path(folder) / "scan.pdf")
        return read_print([Path(folder) / "scan.pdf"])


def true_px(drawn: Score, read: Score) -> Floats:
    """The true place of each onset on the strip that was read, as a share of its system's width."""
    if len(drawn.systems) != len(read.systems):
        raise ScoreError(f"{len(read.systems)} systems were found, {len(drawn.systems)} drawn")
    system = drawn.onsets.system
    left, right = drawn.systems.strip_left_px[system], drawn.systems.strip_right_px[system]
    share = (drawn.onsets.x_px - left) / (right - left)
    left, right = read.systems.strip_left_px[system], read.systems.strip_right_px[system]
    return np.asarray(left + share * (right - left))


def describe(name: str, errors: Floats) -> str:
    """Say how large some errors are."""
    median, most, nearly = np.quantile(errors, (0.5, 0.9, 0.99))
    near = ", ".join(f"{np.mean(errors <= limit):.3f} within {limit} px" for limit in (3, 8, 16))
    return f"{name}: {len(errors)} onsets, median {median:.1f} px, 90 % {most:.1f}, 99 % {nearly:.1f}; {near}"


def errors_of(edition: PrintedEdition, seed: int) -> Floats:
    """The errors of the onsets of a piece in px."""
    drawn = read_score(edition.kern, style=old_print_style(seed))
    reading = scanned(drawn, seed)
    joined = join_print(reading, read_score(edition.kern))
    return np.abs(joined.score.onsets.x_px - true_px(drawn, reading.score))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="Folder with scans/ and kern/.")
    parser.add_argument("--pieces", type=int, default=8, help="How many pieces, evenly spread over the split.")
    parser.add_argument("--split", default="train", help="The split they are of.")
    args = parser.parse_args()
    splits = read_split("prints")
    found_editions = find_editions(args.source)
    editions = [one for one in found_editions if splits[one.name][0] == args.split and not one.excluded]
    found = []
    for seed, edition in enumerate(editions[:: max(1, len(editions) // args.pieces)][: args.pieces]):
        try:
            found.append(errors_of(edition, seed))
        except ScoreError as error:
            print(f"{edition.name}: {error}", flush=True)
            continue
        print(describe(edition.name, found[-1]), flush=True)
    print(describe("all", np.concatenate(found)))


if __name__ == "__main__":
    main()
