"""Following a whole recording: all positions and a summary."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import AudioError
from standpartner.follow.follower import Follower, State
from standpartner.follow.position import Position

SILENT_PEAK = 1e-3  # -60 dB of full scale
_CHUNK_SAMPLES = SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Following:
    """A followed recording.

    Attributes:
        positions: one a frame, from the recording's beginning.
        duration_s: of the recording.
        start_frame: frame in which the first note was heard.
        finished: the end of the score was reached.
    """

    positions: tuple[Position, ...]
    duration_s: float
    start_frame: int
    finished: bool

    @property
    def started_s(self) -> float:
        """Second at which the first note was heard."""
        return self.start_frame / FRAME_RATE_HZ

    @property
    def followed_s(self) -> float:
        """Seconds from the first note on."""
        return self.duration_s - self.started_s

    @property
    def last_measure(self) -> int | str | None:
        """Printed number of the measure furthest in the score that was reached."""
        return max(self.positions, key=lambda position: position.strip_x_px).measure

    @property
    def jumps(self) -> int:
        """How often the follower went elsewhere because the music was found there."""
        return sum(position.jumped_from_px is not None for position in self.positions)

    @property
    def lost_share(self) -> float:
        """Share of frames from the first note on at which the follower said that it was lost."""
        heard = self.positions[self.start_frame :]
        return sum(position.lost for position in heard) / len(heard)


def follow_audio(
    follower: Follower,
    audio: NDArray[np.float32],
    *,
    name: str = "the recording",
    progress: Callable[[float], None] | None = None,
) -> Following:
    """Follow a recording from beginning to end.

    Args:
        follower: a fresh one.
        audio: (n,) mono at 22 050 Hz.
        name: of the recording, for errors.
        progress: told the seconds followed so far, about once a second of the recording.

    Raises:
        AudioError: the recording is silent, or nothing in it sounds like a first note.
    """
    if np.abs(audio).max(initial=0.0) < SILENT_PEAK:
        raise AudioError(f"nothing to follow: {name} is silent throughout ({len(audio) / SAMPLE_RATE_HZ:.1f} s)")
    positions: list[Position] = []
    for first in range(0, len(audio), _CHUNK_SAMPLES):
        positions += follower.push(audio[first : first + _CHUNK_SAMPLES])
        if progress:
            progress(len(positions) / FRAME_RATE_HZ)
    positions += follower.finish()
    if follower.start_frame is None:
        raise AudioError(
            f"nothing to follow: no first note was heard in {name} ({len(audio) / SAMPLE_RATE_HZ:.1f} s of quiet "
            "sound or noise); if it begins with music, follow it without waiting (--no-wait)"
        )
    return Following(
        tuple(positions), len(audio) / SAMPLE_RATE_HZ, follower.start_frame, follower.state is State.FINISHED
    )
