"""Builds scanned editions of piano music joined to their Humdrum: the printed page, and the music that it holds."""

from pathlib import Path
from typing import Final

from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.printed_editions import PrintedEdition, find_editions
from standpartner.corpus.split_by_work import in_split
from standpartner.corpus.split_styles import SOUNDFONTS, perform_on_piano
from standpartner.errors import CorpusError
from standpartner.piece import Piece
from standpartner.score import PrintOptions, read_print, read_score
from standpartner.score.join import JoinOptions, join_print

_TIME_LIMIT_S: Final = 300  # for engraving and for reading the scan


def read_editions(source: Path) -> list[PrintedEdition]:
    """List the editions in the package's split, which is that of the Humdrum corpus.

    Args:
        source: The folder that holds ``scans`` and ``kern``.

    Raises:
        CorpusError: A collection or a file is missing.
    """
    return in_split("prints", find_editions(source))


def build_edition(edition: PrintedEdition, split: str) -> Made:
    """Read a scan, join it to its Humdrum file, and play it on the piano.

    Pieces of all splits are played freely; those of the test split on the piano of the tests.

    Raises:
        CorpusError: The scan does not show what the Humdrum file holds, or is joined to it wrongly.
        ScoreError: A file cannot be read, or the two cannot be joined.
    """
    if edition.excluded:
        raise CorpusError(f"Scan and Humdrum file cannot be joined: {edition.excluded}.")
    notation = read_score(edition.kern, time_limit_s=_TIME_LIMIT_S)
    reading = read_print([edition.pdf], PrintOptions(time_limit_s=_TIME_LIMIT_S))
    joined = join_print(reading, notation, JoinOptions(measures_by_system=edition.bars_of_lines))
    score = joined.score
    return Made(Piece(edition.name, score, perform_on_piano(score, split, name=edition.name, times=1, free_test=True)))


RECIPE = Recipe(
    name="prints",
    description="232 scanned editions of Mozart, Scarlatti, Joplin and Chopin joined to their Humdrum",
    source="https://github.com/craigsapp/* (the folders reference-edition and kern)",
    licence="scans of public-domain editions; Humdrum files CC BY-NC-SA 4.0",
    soundfonts=SOUNDFONTS,
    entries=read_editions,
    build=build_edition,
    time_limit_s=900,
)
