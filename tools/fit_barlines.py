"""Fit what tells barlines from other upright strokes: standpartner/score/print/barlines.json.

    python tools/fit_barlines.py --source DATA

Strokes are taken from engraved pages, clean and made to look like scans and photos, whose barlines are known exactly,
and from scans of which only the number of bars in each system is known: there the most likely strokes that give this
number are taken for its barlines, in rounds. Only pieces of the training split are fitted to; the doubt is calibrated
on other pages, those of the validation split.
"""

import argparse
import json
import re
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from standpartner.corpus.printed_editions import PrintedEdition, find_editions
from standpartner.corpus.store import read_split
from standpartner.degrade import (
    PhotoRanges,
    PrintedPage,
    ScanRanges,
    engraved_pages,
    old_print_style,
    photograph_page,
    scan_page,
)
from standpartner.errors import StandpartnerError
from standpartner.score import EngravingStyle, read_score
from standpartner.score.print import bar_doubt, barline_probability
from standpartner.score.print.barline_probability import Networks, all_features, networks_of
from standpartner.score.print.bars import bar_count, bar_evidence, system_edges
from standpartner.score.print.files import PicturePage, open_pages
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.reading import upright_pages
from standpartner.score.print.strokes import Stroke, find_strokes
from standpartner.score.print.systems import group_staves

ON = 0.6  # spacings from a barline within which a stroke is it
BESIDE = 1.6  # spacings within which a stroke may be another line of the same sign
DOUBTFUL = 0.1
ROUNDS = 2
TUNES, PIECES, SCANS = 30, 10, 32
VALID_TUNES, VALID_PIECES = 20, 10
TARGET = Path(__file__).parents[1] / "standpartner" / "score" / "print" / "barlines.json"
SPACINGS_PX = (11.0, 19.0)  # of the pages that are made to look like scans


@dataclass(frozen=True)
class Seen:
    """A system with its strokes: which are barlines (NaN where that is not known), or how many bars it has."""

    piece: str
    patch: Patch
    edges: tuple[int, int]
    strokes: list[Stroke]
    labels: np.ndarray | None
    bars: int


Example = tuple[Seen, np.ndarray]  # a system with labels of its strokes


def looks(page: PrintedPage, seed: int) -> Iterator[PrintedPage]:
    """A page as it is, as a scan, and now and then as a photo."""
    yield page
    spacing_px = float(np.random.default_rng([seed, 15]).uniform(*SPACINGS_PX))
    scan = scan_page(page, ScanRanges().draw(seed), spacing_px=min(spacing_px, page.spacing_px))
    yield scan
    if seed % 3 == 0:
        yield photograph_page(scan, PhotoRanges().draw(seed))


def engraved_systems(paths: list[Path], *, first_seed: int = 0) -> list[Seen]:
    """The systems of engraved pages, at most two pages a piece."""
    seen: list[Seen] = []
    for seed, path in enumerate(paths, start=first_seed):
        style = old_print_style(seed) if seed % 2 else EngravingStyle.draw(seed)
        try:
            pages = engraved_pages(read_score(path, style=style))
            for page in pages[:2]:
                for look in looks(page, seed):
                    seen += systems_of_page(look, path.stem)
        except StandpartnerError as error:
            print(f"{path.name} is left out: {error}")
            continue
        print(f"{path.name}: {len(seen)} systems so far", flush=True)
    return seen


def systems_of_page(look: PrintedPage, name: str) -> Iterator[Seen]:
    """The systems of a page whose barlines are known."""
    grey = look.image if look.image.ndim == 2 else look.image.mean(axis=2).astype(np.uint8)
    height, width = grey.shape
    for page, staves in upright_pages(PicturePage(grey)):
        for system in group_staves(page, staves)[0]:
            patch = system.patch(page)
            edges = system_edges(patch, left_px=system.left_px, right_px=system.right_px)
            middle = (system.staves[0].level_px + system.staves[-1].level_px) / 2
            strokes = find_strokes(patch)
            labels = []
            bars = 0
            for stroke in strokes:
                across, down = page.turning.in_file(float(patch.page_x_px[stroke.x]), middle)
                label, bars = barline_label(look, across * width, down * height)
                if stroke.x < edges[0] + 1.5 * SPACE_PX:
                    label = 1.0
                elif label == 0 and stroke.x < edges[0] + 18 * SPACE_PX and stroke.width >= 0.3:
                    label = np.nan  # a repeat sign may open the system, which no measure ends with
                labels.append(label)
            if strokes and bars:
                yield Seen(name, patch, edges, strokes, np.array(labels), bars)


def barline_label(look: PrintedPage, x: float, y: float) -> tuple[float, int]:
    """Whether a place is on a barline, and how many bars its system has.

    NaN and 0 outside systems; NaN where the other line of a double one may be.
    """
    for system in look.systems:
        if system.top[:, 1].min() <= y <= system.bottom[:, 1].max():
            off = np.abs(system.barlines[:, 2, 0] - x).min() / look.spacing_px
            return np.nan if ON < off < BESIDE else float(off <= ON), len(system.barlines)
    return np.nan, 0


