"""Read scanned editions and count where systems and bars are those of their Humdrum files.

Prints for each set the pieces whose number of systems is right, the systems whose number of bars is right, how often
wrong bars carry no doubt, and the seconds a page.
"""

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from standpartner.corpus.printed_editions import PrintedEdition, find_editions
from standpartner.corpus.store import read_split
from standpartner.score.print.files import open_pages
from standpartner.score.print.reading import upright_pages
from standpartner.score.print.systems import Found, find_systems

DOUBTFUL = 0.1


@dataclass
class Count:
    """What was counted of one set."""

    pieces: int = 0
    pieces_right: int = 0
    systems: int = 0
    systems_right: int = 0
    wrong_without_doubt: int = 0
    doubted: int = 0


def read(piece: PrintedEdition) -> tuple[list[Found], list[float]]:
    """The systems of a scan, and the seconds that each page took."""
    systems: list[Found] = []
    seconds = []
    start = time.process_time()
    for source in open_pages(piece.pdf, max_pages=200):
        for page, staves in upright_pages(source):
            systems += find_systems(page, staves)[0]
        seconds.append(time.process_time() - start)
        start = time.process_time()
    return systems, seconds


def compare(piece: PrintedEdition, systems: list[Found], count: Count) -> str:
    """Count a piece, and say what is wrong with it."""
    known = piece.bars_of_lines or []
    found = [len(system.bars.ends_px) for system in systems]
    doubts = [system.doubt for system in systems]
    count.pieces += 1
    if len(found) != len(known):
        return f"{len(found)} systems instead of {len(known)}, most doubt {max(doubts, default=0):.2f}"
    count.pieces_right += 1
    wrong = []
    for number, (is_, should, doubt) in enumerate(zip(found, known, doubts, strict=True), start=1):
        count.systems += 1
        count.systems_right += is_ == should
        count.doubted += doubt > DOUBTFUL
        count.wrong_without_doubt += is_ != should and doubt <= DOUBTFUL
        if is_ != should:
            wrong.append(f"system {number}: {is_} bars instead of {should}, doubt {doubt:.2f}")
    return "; ".join(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="Folder with scans/ and kern/.")
    parser.add_argument("--splits", nargs="+", default=["train", "valid"], help="Splits that are read.")
    parser.add_argument("--only", default="", help="Read the pieces whose name begins so.")
    args = parser.parse_args()
    counts: dict[str, Count] = defaultdict(Count)
    seconds: list[float] = []
    splits = read_split("prints")
    for piece in find_editions(args.source):
        chosen = splits[piece.name][0] in args.splits and piece.name.startswith(args.only)
        if not chosen or piece.bars_of_lines is None:
            continue
        if piece.excluded:
            print(f"{piece.name} is left out: {piece.excluded}")
            continue
        systems, took = read(piece)
        seconds += took
        words = compare(piece, systems, counts[piece.name.split("__")[0]])
        if words:
            print(f"{piece.name}: {words}", flush=True)
    for name, count in counts.items():
        print(
            f"{name}: systems right in {count.pieces_right} of {count.pieces} pieces; bars right in "
            f"{count.systems_right} of {count.systems} systems ({count.systems_right / max(1, count.systems):.4f}); "
            f"in doubt {count.doubted}, wrong without doubt {count.wrong_without_doubt}"
        )
    print(f"{len(seconds)} pages, {np.median(seconds):.2f} s of processor time a page (median)")


if __name__ == "__main__":
    main()
