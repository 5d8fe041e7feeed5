"""Finds the order in which bars are played with all repeats: by annotations, or by the signs of the score itself.

``repeats/msmd.tsv`` holds those of MSMD's test pieces, from the annotations published with CODA (Yang, Chen, Han, ISMIR
2026, arXiv 2607.21899; github.com/ValleyC/CODA, ``data/repeat_annotations.json``, MIT licence). Bars count from 0 and
ranges include both ends. Some of them were not checked by a second person, as the source says.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import Passage
from standpartner.score import Score, passages

_FOLDER = Path(__file__).parent / "repeats_data"
Order = tuple[tuple[int, int], ...]


def annotated_repeats(corpus: str) -> dict[str, tuple[int, Order]]:
    """Return the number of bars and the ranges of bars in the order in which they are played, by piece.

    Raises:
        ConfigError: The repeats of this corpus are not annotated.
    """
    path = _FOLDER / f"{corpus}.tsv"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in _FOLDER.glob("*.tsv")))
        raise ConfigError(f"the repeats of {corpus} are not annotated, only those of {known}; choose --jumps sections")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {name: (int(bars), tuple(_range(text) for text in order.split())) for name, bars, order in rows}


def _range(text: str) -> tuple[int, int]:
    first, last = text.split("-")
    return int(first), int(last)


def ordered_passages(score: Score, bars: int, *, order: Order) -> list[Passage]:
    """Make the passages that play ranges of bars in an order; ranges that follow each other in the score are one.

    Args:
        score: The score that is played.
        bars: The number of bars that the order counts.
        order: The first and last bar of each range.

    Returns:
        The passages; none where the score has another number of bars, as the order is then that of another edition.
    """
    if len(score.measures) != bars:
        return []
    return _passages(score, [measure for first, last in order for measure in range(first, last + 1)])


def signed_passages(score: Score) -> list[Passage]:
    """Make the passages that take all repeats as the score's own signs say; none where it has no such signs."""
    orders = score.notation.orders
    return _passages(score, orders[0].measures) if orders else []


def _passages(score: Score, measures: Iterable[int]) -> list[Passage]:
    measure = score.onsets.measure
    onsets = [np.flatnonzero((measure >= first) & (measure <= last)) for first, last in passages(measures)]
    return [Passage(int(inside[0]), int(inside[-1])) for inside in onsets if len(inside)]
