"""Builds keyboard works in Humdrum: Bach, Scarlatti, Mozart, Chopin and Joplin, from seven public collections."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.split_by_work import in_split
from standpartner.corpus.split_styles import SOUNDFONTS, engraving_style, perform_on_piano
from standpartner.errors import CorpusError
from standpartner.piece import Piece
from standpartner.score import read_score

COLLECTIONS = {
    "bach-wtc": "humdrum-tools/bach-wtc",
    "chopin-first-editions": "pl-wnifc/humdrum-chopin-first-editions",
    "chopin-mazurkas": "craigsapp/chopin-mazurkas",
    "chopin-preludes": "craigsapp/chopin-preludes",
    "joplin": "craigsapp/joplin",
    "mozart": "craigsapp/mozart-piano-sonatas",
    "scarlatti": "craigsapp/scarlatti-keyboard-sonatas",
}
TIME_LIMIT_S = 300  # for engraving; a concerto movement takes a minute on a busy machine


@dataclass(frozen=True)
class KernFile:
    """One movement or piece in Humdrum.

    Attributes:
        name: The collection and the file, for example ``mozart__sonata11-1a``; unique.
        path: The file.
    """

    name: str
    path: Path

    @property
    def sha256(self) -> str:
        """The checksum of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def find_files(source: Path) -> list[KernFile]:
    """List all Humdrum files of the collections, each in a folder named after it or its repository.

    Raises:
        CorpusError: A collection is missing.
    """
    source = source / "kern" if (source / "kern").is_dir() else source
    files = []
    for collection, repository in COLLECTIONS.items():
        clone = source / repository.split("/")[1]
        folder = clone if clone.is_dir() else source / collection
        found = sorted(folder.rglob("*.krn"))
        if not found:
            raise CorpusError(f"expected .krn files in {folder}, found none; clone {repository} in {source}")
        files += [KernFile(f"{collection}__{path.stem}", path) for path in found]
    return files


def read_files(source: Path) -> list[KernFile]:
    """List the files in the package's split.

    Raises:
        CorpusError: A collection or a file is missing.
    """
    return in_split("humdrum", find_files(source))


def build_file(file: KernFile, split: str) -> Made:
    """Engrave a file and play it on the piano, as the pieces of MSMD are played.

    Training pieces are drawn in many styles, the others in Verovio's own.

    Raises:
        CorpusError: The file is a violin part.
    """
    if "violin" in file.path.stem:
        raise CorpusError(f"{file.path.name} is the violin part of a duo; this is a corpus of keyboard music.")
    score = read_score(file.path, style=engraving_style(file.name, split), time_limit_s=TIME_LIMIT_S)
    return Made(Piece(file.name, score, perform_on_piano(score, split, name=file.name, times=1)))


RECIPE = Recipe(
    name="humdrum",
    description="508 keyboard movements by Bach, Scarlatti, Mozart, Chopin and Joplin",
    source=", ".join(f"https://github.com/{repository}" for repository in COLLECTIONS.values()),
    licence="CC BY-NC-SA 4.0 (craigsapp), CC BY 4.0 (first editions), rights reserved by the encoders (bach-wtc)",
    soundfonts=SOUNDFONTS,
    entries=read_files,
    build=build_file,
    time_limit_s=900,
)
