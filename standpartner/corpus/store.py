"""Finds built corpora in the cache folder, and the splits that the package fixes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Protocol

from standpartner.errors import CorpusError
from standpartner.piece import Piece, load_piece, read_summary
from standpartner.support.cache import cache_folder

SPLITS = ("train", "valid", "test")
_LOG = "build.jsonl"


class Entry(Protocol):
    """The protocol of an entry of a source, which becomes one piece."""

    @property
    def name(self) -> str:
        """The name, unique in the corpus."""
        ...

    @property
    def sha256(self) -> str:
        """The checksum of the entry's source."""
        ...


@dataclass(frozen=True)
class Built:
    """The result of one entry of a corpus's source.

    Attributes:
        name: The name of the piece.
        split: The split that it belongs to.
        reason: The reason why there is no piece; empty on success.
        seconds: The seconds that building took.
        sha256: The checksum of its source.
        notes: The parts that were left out of the piece and why.
    """

    name: str
    split: str
    reason: str = ""
    seconds: float = 0.0
    sha256: str = ""
    notes: tuple[str, ...] = ()


def log_built(folder: Path, built: Built) -> None:
    """Add a line to the log of a corpus, which is made if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOG
    torn = path.is_file() and not path.read_bytes().endswith(b"\n")  # a program was killed while it wrote
    with path.open("a", encoding="utf-8") as log:
        log.write(("\n" if torn else "") + json.dumps(asdict(built)) + "\n")


def read_log(folder: Path) -> dict[str, Built]:
    """Read the last line on each piece from a corpus's log, by name; empty if nothing was built yet."""
    path = folder / _LOG
    latest: dict[str, Built] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            values = json.loads(line)
        except ValueError:  # a torn line
            continue
        latest[values["name"]] = Built(**{**values, "notes": tuple(values.get("notes", ()))})
    return latest


def split_file(corpus: str) -> Path:
    """Find the file with the split of a corpus: the package's, else the one beside its imported pieces."""
    imported = cache_folder() / "corpora" / corpus / "split.tsv"
    fixed = Path(__file__).parent / "splits" / f"{corpus}.tsv"
    return imported if imported.is_file() and not fixed.is_file() else fixed


def check_split(split: str | None) -> None:
    """Check that there is such a split; None stands for all.

    Raises:
        CorpusError: There is no such split.
    """
    if split not in (None, *SPLITS):
        raise CorpusError(f"no split {split!r}; expected one of {', '.join(SPLITS)}")


def read_split(corpus: str) -> dict[str, tuple[str, str]]:
    """Read the split and the checksum of every piece by name, in the file's order.

    Raises:
        CorpusError: The package fixes no split for the corpus, and the corpus was not imported.
    """
    path = split_file(corpus)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.tsv")))
        raise CorpusError(f"no corpus {corpus!r}; expected one of: {known}")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {name: (split, checksum) for name, split, checksum in rows}


def split_table(entries: Iterable[Entry], splits: Mapping[str, str]) -> str:
    """Write a split as text: name, split and checksum, one entry a line.

    Args:
        entries: The entries of the corpus, in the order of the table.
        splits: The split of every entry by name.
    """
    rows = [f"{entry.name}\t{splits[entry.name]}\t{entry.sha256}\n" for entry in entries]
    return "name\tsplit\tsha256\n" + "".join(rows)