def scanned_systems(pieces: list[PrintedEdition]) -> list[Seen]:
    """The systems of scans whose number of bars is known."""
    seen = []
    for piece in pieces:
        bars_of = piece.bars_of_lines or []
        found = [
            (system, system.patch(page))
            for source in open_pages(piece.pdf, max_pages=99)
            for page, staves in upright_pages(source)
            for system in group_staves(page, staves)[0]
        ]
        print(f"{piece.name}: {len(found)} systems of {len(bars_of)}", flush=True)
        if len(found) != len(bars_of):
            continue
        for (system, patch), bars in zip(found, bars_of, strict=True):
            edges = system_edges(patch, left_px=system.left_px, right_px=system.right_px)
            seen.append(Seen(piece.name, patch, edges, find_strokes(patch), None, bars))
    return [system for system in seen if system.strokes]


def tunes(source: Path, folder: Path, *, split: str, count: int) -> list[Path]:
    """Tunes of a split, spread over all books, as files of their own."""
    parts = read_split("nottingham")
    names = {start[0]: parts[name][0] for name in parts if (start := re.match(r".*?-\d{3}-", name))}
    found = []
    for book in sorted((source / "nottingham" / "ABC_cleaned").glob("*.abc")):
        for number, text in enumerate(re.split(r"\n(?=X:)", book.read_text(errors="replace")), start=1):
            if names.get(f"{book.stem}-{number:03}-") == split:
                found.append((f"{book.stem}-{number:03}", text))
    paths = []
    for index in np.random.default_rng(16).permutation(len(found))[:count]:
        name, text = found[index]
        paths.append(folder / f"{name}.abc")
        paths[-1].write_text(text)
    return paths


def fit(engraved: list[Seen], scanned: list[Seen], *, rounds: int = ROUNDS) -> dict[str, Any]:
    """The tables of all networks, from engraved pages and, in rounds, from scans."""
    known = [(system, system.labels) for system in engraved if system.labels is not None]
    examples = known
    for number in range(rounds + 1):
        staff = fit_staff(examples)
        second = {name: fit_second(examples, staff, single=name == "one") for name in ("one", "several")}
        tables = {"staff": staff, **second}
        networks = networks_of(tables)
        labelled = [(system, labels_by_count(system, networks)) for system in scanned]
        examples = known + [(system, labels) for system, labels in labelled if labels is not None]
        right = sum(count_bars(system, networks) == system.bars for system in scanned)
        print(f"round {number}: {right} of {len(scanned)} scanned systems have the right number of bars", flush=True)
    return tables


def half_of(system: Seen) -> int:
    """The half, 0 or 1, to which a piece belongs."""
    return zlib.crc32(system.piece.encode()) % 2


def fit_staff(examples: list[Example]) -> list[dict[str, Any]]:
    """What looks at one staff: for each half of the pieces a network that is fitted to the other half."""
    tables = []
    for half in range(2):
        views, is_line = [], []
        for system, labels in examples:
            known = ~np.isnan(labels)
            if half_of(system) != half and known.any():
                seen = np.stack([stroke.views for stroke in system.strokes])[known]
                views.append(seen.reshape(-1, seen.shape[-1]))
                is_line.append(np.repeat(labels[known], seen.shape[1]))
        rows = np.concatenate(views)
        both = np.concatenate([rows, rows[:, ::-1]])  # turned by half a circle a stem is a stem, a barline a barline
        tables.append(fitted(both, np.tile(np.concatenate(is_line), 2), hidden=48, stiffness=0.1, seed=half))
    return tables


def fit_second(examples: list[Example], staff: list[dict[str, Any]], *, single: bool) -> list[dict[str, Any]]:
    """What weighs all that is known of a stroke, with what the network said that was not fitted to its piece."""
    unseen = [Networks(networks_of({"staff": [table], "one": [], "several": []}).staff, (), ()) for table in staff]
    rows, is_line = [], []
    for system, labels in examples:
        known = ~np.isnan(labels)
        if (len(system.patch.staves) == 1) == single and known.any():
            features = all_features(system.strokes, system.patch, system.edges, unseen[half_of(system)])
            rows.append(features[known])
            is_line.append(labels[known])
    return [
        fitted(np.concatenate(rows), np.concatenate(is_line), hidden=16, stiffness=0.1, seed=seed) for seed in range(4)
    ]


def fitted(rows: np.ndarray, labels: np.ndarray, *, hidden: int, stiffness: float, seed: int) -> dict[str, Any]:
    """A small network as the table that the reader takes."""
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 0.05)
    net = MLPClassifier(
        (hidden,), alpha=stiffness, max_iter=80, early_stopping=True, n_iter_no_change=10, random_state=seed
    ).fit(((rows - mean) / deviation).astype(np.float32), labels)
    layers = [
        {"weights": np.round(weights, 4).tolist(), "bias": np.round(bias, 4).tolist()}
        for weights, bias in zip(net.coefs_, net.intercepts_, strict=True)
    ]
    scale = {"mean": np.round(mean, 4).tolist(), "deviation": np.round(deviation, 4).tolist()}
    return scale | {"hidden": layers[0], "last": layers[1]}


