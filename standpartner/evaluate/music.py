"""What a person plays along with: a track of the game, the sound of its performance, and the rules."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import PieceError
from standpartner.evaluate.sound import notes_of
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.perform import soundfonts, synthesise
from standpartner.piece import Performance, Piece

_PEAK = 0.8


@dataclass(frozen=True, eq=False)
class Music:
    """A performance to be followed.

    Attributes:
        title: of the piece.
        track: what the game is played on.
        config: the rules.
        audio: (n,) mono samples at 22 050 Hz, heard from second 0 of the performance on.
        sound: what is heard, in some words.
    """

    title: str
    track: Track
    config: GameConfig
    audio: NDArray[np.float32]
    sound: str


def piece_music(piece: Piece, *, config: GameConfig, performance: str | None = None) -> Music:
    """A piece and one of its performances, its notes played by the synthesiser: pieces hold no audio.

    Args:
        piece: what is played.
        config: the rules.
        performance: its name; default: the first.

    Raises:
        PieceError: the piece has no such performance.
        AudioError: the performance has no notes.
        MissingExtraError: no synthesiser or no soundfont is installed.
    """
    chosen = _chosen(piece, performance)
    audio, sound = _synthesised(piece.performances[chosen])
    return Music(piece.score.title or piece.name, piece.tracks()[chosen], config, audio, sound)


def _chosen(piece: Piece, name: str | None) -> int:
    """Index of a performance."""
    names = [performance.name for performance in piece.performances]
    if not names or name not in (None, *names):
        wanted = "a performance" if name is None else f"the performance {name!r}"
        raise PieceError(f"{piece.name}: expected {wanted}, it has {', '.join(names) or 'none'}")
    return 0 if name is None else names.index(name)


def _synthesised(performance: Performance) -> tuple[NDArray[np.float32], str]:
    """Sound of the notes, and what it is; on another soundfont where its own is not on this machine or not known."""
    soundfont = soundfonts().get(str(performance.made_by.get("soundfont")))
    audio = synthesise(notes_of(performance), soundfont=soundfont)
    return audio * np.float32(_PEAK / max(float(np.abs(audio).max()), 1e-6)), "the performance's notes, synthesised"
