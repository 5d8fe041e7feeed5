"""Follows by online time warping with the score known symbolically, as a comparison that need not read.

The score's notes, played mechanically, are the reference; the performance's sound is warped to them as it comes, by the
library pymatchmaker (Park et al., "Matchmaker", ISMIR 2025, arXiv 2510.10087). Where it is in the reference is
mapped to the strip through the score's onsets. The library wants other versions of numpy than standpartner, so it runs
in an environment of its own (``make peers``).
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import MissingExtraError, TimeLimitError, ToolError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import episode_of_positions
from standpartner.evaluate.players.player import PlayConfig, Player
from standpartner.evaluate.sound import mechanical_performance, performance_audio
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.piece import Performance, Piece
from standpartner.support.children import Limits
from standpartner.support.programs import run_program

PEERS_VARIABLE: Final = "STANDPARTNER_PEERS_PYTHON"
_RUNNER: Final = Path(__file__).with_name("pymatchmaker_runner.py")
_REFERENCE_PIANO: Final = "timgm6mb"  # used in no validation or test performance
_AFTER_LAST_ONSET_S: Final = 0.1  # the length kept after the reference's last onset, as in pymatchmaker
_JOBS_AT_ONCE: Final = 16  # followed by one process: starting it takes seconds, 11 s of sound a megabyte on disk
_START_LIMIT_S: Final = 120.0
_SLOWEST: Final = 10.0  # times the music's length; after that it is stopped


@dataclass(frozen=True, eq=False)
class WarpJob:
    """A performance that is to be followed.

    Attributes:
        reference: The samples at 22 050 Hz of the score, or a passage of it, played mechanically, (n,).
        reference_onset_s: The seconds at which the score's onsets sound in the reference, (onsets,).
        performance: The samples at 22 050 Hz of the performance from the first onset's frame on, (n,).
    """

    reference: NDArray[np.float32]
    reference_onset_s: NDArray[np.float64]
    performance: NDArray[np.float32]


Warp = Callable[[Sequence[WarpJob]], list[NDArray[np.float64]]]


def peers_python() -> Path:
    """Return the Python that has pymatchmaker: $STANDPARTNER_PEERS_PYTHON, else that of ``make peers`` here.

    Raises:
        MissingExtraError: There is no such Python.
    """
    named = os.environ.get(PEERS_VARIABLE)
    python = Path(named) if named else Path(__file__).parents[3] / ".venv-peers" / "bin" / "python"
    if not python.is_file():
        command = f"make peers (expected {python}; {PEERS_VARIABLE} may name another Python that has it)"
        raise MissingExtraError("pymatchmaker", command)
    return python


def warp_with_pymatchmaker(jobs: Sequence[WarpJob]) -> list[NDArray[np.float64]]:
    """Follow performances with pymatchmaker's online time warping.

    Args:
        jobs: The performances.

    Returns:
        One array for each performance, float64 (2, n): the seconds of the performance, increasing, and the seconds of
        the reference at which the follower was then.

    Raises:
        MissingExtraError: There is no Python that has pymatchmaker.
        ToolError: The tool failed, or was ten times slower than the music.
    """
    python = peers_python()
    with tempfile.TemporaryDirectory(prefix="standpartner-otw-") as name:
        folder = Path(name)
        for k, job in enumerate(jobs):
            np.savez(
                folder / f"job-{k:04d}.npz",
                reference=job.reference,
                performance=job.performance,
                sample_rate_hz=SAMPLE_RATE_HZ,
            )
        music_s = sum(len(job.performance) for job in jobs) / SAMPLE_RATE_HZ
        _run([str(python), "-I", str(_RUNNER), name], time_limit_s=_START_LIMIT_S + _SLOWEST * music_s)
        return [np.load(folder / f"path-{k:04d}.npy", allow_pickle=False) for k in range(len(jobs))]


def _run(command: list[str], *, time_limit_s: float) -> None:
    try:
        run_program(command, limits=Limits(time_limit_s))
    except TimeLimitError as error:
        raise ToolError(f"online time warping was given up after {time_limit_s:.0f} s; is the machine busy?") from error
    except ToolError as error:
        raise ToolError(
            f"online time warping failed in {command[0]}: {error}; make it anew with: make peers"
        ) from error


class OnlineTimeWarpingPlayer(Player):
    """Follows with pymatchmaker's online time warping and the score known symbolically. It plays no game.

    Raises:
        MissingExtraError: There is no Python that has pymatchmaker.
    """

    name = "otw"

    def __init__(self) -> None:
        peers_python()  # raises before anything is rendered if something is missing

    def play(self, pieces: Sequence[Piece], config: PlayConfig) -> list[list[Episode]]:
        """Follow once; see `Player.play`."""
        return [warp_episodes(pieces, game=config.game)]


def warp_episodes(pieces: Sequence[Piece], *, game: GameConfig, warp: Warp = warp_with_pymatchmaker) -> list[Episode]:
    """Follow every performance to its end by online time warping; it is lost beyond the game's bound.

    Like every player, it knows when and where the music begins. Its position in a frame is the one that it gave last
    at or before that frame's time.

    Args:
        pieces: The pieces, whose performances say how they sound.
        game: The game whose bound counts.
        warp: The function that follows the jobs.

    Raises:
        AudioError: The sound of a performance cannot be made again.
        MissingExtraError: The package pymatchmaker or a soundfont is not installed.
        ToolError: The run of pymatchmaker failed.
    """
    performances = [
        (piece, performance, begin, track)
        for piece in pieces
        for performance in piece.performances
        for begin, track in piece.tracks_of(performance)
    ]
    episodes = []
    for start in range(0, len(performances), _JOBS_AT_ONCE):
        some = performances[start : start + _JOBS_AT_ONCE]
        jobs = [_job(*one) for one in some]
        for job, path, (_, _, _, track) in zip(jobs, warp(jobs), some, strict=True):
            episodes.append(episode_of_positions(track, positions_px(path, job, track), bound_px=game.bound_px))
    return episodes


def _job(piece: Piece, performance: Performance, begin: int, track: Track) -> WarpJob:
    """Make the job of a track, which begins in a frame of a performance; the reference plays the track's passage."""
    reference = mechanical_performance(piece, soundfont=_REFERENCE_PIANO)
    first = int(np.searchsorted(piece.score.onsets.x_px, track.onset_x_px[0]))
    onset_s = reference.onset_s[first : first + len(track.onset_x_px)]
    passed_s = onset_s[0] - reference.onset_s[0]
    played = slice(round(passed_s * SAMPLE_RATE_HZ), round((onset_s[-1] + _AFTER_LAST_ONSET_S) * SAMPLE_RATE_HZ))
    start = round((begin + track.first_frame) / FRAME_RATE_HZ * SAMPLE_RATE_HZ)
    return WarpJob(performance_audio(reference)[played], onset_s - passed_s, performance_audio(performance)[start:])


def positions_px(path: NDArray[np.float64], job: WarpJob, track: Track) -> NDArray[np.float64]:
    """Return the strip x in each frame from the first onset's to the last one's.

    Args:
        path: The seconds of the performance from the first onset's frame on, increasing, and of the reference, (2, n).
        job: The performance that was followed.
        track: The track, which says where its onsets are on the strip.

    Returns:
        The strip x, (frames,) px; before the first second of the path it is that of the first onset.
    """
    time_s, reference_s = path
    frames = np.arange(track.last_frame - track.first_frame + 1)
    given = np.searchsorted(time_s, frames / FRAME_RATE_HZ + 1e-9, side="right")
    reached_s = np.concatenate([job.reference_onset_s[:1], reference_s])[given]
    return np.interp(reached_s, job.reference_onset_s, track.onset_x_px)
