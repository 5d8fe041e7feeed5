"""Finds the work that a piece is an edition of, and the split that each work is in.

A work has one catalogue number: a sonata with its movements, a prelude with its fugue, all pieces of an opus that was
printed as one collection. Names of pieces begin with their composer in every set of piano music
(``BachJS__BWV846__wtk1-fugue1``, ``bach-wtc__wtc1f01``, ``Bach__Fugue__bwv_846``); ``works.tsv`` says which names
mean the same work, whatever the set calls it.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from standpartner.corpus.store import SPLITS, Entry, read_split
from standpartner.errors import CorpusError

AnEntry = TypeVar("AnEntry", bound=Entry)
TRAIN_PERCENT, VALID_PERCENT = 80, 10


def work_of(name: str) -> str:
    """Find the work of a piece by the piece's name: for example ``bach-bwv846`` or ``beethoven-op27-2``.

    A piece without a catalogue number in ``works.tsv`` belongs to the work in the second part of its name.

    Args:
        name: The name of a piece of MSMD, further Mutopia, Humdrum or ASAP.
    """
    collection, *parts = name.split("__")
    composer = re.split(r"(?<=[a-z])[^a-z]", collection, maxsplit=1)[0].lower()  # BachJS, bach-wtc and Bach are bach
    words = collection.split("-")[1:] if collection.islower() else []
    text = _plain(composer, *words, *parts)
    for pattern, work in _catalogue():
        if match := pattern.search(text):
            return match.expand(work)
    return _plain(composer, *parts[:1]).replace(" ", "-")


def _plain(*words: str) -> str:
    """Reduce words to small letters and digits, with one space between words."""
    return " ".join(re.findall(r"[a-z0-9]+", " ".join(words).lower()))


@cache
def _catalogue() -> list[tuple[re.Pattern[str], str]]:
    """Return the patterns of plain names (see `_plain`) and their works; the first match counts."""
    lines = (Path(__file__).parent / "works.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [(re.compile(pattern), work) for pattern, work in rows]


@cache
def published_splits() -> dict[str, str]:
    """Return the split of every work of MSMD: test if any piece of it is, else valid if any is, else train."""
    splits: dict[str, str] = {}
    for name, (split, _) in read_split("msmd").items():
        work = work_of(name)
        splits[work] = max(splits.get(work, split), split, key=SPLITS.index)
    return splits


def split_of(work: str) -> str:
    """Find the split of a work in every set but MSMD: MSMD's if it has the work, else by a checksum of its name."""
    published = published_splits().get(work)
    if published:
        return published
    place = int(hashlib.sha256(work.encode()).hexdigest()[:8], 16) % 100
    return "train" if place < TRAIN_PERCENT else "valid" if place < TRAIN_PERCENT + VALID_PERCENT else "test"


def splits_by_work(entries: Iterable[Entry]) -> dict[str, str]:
    """Find the split of every entry by its work."""
    return {entry.name: split_of(work_of(entry.name)) for entry in entries}


def in_split(corpus: str, found: Iterable[AnEntry]) -> list[AnEntry]:
    """Keep the entries of a source that the package's split of a corpus names, in its order.

    Raises:
        CorpusError: Some entries are missing.
    """
    by_name = {entry.name: entry for entry in found}
    wanted = list(read_split(corpus))
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise CorpusError(
            f"{len(missing)} of the {len(wanted)} pieces of {corpus} are missing (first: {missing[0]}); "
            "use the source that docs/corpus.md names"
        )
    return [by_name[name] for name in wanted]
