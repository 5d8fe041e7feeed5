"""Follows a whole recording and gives all positions and a summary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import AudioError
from standpartner.follow.follower import Follower, State
from standpartner.follow.position import Position, settled_positions
from standpartner.hear import Source

SILENT_PEAK = 1e-3  # -60 dB of full scale
FOLLOWED_S = 2.0  # the shortest time without a jump that counts as followed
FOREIGN_SHARE = 0.3  # a recording in which more of the time is lost does not seem to be of the score


@dataclass(frozen=True)
class Following:
    """A followed recording.

    Attributes:
        positions: The positions, one a frame, from the recording's beginning; see `settled_positions`.
        duration_s: The length of the recording in seconds.
        start_frame: The frame in which the first note was heard.
        finished: Whether the end of the score was reached.
        proved: Whether the music was ever found in the score: what sounded like a first note may have been none.
    """

    positions: tuple[Position, ...]
    duration_s: float
    start_frame: int
    finished: bool
    proved: bool = True

    @property
    def started_s(self) -> float:
        """The second at which the first note was heard."""
        return self.start_frame / FRAME_RATE_HZ

    @property
    def followed_s(self) -> float:
        """The seconds from the first note on."""
        return self.duration_s - self.started_s

    @property
    def last_measure(self) -> int | str | None:
        """The printed number of the measure in which the music was last followed.

        It was followed where the follower neither jumped nor was lost for two seconds or more; the end of the last such
        stretch counts. It is None if there is no such stretch or the score's bars are unknown.
        """
        ends = [stretch[-1] for stretch in self._stretches() if len(stretch) >= FOLLOWED_S * FRAME_RATE_HZ]
        return ends[-1].measure if ends else None

    @property
    def jumps(self) -> int:
        """The number of jumps from the first note on to places where the search found the music."""
        return sum(position.jumped_from_px is not None for position in self.positions[self.start_frame :])

    @property
    def lost_share(self) -> float:
        """The share of frames from the first note on at which the follower was lost."""
        heard = self.positions[self.start_frame :]
        return sum(position.lost for position in heard) / len(heard)

    @property
    def seems_foreign(self) -> bool:
        """Whether the recording does not seem to be of the score."""
        return not self.proved or self.lost_share > FOREIGN_SHARE

    def _stretches(self) -> Iterator[list[Position]]:
        """Yield the runs of positions from the first note on that are between jumps and not lost."""
        heard = self.positions[self.start_frame :]
        jumps = np.cumsum([position.jumped_from_px is not None for position in heard])
        for (_, lost), run in groupby(zip(heard, jumps, strict=True), key=lambda at: (at[1], at[0].lost)):
            if not lost:
                yield [position for position, _ in run]


def follow_audio(follower: Follower, source: Source, *, progress: Callable[[float], None] | None = None) -> Following:
    """Follow a recording from beginning to end.

    Args:
        follower: A follower that has heard nothing yet.
        source: The recording.
        progress: The function that is called with the seconds followed so far, about once a second of the recording.

    Raises:
        AudioError: The recording is damaged or silent, or nothing in it sounds like a first note.
    """
    given: list[Position] = []
    samples, peak = 0, 0.0
    for chunk in source:
        given += follower.push(chunk, rate_hz=source.rate_hz)
        samples, peak = samples + len(chunk), max(peak, float(np.abs(chunk).max(initial=0.0)))
        if progress:
            progress(samples / source.rate_hz)
    given += follower.finish()
    duration_s = samples / source.rate_hz
    if peak < SILENT_PEAK:
        raise AudioError(f"nothing to follow: {source.name} is silent throughout ({duration_s:.1f} s)")
    start_frame = follower.tried_frame if follower.start_frame is None else follower.start_frame
    if start_frame is None:
        raise AudioError(
            f"nothing to follow: no first note was heard in {source.name} ({duration_s:.1f} s of quiet "
            "sound or noise); if it begins with music, follow it without waiting (--no-wait)"
        )
    finished = follower.state is State.FINISHED
    proved = follower.start_frame is not None
    return Following(tuple(settled_positions(given)), duration_s, start_frame, finished, proved=proved)
