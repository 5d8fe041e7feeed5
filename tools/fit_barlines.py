"""Fit what tells barlines from other upright strokes: standpartner/score/print/barlines.json.

Strokes are taken from engraved pages, clean and made to look like scans and photos, whose barlines are known exactly,
and from scans of which only the number of bars in each system is known: there the most likely strokes that give this
number are taken for its barlines, in three rounds. Only pieces of the training split are looked at.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
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
from standpartner.score.print.bars import bar_count, stroke_features, system_edges
from standpartner.score.print.files import PicturePage, open_pages
from standpartner.score.print.patch import SPACE_PX
from standpartner.score.print.picture import straight_pages
from standpartner.score.print.reading import upright_pages
from standpartner.score.print.staves import find_staves
from standpartner.score.print.strokes import find_strokes
from standpartner.score.print.systems import group_staves

TARGET = Path(__file__).parents[1] / "standpartner" / "score" / "print" / "barlines.json"
NETWORKS = 4
ON = 0.6  # spacings from a barline within which a stroke is it
BESIDE = 1.6  # spacings within which a stroke may be another line of the same sign
ROUNDS = 3
ONE, SEVERAL = "one staff", "several staves"
Examples = list[tuple[np.ndarray, np.ndarray]]


def looks(page: PrintedPage, seed: int) -> Iterator[PrintedPage]:
    """A page as it is, as a scan, and as a photo."""
    yield page
    yield scan_page(page, ScanRanges().draw(seed))
    if seed % 3 == 0:
        yield photograph_page(page, PhotoRanges().draw(seed))


def engraved_examples(paths: list[Path]) -> dict[str, Examples]:
    """Features and labels of the strokes of engraved pages, for systems of one staff and of several."""
    examples: dict[str, Examples] = {ONE: [], SEVERAL: []}
    for seed, path in enumerate(paths):
        style = old_print_style(seed) if seed % 2 else EngravingStyle.draw(seed)
        try:
            pages = engraved_pages(read_score(path, style=style))
        except StandpartnerError as error:
            print(f"{path.name} is left out: {error}")
            continue
        for page in pages[:2]:
            for look in looks(page, seed):
                for kind, found in page_examples(look):
                    examples[kind].append(found)
        print(f"{path.name}: systems so far: {len(examples[ONE])}, {len(examples[SEVERAL])}", flush=True)
    return examples


def page_examples(look: PrintedPage) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Features and labels of the strokes of each system of a page."""
    grey = look.image if look.image.ndim == 2 else look.image.mean(axis=2).astype(np.uint8)
    height, width = grey.shape
    for page in straight_pages(PicturePage(grey)):
        staves = find_staves(page.ink, page.scale) if page.has_music else []
        for system in group_staves(page, staves)[0]:
            patch = system.patch(page)
            edges = system_edges(patch, left_px=system.left_px, right_px=system.right_px)
            middle = (system.staves[0].level_px + system.staves[-1].level_px) / 2
            features, labels = [], []
            for stroke in find_strokes(patch):
                across, down = page.turning.in_file(float(patch.page_x_px[stroke.x]), middle)
                label = is_barline(look, across * width, down * height)
                opening = stroke.x < edges[0] + 1.5 * SPACE_PX
                repeat = stroke.x < edges[0] + 18 * SPACE_PX and stroke.width >= 0.3  # it may open the system
                if label or opening or (label is False and not repeat):
                    features.append(stroke_features(stroke, patch, edges))
                    labels.append(bool(label) or opening)
            if features:
                kind = ONE if len(system.staves) == 1 else SEVERAL
                yield kind, (np.array(features), np.array(labels))


def is_barline(look: PrintedPage, x: float, y: float) -> bool | None:
    """Whether a place is on a barline; None outside systems and where the other line of a double one may be."""
    for system in look.systems:
        if system.top[:, 1].min() <= y <= system.bottom[:, 1].max():
            off = np.abs(system.barlines[:, 2, 0] - x).min() / look.spacing_px
            return None if ON < off < BESIDE else bool(off <= ON)
    return None