@dataclass(frozen=True)
class Corpus:
    """A built corpus, or one collection of it: pieces in a folder, each in one split.

    Attributes:
        name: The name of the corpus; the package fixes its split.
        folder: The folder where its pieces are built.
        collection: The collection, with which the names of its pieces begin; empty for the whole corpus.
    """

    name: str
    folder: Path
    collection: str = ""

    @cached_property
    def splits(self) -> dict[str, tuple[str, str]]:
        """The split and the checksum of every piece by name."""
        return {name: entry for name, entry in read_split(self.name).items() if name.startswith(self._start)}

    @property
    def _start(self) -> str:
        """The letters with which the names of its pieces begin."""
        return f"{self.collection}__" if self.collection else ""

    @property
    def title(self) -> str:
        """The name, with that of a collection: ``humdrum/joplin``."""
        return f"{self.name}/{self.collection}" if self.collection else self.name

    def piece_folder(self, piece: str) -> Path:
        """The folder in which one piece is or will be built."""
        return self.folder / "pieces" / piece

    def names(self, split: str | None = None, *, limit: int | None = None) -> list[str]:
        """List the names of the built pieces of a split, or of all.

        Args:
            split: The split "train", "valid" or "test", or None for all.
            limit: The largest number of names, evenly spread; None for all.

        Raises:
            CorpusError: There is no such split, or nothing of it is built.
        """
        check_split(split)
        wanted = [name for name, (where, _) in self.splits.items() if split in (where, None)]
        log = self.log()
        built = [name for name in wanted if self._is_built(name, log.get(name))]
        if not built:
            raise CorpusError(
                f"no {split + ' ' if split else ''}piece of {self.title} is built in {self.folder}; "
                f"run: standpartner corpus build {self.name} --source DIR"
            )
        if limit is not None and limit < len(built):
            return [built[i * len(built) // limit] for i in range(limit)]
        return built

    def _is_built(self, piece: str, logged: Built | None) -> bool:
        """Tell whether a piece is built for its split; it may have been in another split when it was built."""
        as_now = logged is None or logged.split == self.splits[piece][0]
        return as_now and (self.piece_folder(piece) / "piece.json").is_file()

    def pieces(self, split: str, *, limit: int | None = None) -> Iterator[Piece]:
        """Load the built pieces of a split, one after the other.

        Args:
            split: The split "train", "valid" or "test".
            limit: The largest number of pieces, evenly spread over the split; None for all.
        """
        for name in self.names(split, limit=limit):
            yield load_piece(self.piece_folder(name))

    def size_bytes(self) -> int:
        """The size of its pieces on disk, in bytes."""
        folders = (self.folder / "pieces").glob(f"{self._start}*")
        return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())

    def log(self) -> dict[str, Built]:
        """Return the last result of each of its entries that was tried, by name."""
        return {name: built for name, built in read_log(self.folder).items() if name in self.splits}

    def checksum(self, split: str) -> str:
        """Compute one SHA-256 over the checksums of all files of a split, for checkpoints and model cards."""
        summaries = [read_summary(self.piece_folder(name)) for name in self.names(split)]
        return hashlib.sha256(json.dumps(summaries, sort_keys=True).encode()).hexdigest()


def open_corpus(name: str) -> Corpus:
    """Open a corpus, in the cache folder.

    Args:
        name: The name of the corpus, or CORPUS/COLLECTION for those pieces of it whose names begin with COLLECTION.

    Raises:
        CorpusError: The package knows no such corpus, or the corpus has no such collection.
    """
    whole, _, collection = name.partition("/")
    read_split(whole)
    corpus = Corpus(whole, cache_folder() / "corpora" / whole, collection)
    if not corpus.splits:
        raise CorpusError(
            f"expected CORPUS/COLLECTION with pieces COLLECTION__..., got {name!r}; "
            f"the names of all pieces of {whole} are in {split_file(whole)}"
        )
    return corpus


def find_piece(piece: str) -> Path:
    """Find the folder of a built piece.

    Args:
        piece: The folder of the piece, its name, or CORPUS/NAME where several corpora have such a piece.

    Raises:
        CorpusError: There is no such piece, or there are several.
    """
    if (Path(piece) / "piece.json").is_file():
        return Path(piece)
    if Path(piece).is_file():
        raise CorpusError(
            f"{Path(piece).name} is a file, but a piece is a folder: a score with a performance whose times are known; "
            "make one with standpartner piece add"
        )
    corpus, _, name = piece.strip("/").rpartition("/")
    folders = sorted((cache_folder() / "corpora").glob(f"{corpus or '*'}/pieces/*"))
    found = [folder for folder in folders if folder.name == name and (folder / "piece.json").is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{folder.parents[1].name}/{name}" for folder in found)
        raise CorpusError(f"{len(found)} corpora have a piece {name!r}; say which: {choices}")
    near = get_close_matches(name, [folder.name for folder in folders], n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "see: standpartner corpus info NAME"
    raise CorpusError(f"no piece {piece!r} is built; {hint}")
