"""How far onsets are placed from the truth where printed pages are joined to their notation.

    python benchmarks/join_print.py --source DATA

Pieces of Humdrum's training split are engraved in the style of old print, made to look like scans, read, and joined to
the same notation engraved in the usual style. Distances are in strip px, of 7 a staff space; only onsets in the right
system count, and the share of the others is told. Both engravings are Verovio's: other engravers space differently.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from standpartner.corpus.printed_editions import find_editions
from standpartner.degrade import ScanRanges, engraved_pages, old_print_style, scan_page, write_png_pages
from standpartner.score import JoinOptions, PrintReading, Score, join_print, read_print, read_score
from standpartner.score.join.onsets import PlacingOptions

PIECES = ("mozart__sonata03-2", "scarlatti__L055K330", "joplin__rosebud", "chopin-mazurkas__mazurka24-3")
SPACING_PX = 14
WAYS = {
    "spacing alone, stretched to the bar": PlacingOptions(heads=0),
    "heads, spread 3 px and .15": PlacingOptions(heads=24, loose_px=3, loose_share=0.15),
    "heads, spread 6 px and .25": PlacingOptions(),
}


def read_scan(truth: Score, seed: int) -> PrintReading:
    """Make an engraved score look like a scan and read it."""
    looks = (ScanRanges().draw(10 * seed + number) for number in range(len(truth.pages)))
    pages = [
        scan_page(page, look, spacing_px=SPACING_PX) for page, look in zip(engraved_pages(truth), looks, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        return read_print(write_png_pages([page.image for page in pages], Path(folder)))


def distances_px(score: Score, truth: Score) -> tuple[np.ndarray, float]:
    """The distance of each onset in the right system, and the share of onsets in a wrong one."""
    system = truth.onsets.system
    right = score.onsets.system == system
    own, true = score.systems, truth.systems
    share = (truth.onsets.x_px - true.strip_left_px[system]) / (true.strip_right_px - true.strip_left_px)[system]
    x_px = own.strip_left_px[system] + share * (own.strip_right_px - own.strip_left_px)[system]
    return np.abs(score.onsets.x_px - x_px)[right], float(1 - right.mean())


def main() -> None:
    """Join and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder with scans/ and kern/")
    options = parser.parse_args()
    files = {edition.name: edition.kern for edition in find_editions(options.source)}
    found: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    for seed, name in enumerate(PIECES):
        truth, notation = read_score(files[name], style=old_print_style(seed + 5)), read_score(files[name])
        reading = read_scan(truth, seed)
        if len(reading.score.systems) != len(truth.systems):
            print(f"{name}: {len(reading.score.systems)} systems were read instead of {len(truth.systems)}")
            continue
        for way, placing in WAYS.items():
            score = join_print(reading, notation, JoinOptions(placing=placing)).score
            distance, elsewhere = distances_px(score, truth)
            found[way].append(distance)
        print(f"{name}: {len(truth.onsets)} onsets, {elsewhere:.3f} of them in a wrong system")
    print("| placed by | median | mean | 95 % | beyond 10 px |\n|---|---:|---:|---:|---:|")
    for way, parts in found.items():
        px = np.concatenate(parts)
        cells = (np.median(px), px.mean(), np.percentile(px, 95), (px > 10).mean())
        print(f"| {way} | {cells[0]:.1f} | {cells[1]:.1f} | {cells[2]:.1f} | {cells[3]:.3f} |")


if __name__ == "__main__":
    main()
