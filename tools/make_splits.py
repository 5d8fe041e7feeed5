"""Makes the split files of all sets but MSMD, whose split is the paper's.

    python tools/make_splits.py --nottingham DIR --humdrum DIR --mutopia DIR --asap DIR --vienna DIR --invented

writes standpartner/corpus/splits/*.tsv. A set whose source is not given keeps its file.

Piano music goes by works (``works.tsv``), tunes by families. Then pieces that are the same music
(``same_music.tsv``) come into one split.
"""

import argparse
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from standpartner.corpus.recipes import asap, humdrum, invented, mutopia, nottingham, vienna
from standpartner.corpus.registry import CORPORA
from standpartner.corpus.same_music import PieceKey, known_pairs, settle_splits
from standpartner.corpus.split_by_work import splits_by_work
from standpartner.corpus.store import SPLITS, read_split, split_table

ENTRIES: dict[str, Callable[[Path], list[Any]]] = {
    "nottingham": nottingham.read_tunes,
    "asap": asap.read_entries,
    "humdrum": humdrum.find_files,
    "mutopia": mutopia.find_pieces,
    "vienna": vienna.read_excerpts,
}
INVENTED = 600, 8  # pieces to learn from, and for validation
FOLDER = Path(humdrum.__file__).parents[1] / "splits"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ENTRIES:
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"source of {name}")
    parser.add_argument("--invented", action="store_true", help="make the split of invented, which has no source")
    options = vars(parser.parse_args())
    if options.pop("invented"):
        write("invented", invented_split())
    sources = {name: path for name, path in options.items() if path}
    entries = {name: ENTRIES[name](path) for name, path in sources.items()}
    splits = {(corpus, name): split for corpus in CORPORA for name, (split, _) in read_split(corpus).items()}
    pairs = known_pairs()
    for corpus, found in entries.items():
        tunes = corpus == "nottingham"
        made = nottingham.make_split(found) if tunes else splits_by_work(found)
        splits |= {(corpus, name): split for name, split in made.items()}
        pairs += family_pairs(nottingham.tune_families(found)) if tunes else []
    settled = settle_splits(splits, pairs)
    for corpus, found in entries.items():
        write(corpus, split_table(found, {entry.name: settled[corpus, entry.name] for entry in found}))


def write(corpus: str, table: str) -> None:
    """Write the split file of a set, and print what it counts."""
    (FOLDER / f"{corpus}.tsv").write_text(table, encoding="utf-8")
    print(corpus, {split: table.count(f"\t{split}\t") for split in SPLITS})


def invented_split() -> str:
    """The table of invented pieces: names are seeds, the last ones are for validation."""
    pieces = [invented.InventedPiece(f"invented__{number:04d}") for number in range(1, sum(INVENTED) + 1)]
    train = {piece.name for piece in pieces[: INVENTED[0]]}
    return split_table(pieces, {piece.name: "train" if piece.name in train else "valid" for piece in pieces})


def family_pairs(families: Iterable[list[nottingham.Tune]]) -> list[tuple[PieceKey, PieceKey]]:
    """Pairs that keep the tunes of a family together."""
    return [(("nottingham", a.name), ("nottingham", b.name)) for family in families for a, b in pairwise(family)]


if __name__ == "__main__":
    main()
