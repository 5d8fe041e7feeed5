"""The bundled music: scores, recordings, and the truth about the recordings."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import PieceError
from standpartner.evaluate.sound import AudibleTrack
from standpartner.game.rules import NOTTINGHAM, GameConfig
from standpartner.game.tracks import Track
from standpartner.hear import read_audio, spectrogram
from standpartner.score import read_score

_FOLDER = "demo/data"


@dataclass(frozen=True)
class BundledPiece:
    """Where a bundled piece is, and when it was played.

    Attributes:
        title: The title.
        score: The file of its score.
        recording: The file of its recording.
        onset_s: (onsets of the score,) The second of the recording at which each was played.
    """

    title: str
    score: Path
    recording: Path
    onset_s: NDArray[np.float64]


@dataclass(frozen=True)
class PrintedPiece(BundledPiece):
    """A bundled piece whose score is a picture, and where on its pages the onsets are printed.

    Attributes:
        onset_page: (onsets,) The page of each onset, counted from 0.
        onset_place: (onsets, 2) The place of each onset at half the height of its system, as shares of the width and
            height of the page as the file shows it.
    """

    onset_page: NDArray[np.int64]
    onset_place: NDArray[np.float64]


def load_canon() -> PrintedPiece:
    """Find the bundled canon: two scanned pages of piano music, and their recording on a grand.

    tools/make_canon.py made both.

    Raises:
        PieceError: It is missing or damaged: the installation is incomplete.
    """
    truth = _read_truth("canon", ("onset_s", "onset_page", "onset_x", "onset_y"))
    return PrintedPiece(
        title=truth["title"],
        score=_folder() / "canon.pdf",
        recording=_folder() / "canon.ogg",
        onset_s=np.asarray(truth["onset_s"], np.float64),
        onset_page=np.asarray(truth["onset_page"], np.int64) - 1,
        onset_place=np.stack([truth["onset_x"], truth["onset_y"]], axis=-1).astype(np.float64),
    )


def load_menuet() -> BundledPiece:
    """Find the bundled menuet: a single line in ABC, and its recording on a plucked string.

    tools/make_menuet_recording.py made the recording.

    Raises:
        PieceError: It is missing or damaged: the installation is incomplete.
    """
    truth = _read_truth("menuet", ("onset_s",))
    return BundledPiece(
        title=truth["title"],
        score=_folder() / "menuet.abc",
        recording=_folder() / "menuet.ogg",
        onset_s=np.asarray(truth["onset_s"], np.float64),
    )


def menuet_music(config: GameConfig = NOTTINGHAM) -> AudibleTrack:
    """Give the bundled menuet and its recording to play; nothing needs to be installed for it.

    Args:
        config: The rules.

    Raises:
        PieceError: The installation is incomplete.
    """
    piece = load_menuet()
    score, audio = read_score(piece.score), read_audio(piece.recording)
    track = Track(score.title, piece.onset_s, score.onsets.x_px, score.strip, spectrogram(audio))
    return AudibleTrack(score.title, track, config, audio, "the bundled recording")


def _folder() -> Path:
    return Path(str(resources.files("standpartner").joinpath(_FOLDER)))


def _read_truth(name: str, columns: tuple[str, ...]) -> dict[str, Any]:
    """Read what is known of a recording: columns of equal length."""
    path = _folder() / f"{name}.json"
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        lengths = {len(truth[column]) for column in columns}
        truth["title"] = str(truth["title"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PieceError(f"the bundled piece {path} is incomplete: {error}; install standpartner again") from error
    if len(lengths) != 1:
        raise PieceError(f"the bundled piece {path} has columns of different length; install standpartner again")
    return dict(truth)
