"""Which tone of the strip serves an agent best that reads scans: how well it finds the music, curve by curve.

    python benchmarks/tone_curves.py AGENT --source DATA [--pieces N] [--scans]

Pieces are those of Humdrum's validation and training splits that have a scanned edition. Their strips are engraved and
made to look like scans, so that the truth is exact; with --scans they are cut from the scanned editions, for pieces
whose bars were all found, and an onset is taken to be where the engraved bar, stretched to the printed one, has it.
The window stands up to 120 px beside the truth. Printed are the share of frames that `locate` finds within 32 px, and
the probability that the search gives to the truth's surroundings (40 px).
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from standpartner.agent import columns
from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.recipes.humdrum import read_files
from standpartner.corpus.split_styles import perform_on_piano
from standpartner.corpus.store import read_split
from standpartner.degrade import ScanRanges, old_print_style, scan_strip
from standpartner.errors import ScoreError
from standpartner.piece import Performance
from standpartner.score import Score, read_score
from standpartner.score.print.read import PrintOptions, read_print
from standpartner.score.print.tone import lighten

LENGTH_S = 70.0
BESIDE_PX, FOUND_PX, AROUND_PX = 120.0, 32.0, 40.0
COLLECTIONS = ("chopin-mazurkas", "joplin", "scarlatti", "mozart")
Strip = NDArray[np.uint8]
Curve = Callable[[Strip, Score], Strip]


@dataclass(frozen=True)
class Sample:
    """A strip with the x of every onset of a performance, NaN where it is unknown."""

    score: Score
    strip: Strip
    onset_x_px: NDArray[np.float64]
    performance: Performance


def by_power(exponent: float, blur_px: float = 0.0) -> Curve:
    def curve(strip: Strip, _: Score) -> Strip:
        ink = np.asarray(1 - strip / 255, np.float32)
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), blur_px), np.float32) if blur_px else ink
        return np.rint(255 * (1 - ink**exponent)).astype(np.uint8)

    return curve


def by_thickness(strip: Strip, score: Score) -> Strip:
    systems = zip(score.systems.strip_left_px, score.systems.strip_right_px, score.systems.staves, strict=True)
    return np.hstack([lighten(strip[:, round(left) : round(right)], staves=staves) for left, right, staves in systems])


CURVES: dict[str, Curve] = {
    "as it is": lambda strip, _: strip,
    "black and white": lambda strip, _: np.where(strip < 128, 0, 255).astype(np.uint8),
    "ink ** 1.2": by_power(1.2),
    "ink ** 1.4": by_power(1.4),
    "ink ** 1.7": by_power(1.7),
    "ink ** 2": by_power(2.0),
    "blur .5 px": by_power(1.0, 0.5),
    "blur .5 px, ink ** 1.4": by_power(1.4, 0.5),
    "blur .5 px, ink ** 1.7": by_power(1.7, 0.5),
    "by thickness": by_thickness,
}


def samples(source: Path, *, pieces: int, scans: bool) -> Iterator[Sample]:
    split = read_split("humdrum")
    for collection in COLLECTIONS:
        left = pieces
        for number, file in enumerate(read_files(source)):
            scan = source / "scans" / collection / f"{file.path.stem}.pdf"
            if not left or split[file.name][0] == "test" or not file.name.startswith(collection) or not scan.is_file():
                continue
            style = old_print_style(number)
            score = read_score(file.path, style=style, time_limit_s=300)
            (performance,) = perform_on_piano(score, "valid", name=file.name)
            if scans:
                found = from_scan(score, scan, performance)
            else:
                look = ScanRanges(grey_share=0.0).draw(number)
                found = Sample(score, scan_strip(score, look), score.onsets.x_px, performance)
            if found is not None:
                left -= 1
                yield found


def from_scan(score: Score, scan: Path, performance: Performance) -> Sample | None:
    """The strip of a scanned edition, if as many bars were found as there are measures."""
    try:
        printed = read_print([scan], PrintOptions(even_tone=False)).score
    except ScoreError as error:
        print(f"{scan.name}: {error}")
        return None
    bars, measures, onsets = printed.bars, score.measures, score.onsets
    if bars is None or len(bars) != len(measures):
        return None
    within = (onsets.x_px - measures.strip_left_px[onsets.measure]) / (
        measures.strip_right_px - measures.strip_left_px
    )[onsets.measure]
    width = (bars.strip_right_px - bars.strip_left_px)[onsets.measure]
    return Sample(printed, printed.strip, bars.strip_left_px[onsets.measure] + within * width, performance)


def measure(agent: Agent, sample: Sample) -> dict[str, tuple[float, float]]:
    """For each curve the share of frames found and the probability that the search gives to the truth."""
    onset_s = sample.performance.onset_s
    last_s = min(onset_s[-1], onset_s[0] + LENGTH_S)
    embeddings, _ = hear_recording(agent, sample.performance.spectrogram[: int(last_s * FRAME_RATE_HZ) + 1])
    frames = np.arange(int(onset_s[0] * FRAME_RATE_HZ) + 10, len(embeddings), 2)
    after = np.searchsorted(onset_s, frames / FRAME_RATE_HZ).clip(1, len(onset_s) - 1)
    same_system = np.abs(sample.onset_x_px[after] - sample.onset_x_px[after - 1]) < BESIDE_PX
    frames = frames[same_system]
    truth_px = np.interp(frames / FRAME_RATE_HZ, onset_s, sample.onset_x_px)
    position_px = truth_px + np.random.default_rng(3).uniform(-BESIDE_PX, BESIDE_PX, len(frames))
    results = {}
    for name, curve in CURVES.items():
        view = agent.read(curve(sample.strip, sample.score))
        found_px = locate(agent, view, embeddings[frames], position_px)
        results[name] = (
            float(np.mean(np.abs(found_px - truth_px) < FOUND_PX)),
            searched(agent, view, embeddings[frames[::8]], truth_px[::8]),
        )
    return results


def locate(agent: Agent, view: np.ndarray, embeddings: np.ndarray, position_px: np.ndarray) -> np.ndarray:
    counts = np.full(len(position_px), len(view) - 2 * WINDOW_COLUMNS)
    index, fraction = columns.window_index(position_px, counts)
    logits = []
    for first in range(0, len(index), 128):
        part = slice(first, first + 128)
        windows = columns.window(view, index[part], fraction[part])
        count = len(windows)
        speed, memory = np.full(count, 6, np.float32), agent.empty_memory(count)
        logits.append(agent.decide(windows, embeddings[part], speed_px=speed, memory=memory).locate)
    width_px = WINDOW_COLUMNS * COLUMN_STRIDE_PX
    return position_px - width_px / 2 + columns.located_px(np.concatenate(logits), width_px)


def searched(agent: Agent, view: np.ndarray, embeddings: np.ndarray, truth_px: np.ndarray) -> float:
    keys, shares = agent.search_keys(view), []
    for embedding, x_px in zip(embeddings, truth_px, strict=True):
        logits = agent.search(keys, embedding[None])
        belief = np.exp(logits - logits.max())
        centre_px = (np.arange(len(belief)) + 0.5) * COLUMN_STRIDE_PX
        shares.append(belief[np.abs(centre_px - x_px) < AROUND_PX].sum() / belief.sum())
    return float(np.mean(shares))


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", help="name or folder")
    parser.add_argument("--source", type=Path, required=True, help="folder with kern/ and scans/")
    parser.add_argument("--pieces", type=int, default=3, help="of each of the four collections")
    parser.add_argument("--scans", action="store_true", help="strips from scanned editions")
    options = parser.parse_args()
    agent = load_agent(options.agent)
    rows = [measure(agent, sample) for sample in samples(options.source, pieces=options.pieces, scans=options.scans)]
    print(
        f"| tone, {len(rows)} pieces | found within 32 px | better in | search | better in |\n|---|---:|---:|---:|---:|"
    )
    for name in CURVES:
        found, belief = np.array([row[name] for row in rows]).T
        plain = np.array([row["as it is"] for row in rows]).T
        better = [int((values > before).sum()) for values, before in zip((found, belief), plain, strict=True)]
        print(f"| {name} | {found.mean():.3f} | {better[0]} | {belief.mean():.3f} | {better[1]} |")


if __name__ == "__main__":
    main()