def scanned_systems(pieces: list[PrintedEdition]) -> list[tuple]:
    """Strokes, features, patch and edges of systems of scans, with their number of bars."""
    systems = []
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
            strokes = find_strokes(patch)
            if strokes:
                features = np.array([stroke_features(stroke, patch, edges) for stroke in strokes])
                systems.append((strokes, features, patch, edges, bars))
    return systems


def labels_by_count(chances: np.ndarray, system: tuple) -> np.ndarray | None:
    """The most likely strokes that make the known number of bars."""
    strokes, _, patch, edges, bars = system
    for threshold in sorted([0.5, *np.clip(chances - 1e-9, 0, 1)], key=lambda value: abs(value - 0.5)):
        if bar_count(patch, strokes, [float(chance > threshold) for chance in chances], edges) == bars:
            return chances > threshold
    return None


class Networks:
    """Small networks that differ in where their fitting began; what they say is averaged."""

    def __init__(self, examples: Examples, *, hidden: int = 12, stiffness: float = 1.0) -> None:
        features = np.concatenate([features for features, _ in examples])
        labels = np.concatenate([labels for _, labels in examples])
        self.mean, self.deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
        scaled = self._scaled(features)
        self.networks = [
            MLPClassifier((hidden,), alpha=stiffness, max_iter=400, random_state=seed).fit(scaled, labels)
            for seed in range(NETWORKS)
        ]

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features - self.mean) / self.deviation

    def chances(self, features: np.ndarray) -> np.ndarray:
        """The probability of each stroke that it is a barline."""
        return np.mean([net.predict_proba(self._scaled(features))[:, 1] for net in self.networks], axis=0)

    def tables(self) -> dict[str, Any]:
        """What the reader needs of them."""
        networks = [
            [
                {"weights": np.round(weights, 4).tolist(), "bias": np.round(bias, 4).tolist()}
                for weights, bias in zip(net.coefs_, net.intercepts_, strict=True)
            ]
            for net in self.networks
        ]
        scale = {"mean": np.round(self.mean, 5).tolist(), "deviation": np.round(self.deviation, 5).tolist()}
        return scale | {"networks": networks}


def fit_several(engraved: Examples, scanned: list[tuple]) -> Networks:
    """Networks for systems of several staves, from engraved pages of all kinds and, in rounds, from scans."""
    networks = Networks(engraved)
    for _ in range(ROUNDS):
        examples = list(engraved)
        for system in scanned:
            labels = labels_by_count(networks.chances(system[1]), system)
            if labels is not None:
                examples.append((system[1], labels))
        networks = Networks(examples)
        print(f"{len(examples)} systems, {sum(len(labels) for _, labels in examples)} strokes")
    return networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="Folder with scans/ and kern/.")
    parser.add_argument("--tunes", type=Path, required=True, help="An ABC file with many tunes.")
    parser.add_argument("--engraved", type=int, default=40, help="How many tunes and piano pieces are engraved.")
    parser.add_argument("--folder", type=Path, required=True, help="For files in between.")
    args = parser.parse_args()
    splits = read_split("prints")
    train = [piece for piece in find_editions(args.source) if splits[piece.name][0] == "train"]
    tunes = []
    for number, text in enumerate(re.split(r"\n(?=X:)", args.tunes.read_text())[: args.engraved]):
        path = args.folder / f"tune-{number}.abc"
        path.write_text(text)
        tunes.append(path)
    engraved = engraved_examples([*tunes, *(piece.kern for piece in train[:: max(1, len(train) // args.engraved)])])
    scanned = scanned_systems([piece for piece in train if piece.bars_of_lines and not piece.excluded])
    several = fit_several([*engraved[ONE], *engraved[SEVERAL]], scanned)
    one = Networks(engraved[ONE], hidden=24, stiffness=0.1)
    TARGET.write_text(json.dumps({ONE: one.tables(), SEVERAL: several.tables()}) + "\n")
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
