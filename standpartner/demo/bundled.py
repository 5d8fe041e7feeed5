"""The bundled piece: a menuet, a recording of it, and the truth about the recording."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import PieceError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.evaluate.sound import AudibleTrack
from standpartner.follow.offline import Following
from standpartner.game.rules import NOTTINGHAM, GameConfig, is_lost, onset_frame, target_x_px
from standpartner.game.tracks import Track
from standpartner.hear import read_audio, spectrogram
from standpartner.score import Score, read_score

_FOLDER = "demo/data"


@dataclass(frozen=True)
class Demo:
    """Where the bundled piece is.

    Attributes:
        score: notation file.
        recording: made by tools/make_demo_recording.py.
        onset_s: (onsets of the score,) second of the recording at which each was played.
    """

    score: Path
    recording: Path
    onset_s: NDArray[np.float64]


def load_demo() -> Demo:
    """Find the bundled piece.

    Raises:
        PieceError: it is missing or damaged: the installation is incomplete.
    """
    folder = Path(str(resources.files("standpartner").joinpath(_FOLDER)))
    try:
        truth = json.loads((folder / "menuet.json").read_text(encoding="utf-8"))
        onset_s = np.asarray(truth["onset_s"], dtype=np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise PieceError(f"the bundled piece in {folder} is incomplete: {error}; install standpartner again") from error
    return Demo(folder / "menuet.abc", folder / "menuet.ogg", onset_s)


def demo_measures(demo: Demo, score: Score, following: Following) -> dict[str, Any]:
    """Measure a following of the bundled piece as an evaluation would: see `standpartner.evaluate.measures.measures`.

    The bound beyond which the agent counts as lost is that of the single-line game, 50 strip px.
    """
    first = int(onset_frame(demo.onset_s[0]))
    x_px = np.array([position.strip_x_px for position in following.positions[first:]])
    target = target_x_px(np.arange(first, first + len(x_px)), demo.onset_s, onset_x_px=score.onsets.x_px)
    lost = np.flatnonzero(is_lost(x_px - target, NOTTINGHAM.bound_px))
    episode = Episode(
        name=score.title,
        onset_s=demo.onset_s,
        onset_x_px=score.onsets.x_px,
        position_px=x_px,
        lost_frame=first + int(lost[0]) if len(lost) else None,
    )
    return evaluate_episodes([episode])


def demo_truth_px(demo: Demo, score: Score, *, frames: int) -> NDArray[np.float64]:
    """Where the music is on the strip in each frame of the bundled recording.

    Args:
        demo: the bundled piece.
        score: its score, as read.
        frames: how many frames from the recording's beginning are asked for.

    Returns:
        (frames,) strip px.
    """
    return np.asarray(target_x_px(np.arange(frames), demo.onset_s, onset_x_px=score.onsets.x_px))


def demo_music(config: GameConfig = NOTTINGHAM) -> AudibleTrack:
    """The bundled menuet and its recording; nothing needs to be installed for it.

    Args:
        config: the rules.

    Raises:
        PieceError: the installation is incomplete.
    """
    demo = load_demo()
    score, audio = read_score(demo.score), read_audio(demo.recording)
    track = Track(score.title, demo.onset_s, score.onsets.x_px, score.strip, spectrogram(audio))
    return AudibleTrack(score.title, track, config, audio, "the bundled recording")