def chances_of(system: Seen, networks: Networks) -> np.ndarray:
    """The probability of each stroke that it is a barline."""
    features = all_features(system.strokes, system.patch, system.edges, networks)
    return 1 / (1 + np.exp(-networks.logits(features, single=len(system.patch.staves) == 1)))


def count_bars(system: Seen, networks: Networks) -> int:
    """The number of bars that is read."""
    return bar_count(system.patch, system.strokes, chances_of(system, networks).tolist(), system.edges)


def labels_by_count(system: Seen, networks: Networks) -> np.ndarray | None:
    """The most likely strokes that make the known number of bars, or None if no number of them does."""
    chances = chances_of(system, networks)
    for threshold in sorted([0.5, *np.clip(chances - 1e-9, 0, 1)], key=lambda value: abs(value - 0.5)):
        taken = (chances > threshold).astype(float)
        if bar_count(system.patch, system.strokes, taken.tolist(), system.edges) == system.bars:
            return taken
    return None


def fit_doubt(systems: list[Seen]) -> dict[str, Any]:
    """How the evidence tells the probability that bars are wrong, from pages that nothing else was fitted to."""
    read = [bar_evidence(system.patch, system.edges) for system in systems]
    values = np.stack([evidence.values for _, evidence in read])
    wrong = np.array([bars != system.bars for (bars, _), system in zip(read, systems, strict=True)])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(values, wrong)
    doubt = model.predict_proba(values)[:, 1]
    print(
        f"doubt: {wrong.sum()} of {len(wrong)} systems wrong, {(wrong & (doubt <= DOUBTFUL)).sum()} of them without "
        f"doubt; {(~wrong & (doubt > DOUBTFUL)).sum()} right ones in doubt"
    )
    return {"weights": np.round(model.coef_[0], 4).tolist(), "bias": round(float(model.intercept_[0]), 4)}


def write(tables: dict[str, Any]) -> None:
    """Write the tables where the reader finds them."""
    TARGET.write_text(json.dumps(tables) + "\n")
    for loaded in (barline_probability.loaded_networks, bar_doubt.loaded_weights):
        loaded.cache_clear()


def main() -> None:
    """Gather pages, fit, calibrate, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="Folder with scans/, kern/ and nottingham/.")
    parser.add_argument("--tunes", type=int, default=TUNES, help="How many tunes are engraved.")
    parser.add_argument("--pieces", type=int, default=PIECES, help="How many piano pieces are engraved.")
    parser.add_argument("--scans", type=int, default=SCANS, help="How many scanned pieces are fitted to.")
    options = parser.parse_args()
    began_s = time.monotonic()
    engraved = {split: engraved_of(options, split) for split in ("train", "valid")}
    scans = {split: scans_of(options.source, split, options.scans) for split in ("train", "valid")}
    print(f"{time.monotonic() - began_s:.0f} s for the pages", flush=True)
    tables = fit(engraved["train"], scanned_systems(scans["train"]))
    write(tables | {"doubt": {"weights": [1.0, 0.0, 0.0, 0.0, 0.0], "bias": 0.0}})
    write(tables | {"doubt": fit_doubt([*engraved["valid"], *scanned_systems(scans["valid"])])})
    print(f"wrote {TARGET} after {time.monotonic() - began_s:.0f} s")


def engraved_of(options: argparse.Namespace, split: str) -> list[Seen]:
    """Systems of engraved tunes and piano pieces of a split."""
    train = split == "train"
    first_seeds = (0, 100) if train else (900, 900)
    counts = [options.tunes, options.pieces]
    if not train:
        counts = [min(counts[0], VALID_TUNES), min(counts[1], VALID_PIECES)]
    with tempfile.TemporaryDirectory() as folder:
        melodies = tunes(options.source, Path(folder), split=split, count=counts[0])
        seen = engraved_systems(melodies, first_seed=first_seeds[0])
    pieces = [piece.kern for piece in shuffled(options.source, split)][: counts[1]]
    return seen + engraved_systems(pieces, first_seed=first_seeds[1])


def scans_of(source: Path, split: str, count: int) -> list[PrintedEdition]:
    """Scanned pieces of a split whose bars are known."""
    known = [piece for piece in pieces_of(source, split) if piece.bars_of_lines and not piece.excluded]
    return [known[index] for index in np.random.default_rng(16).permutation(len(known))[:count]]


def shuffled(source: Path, split: str) -> list[PrintedEdition]:
    """The pieces of a split in an order of chance."""
    pieces = pieces_of(source, split)
    return [pieces[index] for index in np.random.default_rng(16).permutation(len(pieces))]


def pieces_of(source: Path, split: str) -> list[PrintedEdition]:
    """The pieces of a split."""
    splits = read_split("prints")
    return [piece for piece in find_editions(source) if splits[piece.name][0] == split]


if __name__ == "__main__":
    main()
