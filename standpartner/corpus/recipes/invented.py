"""Builds piano music that is invented by chance, in all keys and many textures, for agents to learn from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from standpartner.corpus.build import Made, Recipe, seed_of
from standpartner.corpus.invented.musicxml import write_musicxml
from standpartner.corpus.invented.piece import invent
from standpartner.corpus.split_styles import SOUNDFONTS, engraving_style, perform_on_piano
from standpartner.corpus.store import read_split
from standpartner.piece import Piece
from standpartner.score import read_score

RULES: Final = 1  # raised when the rules change, so that no piece of other rules is taken for one of these


@dataclass(frozen=True)
class InventedPiece:
    """An invented piece: its name is its seed.

    Attributes:
        name: The name, ``invented__0001`` and so on.
    """

    name: str

    @property
    def sha256(self) -> str:
        """The checksum of the name and of the version of the rules."""
        return hashlib.sha256(f"{self.name} by rules {RULES}".encode()).hexdigest()

    @property
    def musicxml(self) -> str:
        """The piece as MusicXML."""
        rng = np.random.default_rng(seed_of(self.name))
        return write_musicxml(invent(rng), rng)


def list_pieces(source: Path) -> list[InventedPiece]:
    """List the pieces of the package's split; there is no source to look into."""
    return [InventedPiece(name) for name in read_split("invented")]


def build_piece(piece: InventedPiece, split: str) -> Made:
    """Engrave a piece and play it on the piano, as the pieces of MSMD are played.

    Training pieces are drawn in many styles, the others in Verovio's own.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "piece.musicxml"
        path.write_text(piece.musicxml, encoding="utf-8")
        score = read_score(path, style=engraving_style(piece.name, split))
    return Made(Piece(piece.name, score, perform_on_piano(score, split, name=piece.name, times=1)))


RECIPE = Recipe(
    name="invented",
    description="piano music invented by chance, to learn from",
    source="",
    licence="none needed",
    soundfonts=SOUNDFONTS,
    entries=list_pieces,
    build=build_piece,
)
