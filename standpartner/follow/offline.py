"""Follows a whole recording and gives all positions and a summary."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import AudioError
from standpartner.follow.follower import Follower, State
from standpartner.follow.position import Position, settled_positions
from standpartner.follow.position_record import PositionRecord
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

    positions: PositionRecord
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
        stretches = self._stretches()
        ends = [stretch.stop - 1 for stretch in stretches if len(stretch) >= FOLLOWED_S * FRAME_RATE_HZ]
        return self.positions[ends[-1]].measure if ends else None

    @property
    def jumps(self) -> int:
        """The number of jumps from the first note on to places where the search found the music."""
        return int(self.positions.jumped[self.start_frame :].sum())

    @property
    def lost_share(self) -> float:
        """The share of frames from the first note on at which the follower was lost."""
        return float(self.positions.lost[self.start_frame :].mean())

    @property
    def seems_foreign(self) -> bool:
        """Whether the recording does not seem to be of the score."""
        return not self.proved or self.lost_share > FOREIGN_SHARE

    def _stretches(self) -> list[range]:
        """Return the runs of frames from the first note on that are between jumps and not lost."""
        lost, jumped = self.positions.lost, self.positions.jumped
        begins = jumped | (lost != np.roll(lost, 1))
        begins[: self.start_frame + 1] = np.arange(self.start_frame + 1) == self.start_frame
        first = np.flatnonzero(begins).tolist()
        return [range(*run) for run in pairwise([*first, len(lost)]) if not lost[run[0]]]


def follow_audio(follower: Follower, source: Source, *, progress: Callable[[float], None] | None = None) -> Following:
    """Follow a recording from beginning to end.

    Args:
        follower: A follower that has heard nothing yet.
        source: The recording.
        progress: The function that is called with the seconds followed so far, about once a second of the recording.

    Raises:
        AudioError: The recording is damaged or silent, or nothing in it sounds like a first note.
    """
    heard = _Heard(source, progress)
    positions = PositionRecord(follower.score, settled_positions(heard.positions(follower)))
    duration_s = heard.samples / source.rate_hz
    if heard.peak < SILENT_PEAK:
        raise AudioError(f"nothing to follow: {source.name} is silent throughout ({duration_s:.1f} s)")
    start_frame = follower.tried_frame if follower.start_frame is None else follower.start_frame
    if start_frame is None:
        raise AudioError(
            f"nothing to follow: no first note was heard in {source.name} ({duration_s:.1f} s of quiet "
            "sound or noise); if it begins with music, follow it without waiting (--no-wait)"
        )
    finished = follower.state is State.FINISHED
    proved = follower.start_frame is not None
    return Following(positions, duration_s, start_frame, finished, proved=proved)


class _Heard:
    """A recording as it is heard: how long it is so far, and how loud."""

    def __init__(self, source: Source, progress: Callable[[float], None] | None) -> None:
        self._source, self._progress = source, progress
        self.samples, self.peak = 0, 0.0

    def positions(self, follower: Follower) -> Iterator[Position]:
        """Yield all positions that a follower gives."""
        for chunk in self._source:
            yield from follower.push(chunk, rate_hz=self._source.rate_hz)
            self.samples += len(chunk)
            self.peak = max(self.peak, float(np.abs(chunk).max(initial=0.0)))
            if self._progress:
                self._progress(self.samples / self._source.rate_hz)
        yield from follower.finish()
