"""Builds MSMD, the paper's piano music, from the LilyPond sources of the Mutopia project, in the paper's split.

Source: the folder ``ftp`` of the public repository MutopiaProject/MutopiaProject. ``msmd_sources.tsv`` names
the file of each of the 467 pieces. Building runs the code in these files, as LilyPond does.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.split_styles import SOUNDFONTS, perform_on_piano
from standpartner.errors import CorpusError
from standpartner.piece import Piece
from standpartner.score import read_score
from standpartner.score.notation.lilypond import included_files


@dataclass(frozen=True)
class Movement:
    """One piece of MSMD.

    Attributes:
        name: MSMD's name, for example ``MozartWA__KV331__KV331_1_2_var1``.
        path: Its LilyPond file.
        sha256: The checksum of that file and of the files that it includes from its own folders.
    """

    name: str
    path: Path
    sha256: str


def sources() -> dict[str, str]:
    """Return the file of each piece by name, as a path below ``ftp``, in the paper's order."""
    text = (Path(__file__).parent / "msmd_sources.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines()[1:])


def read_movements(source: Path) -> list[Movement]:
    """List all pieces in a clone of the Mutopia project.

    Raises:
        CorpusError: Files are missing.
    """
    folder = source / "ftp" if (source / "ftp").is_dir() else source
    paths = {name: folder / file for name, file in sources().items()}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise CorpusError(
            f"{len(missing)} of {len(paths)} LilyPond files are missing (first: {missing[0]}); "
            "clone MutopiaProject/MutopiaProject"
        )
    return [Movement(name, path, checksum(path)) for name, path in paths.items()]


def checksum(path: Path) -> str:
    """Compute the SHA-256 over a LilyPond file and the files that it includes from its own folders."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in included_files(path))).hexdigest()


def build_movement(movement: Movement, split: str) -> Made:
    """Engrave a piece and play it."""
    score = read_score(movement.path, trusted=True)
    return Made(Piece(movement.name, score, perform_on_piano(score, split, name=movement.name)))


RECIPE = Recipe(
    name="msmd",
    description="467 piano pieces of the paper, engraved by LilyPond",
    source="https://github.com/MutopiaProject/MutopiaProject",
    licence="public domain, CC BY, CC BY-SA (in each file's header)",
    soundfonts=SOUNDFONTS,
    entries=read_movements,
    build=build_movement,
)
