"""Makes a track of the game with the sound of its performance, to which a person can play."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import PieceError
from standpartner.evaluate.sound.settings import performance_notes
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.hear import frame_centre
from standpartner.perform import soundfonts, synthesise
from standpartner.piece import Performance, Piece

_PEAK = 0.8


@dataclass(frozen=True, eq=False)
class AudibleTrack:
    """A track of the game with the sound of its performance.

    Attributes:
        title: The title of the piece.
        track: The track that the game is played on.
        config: The rules.
        audio: The mono samples at 22 050 Hz, float32 (n,), from second 0 of the track on.
        sound: A short description of the sound.
    """

    title: str
    track: Track
    config: GameConfig
    audio: NDArray[np.float32]
    sound: str


def audible_track(piece: Piece, *, config: GameConfig, performance: str | None = None) -> AudibleTrack:
    """Render one performance of a piece with the synthesiser, as pieces hold no audio.

    Args:
        piece: The piece that is played.
        config: The rules.
        performance: The name of the performance; the first one by default.

    Raises:
        PieceError: The piece has no such performance, or it is too short.
        AudioError: The performance has no notes.
        MissingExtraError: No synthesiser or no soundfont is installed.
    """
    chosen = piece.performances[_chosen(piece, performance)]
    tracks = piece.tracks_of(chosen)
    if not tracks:
        raise PieceError(f"{piece.name}/{chosen.name}: no passage of it is as long as a second; choose another one")
    begin, track = tracks[0]
    audio, sound = _synthesised(chosen)
    return AudibleTrack(piece.score.title or piece.name, track, config, audio[frame_centre(begin) :], sound)


def _chosen(piece: Piece, name: str | None) -> int:
    """Return the index of a performance."""
    names = [performance.name for performance in piece.performances]
    if not names or name not in (None, *names):
        wanted = "a performance" if name is None else f"the performance {name!r}"
        raise PieceError(f"{piece.name}: expected {wanted}, it has {', '.join(names) or 'none'}")
    return 0 if name is None else names.index(name)


def _synthesised(performance: Performance) -> tuple[NDArray[np.float32], str]:
    """Return the sound and its description; another soundfont is used where its own is missing or unknown."""
    soundfont = soundfonts().get(str(performance.made_by.get("soundfont")))
    audio = synthesise(performance_notes(performance), soundfont=soundfont)
    return audio * np.float32(_PEAK / max(float(np.abs(audio).max()), 1e-6)), "the performance's notes, synthesised"
