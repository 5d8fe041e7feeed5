"""Builds the keyboard pieces of the Mutopia project that MSMD does not have.

Building runs the code in the LilyPond files, as LilyPond does.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.recipes.msmd import checksum, sources
from standpartner.corpus.split_by_work import in_split
from standpartner.corpus.split_styles import SOUNDFONTS, perform_on_piano
from standpartner.errors import CorpusError, ScoreError
from standpartner.piece import Piece
from standpartner.score import read_score
from standpartner.score.notation.lilypond import included_files

KEYBOARDS = frozenset({"clavichord", "harpsichord", "keyboard", "piano", "pianoforte"})
ANTHOLOGIES = {"ClementiM__O42__clementi-op42": "works of some fifteen composers, one of them in MSMD's test split"}
MOST_UNSEEN = 0.25  # the largest share of noteheads outside the strip
_INSTRUMENT = re.compile(r'\b(?:mutopia)?instrument\s*=\s*"([^"]*)"')
_COMMENT = re.compile(r"%\{.*?%\}|%[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class MutopiaPiece:
    """One piece of the Mutopia project.

    Attributes:
        name: The composer, opus or folder, and file, as MSMD names pieces: ``BachJS__BWV347__bwv347``; unique.
        path: Its main LilyPond file.
        sha256: The checksum of that file and of the files that it includes from its own folders.
    """

    name: str
    path: Path
    sha256: str


def find_pieces(source: Path) -> list[MutopiaPiece]:
    """List all keyboard pieces in a clone of the Mutopia project that are not in MSMD, in a fixed order.

    A piece is a folder. It is taken if its header names keyboard instruments and no others. Of several main files
    (paper sizes, fingerings) the one named after the folder is taken, else the first.

    Raises:
        CorpusError: There are no such pieces.
    """
    folder = source / "ftp" if (source / "ftp").is_dir() else source
    in_msmd = {_piece_folder(Path(file.removeprefix("ftp/"))) for file in sources().values()}
    groups: dict[Path, list[Path]] = {}
    for path in sorted(folder.glob("*/*/**/*.ly")):
        groups.setdefault(_piece_folder(path.relative_to(folder)), []).append(path)
    pieces = []
    for place, files in groups.items():
        main = None if place in in_msmd else _main_file(place.name, files)
        if main:
            pieces.append(MutopiaPiece("__".join((*place.parts[:2], main.stem)), main, checksum(main)))
    if not pieces:
        raise CorpusError(f"expected LilyPond files in {folder}/COMPOSER/WORK; clone MutopiaProject/MutopiaProject")
    return pieces


def _piece_folder(file: Path) -> Path:
    """Return the folder of a piece: COMPOSER/WORK/PIECE, or COMPOSER/WORK where that is the piece."""
    third = file.parts[2]
    return Path(*file.parts[:2]) if third == file.name or third.endswith("-lys") else Path(*file.parts[:3])


def _main_file(piece: str, files: list[Path]) -> Path | None:
    """Find the file to engrave: no other includes it, it prints a score, and its header names keyboards alone."""
    reading = {file: _read_with(file) for file in files}
    included = {part for parts in reading.values() for part in parts[1:]}
    mains = [file for file, parts in reading.items() if file.resolve() not in included and _is_for_keyboard(parts)]
    return min(mains, key=lambda file: ("mid" in file.stem.split("-")[-1], file.stem != piece, file), default=None)


def _read_with(file: Path) -> list[Path]:
    """List a file and the files that it includes; nothing if it cannot be read."""
    try:
        return included_files(file)
    except ScoreError:
        return []


def _is_for_keyboard(parts: list[Path]) -> bool:
    text = _COMMENT.sub("", "\n".join(part.read_text(encoding="utf-8", errors="replace") for part in parts))
    found = sorted(_INSTRUMENT.finditer(text), key=lambda match: not match[0].startswith("mutopia"))
    names = set(re.findall(r"\w+", found[0][1].lower())) - {"and", "or"} if found else set()
    return "\\score" in text and bool(names) and names <= KEYBOARDS


def read_pieces(source: Path) -> list[MutopiaPiece]:
    """List the pieces in the package's split.

    Raises:
        CorpusError: Pieces are missing.
    """
    return in_split("mutopia", find_pieces(source))


def build_piece(piece: MutopiaPiece, split: str) -> Made:
    """Engrave a piece and play it on the piano, as the pieces of MSMD are played.

    Raises:
        CorpusError: The piece is an anthology, which cannot be in one split with all works in it, or too much of it
            cannot be seen because it is written on more than two staves, or on two far apart.
    """
    if piece.name in ANTHOLOGIES:
        raise CorpusError(f"{piece.name} is an anthology: {ANTHOLOGIES[piece.name]}.")
    score = read_score(piece.path, trusted=True)
    y_px = score.noteheads.y_px
    unseen = np.mean((y_px < 0) | (y_px >= STRIP_HEIGHT_PX))
    if unseen > MOST_UNSEEN:
        raise CorpusError(
            f"{unseen:.0%} of the noteheads of {piece.name} lie outside the strip of {STRIP_HEIGHT_PX} px; "
            f"at most {MOST_UNSEEN:.0%} may; it stands on more than two staves, or on two far apart."
        )
    return Made(Piece(piece.name, score, perform_on_piano(score, split, name=piece.name, times=1)))


RECIPE = Recipe(
    name="mutopia",
    description="keyboard pieces of the Mutopia project beyond MSMD, engraved by LilyPond",
    source="https://github.com/MutopiaProject/MutopiaProject",
    licence="public domain, CC BY, CC BY-SA (in each file's header)",
    soundfonts=SOUNDFONTS,
    entries=read_pieces,
    build=build_piece,
    time_limit_s=600,
)
