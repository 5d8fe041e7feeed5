"""Brings pieces of all sets that are the same music into one split.

``same_music.tsv`` lists the pairs of pieces that were found by comparing all (``standpartner corpus verify --splits``)
where works and titles alone put one music into two splits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from standpartner.corpus.store import SPLITS

FIXED: Final = "msmd"  # the set whose split was published: its pieces stay where they are
PieceKey = tuple[str, str]
"""The name of a corpus and the name of a piece in it."""


def known_pairs() -> list[tuple[PieceKey, PieceKey]]:
    """List the pairs of pieces that are known to be the same music."""
    lines = (Path(__file__).parent / "same_music.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [((corpus, piece), (other_corpus, other)) for corpus, piece, other_corpus, other, _ in rows]


def settle_splits(splits: Mapping[PieceKey, str], pairs: Iterable[tuple[PieceKey, PieceKey]]) -> dict[PieceKey, str]:
    """Bring pieces that are the same music into one split.

    A piece goes to the split that MSMD has its music in. Where MSMD does not have it, it goes to the first split (train
    before valid before test) that any piece of that music is in: music that an agent may have learned from, or may
    have been chosen by, must not test it.

    Args:
        splits: The split of every piece before settling.
        pairs: The pairs of pieces that are the same music.

    Returns:
        The split of every piece.
    """
    same: defaultdict[PieceKey, set[PieceKey]] = defaultdict(set)
    for first, second in pairs:
        same[first].add(second)
        same[second].add(first)
    settled: dict[PieceKey, str] = dict(splits)
    before: dict[PieceKey, str] = {}
    while settled != before:
        before = dict(settled)
        for piece, others in sorted(same.items()):
            if piece[0] != FIXED:
                settled[piece] = _split_for(piece, others, settled)
    return settled


def _split_for(piece: PieceKey, others: set[PieceKey], splits: Mapping[PieceKey, str]) -> str:
    published = {splits[other] for other in others if other[0] == FIXED}
    return min(published or {splits[piece], *(splits[other] for other in others)}, key=SPLITS.index)
