"""Makes the split files of the sets that share works, from the works that their pieces are editions of.

    python tools/make_splits.py --humdrum DIR --mutopia DIR --asap DIR --vienna DIR

writes standpartner/corpus/splits/*.tsv.

MSMD's split is the paper's; Nottingham's tunes are no works of these sets.
"""

import argparse
from pathlib import Path

from standpartner.corpus.recipes import asap, humdrum, mutopia, vienna
from standpartner.corpus.split_by_work import split_table
from standpartner.corpus.store import SPLITS

SETS = {
    "asap": asap.read_entries,
    "humdrum": humdrum.find_files,
    "mutopia": mutopia.find_pieces,
    "vienna": vienna.read_excerpts,
}
FOLDER = Path(humdrum.__file__).parents[1] / "splits"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in SETS:
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"source of {name}")
    sources = vars(parser.parse_args())
    for name, entries in SETS.items():
        if sources[name]:
            table = split_table(entries(sources[name]))
            (FOLDER / f"{name}.tsv").write_text(table, encoding="utf-8")
            print(name, {split: table.count(f"\t{split}\t") for split in SPLITS})


if __name__ == "__main__":
    main()
