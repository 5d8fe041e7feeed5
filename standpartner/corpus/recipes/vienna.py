"""Builds Vienna 4x22: four excerpts, each played by 22 pianists on a computer-controlled grand, matched by hand.

Source: a clone of the public repository CPJKU/vienna4x22.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from standpartner.align import Alignment, align_match, read_match
from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.human_performances import make_human_piece
from standpartner.corpus.split_styles import SOUNDFONTS
from standpartner.errors import CorpusError
from standpartner.score import Score, read_score


@dataclass(frozen=True)
class Excerpt:
    """One of the four excerpts.

    Attributes:
        name: The composer and the work, for example ``Chopin__op10_no3``; unique.
        path: The MusicXML file.
        matches: The match files of its performances, in the order of their names.
    """

    name: str
    path: Path
    matches: tuple[Path, ...]

    @property
    def sha256(self) -> str:
        """The checksum of the MusicXML file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def read_excerpts(source: Path) -> list[Excerpt]:
    """List all excerpts in a clone of Vienna 4x22.

    Raises:
        CorpusError: There are no excerpts, or one has no match files.
    """
    excerpts = []
    for path in sorted((source / "musicxml").glob("*.musicxml")):
        matches = tuple(sorted((source / "match").glob(f"{path.stem}_p*.match")))
        if not matches:
            raise CorpusError(f"found no match files of {path.stem} in {source / 'match'}; clone CPJKU/vienna4x22")
        excerpts.append(Excerpt(path.stem.replace("_", "__", 1), path, matches))
    if not excerpts:
        raise CorpusError(f"expected MusicXML files in {source / 'musicxml'}, found none; clone CPJKU/vienna4x22")
    return excerpts


def build_excerpt(excerpt: Excerpt, split: str) -> Made:
    """Engrave an excerpt and render its performances.

    Raises:
        CorpusError: No performance can be used.
        ScoreError: The score cannot be read.
    """
    score = read_score(excerpt.path)
    performances = {
        path.stem.removeprefix(f"{excerpt.path.stem}_"): partial(_align, score, path) for path in excerpt.matches
    }
    return make_human_piece(excerpt.name, score, split, performances=performances)


def _align(score: Score, path: Path) -> Alignment:
    return align_match(score, read_match(path))


RECIPE = Recipe(
    name="vienna",
    description="4 excerpts, each played by 22 pianists",
    source="https://github.com/CPJKU/vienna4x22",
    licence="as stated in the repository",
    soundfonts=SOUNDFONTS,
    entries=read_excerpts,
    build=build_excerpt,
    time_limit_s=900.0,
)
