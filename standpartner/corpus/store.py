"""Built corpora in the cache folder, and the splits that the package fixes."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from standpartner.errors import CorpusError
from standpartner.piece import Piece, load_piece, read_summary

SPLITS = ("train", "valid", "test")


def cache_folder() -> Path:
    """Where built corpora and downloads live: $STANDPARTNER_CACHE, else the user's cache folder."""
    moved = os.environ.get("STANDPARTNER_CACHE")
    if moved:
        return Path(moved)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "standpartner"


def split_file(corpus: str) -> Path:
    """The file with the split of a corpus: the package's, else the one that an import wrote beside its pieces."""
    imported = cache_folder() / "corpora" / corpus / "split.tsv"
    fixed = Path(__file__).parent / "splits" / f"{corpus}.tsv"
    return imported if imported.is_file() and not fixed.is_file() else fixed


def read_split(corpus: str) -> dict[str, tuple[str, str]]:
    """Split and checksum of every piece by name, in the file's order.

    Raises:
        CorpusError: the package fixes no split for such a corpus, nor was it imported.
    """
    path = split_file(corpus)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.tsv")))
        raise CorpusError(f"no corpus {corpus!r}; expected one of: {known}")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {name: (split, checksum) for name, split, checksum in rows}


@dataclass(frozen=True)
class Corpus:
    """A built corpus: pieces in a folder, each in one split.

    Attributes:
        name: of the corpus; the package fixes its split.
        folder: where its pieces were built.
    """

    name: str
    folder: Path

    @cached_property
    def splits(self) -> dict[str, tuple[str, str]]:
        """Split and checksum of every piece by name."""
        return read_split(self.name)

    def piece_folder(self, piece: str) -> Path:
        """Where one piece is or will be built."""
        return self.folder / "pieces" / piece

    def names(self, split: str) -> list[str]:
        """Names of the built pieces of a split.

        Raises:
            CorpusError: there is no such split, or nothing of it is built.
        """
        if split not in SPLITS:
            raise CorpusError(f"no split {split!r}; expected one of {', '.join(SPLITS)}")
        wanted = [name for name, (where, _) in self.splits.items() if where == split]
        built = [name for name in wanted if (self.piece_folder(name) / "piece.json").is_file()]
        if not built:
            raise CorpusError(
                f"no {split} piece of {self.name} is built in {self.folder}; "
                f"run: standpartner corpus build {self.name} --source DIR"
            )
        return built

    def pieces(self, split: str, *, limit: int | None = None) -> Iterator[Piece]:
        """Load the built pieces of a split, one after the other.

        Args:
            split: "train", "valid" or "test".
            limit: take at most so many, evenly spread over the split.
        """
        names = self.names(split)
        if limit is not None and limit < len(names):
            names = [names[i * len(names) // limit] for i in range(limit)]
        for name in names:
            yield load_piece(self.piece_folder(name))

    def checksum(self, split: str) -> str:
        """One SHA-256 over the checksums of all files of a split, for checkpoints and model cards."""
        summaries = [read_summary(self.piece_folder(name)) for name in self.names(split)]
        return hashlib.sha256(json.dumps(summaries, sort_keys=True).encode()).hexdigest()


def open_corpus(name: str) -> Corpus:
    """A corpus by name, in the cache folder.

    Raises:
        CorpusError: the package knows no such corpus.
    """
    read_split(name)
    return Corpus(name, cache_folder() / "corpora" / name)
