"""The follower: audio in, positions out, one for every frame of the spectrogram.

It plays the game that the agent was trained in, without its truth: the observation at frame t (score window at the
position, what was heard up to t, speed, memory) gives an action, ``speed += action``, ``position += speed`` kept on the
strip, and that position belongs to frame t + 1. The most probable action is taken.

Confidence: at every frame the agent also says where in its window it would locate the music (64 columns). The share of
that within ``confidence_reach_px`` of the position, smoothed exponentially, is the confidence. It is 1 while the
follower waits for the first note, and stays what it was at the end of the score.
"""

from collections import deque
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Decision, Ear
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.views import window, window_index
from standpartner.audio import SpectrogramStream
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ScoreError
from standpartner.follow.config import FollowerConfig
from standpartner.follow.position import FramePosition, Position, place_all
from standpartner.follow.start import StartDetector, expected_keys
from standpartner.game import rules
from standpartner.score import Score

_SPEED_CHANGES = rules.PIANO.actions
Floats = NDArray[np.float32]


class State(Enum):
    """What a follower is doing."""

    WAITING = "waiting"
    FOLLOWING = "following"
    FINISHED = "finished"


class Follower:
    """Follows one performance of a score as it is heard.

    The score is read once, here; then every frame costs a millisecond or two. Chunks may have any length: the
    positions are the same, to the last bit, as if the recording had come at once.

    Args:
        score: what is played.
        agent: who listens and reads.
        config: see `FollowerConfig`.
        from_measure: printed number of the measure in which the performance begins; default: the first onset.

    Raises:
        ScoreError: there is no such measure.

    Example:
        >>> follower = Follower(score, load_agent("tunes"))          # doctest: +SKIP
        >>> for chunk in microphone:                                 # doctest: +SKIP
        ...     for position in follower.push(chunk):
        ...         print(position.measure, position.confidence)
    """

    def __init__(
        self,
        score: Score,
        agent: Agent,
        *,
        config: FollowerConfig | None = None,
        from_measure: int | str | None = None,
    ) -> None:
        self.score, self.agent = score, agent
        self.config = config or FollowerConfig()
        self.state = State.WAITING
        self.start_frame: int | None = None
        start = 0 if from_measure is None else _first_onset_of(score, from_measure)
        self._view = agent.read(score.strip)
        self._columns = np.array([len(self._view) - 2 * WINDOW_COLUMNS])
        self._stream = SpectrogramStream()
        self._ear = Ear(agent)
        self._detector = StartDetector(self.config.start, expected_keys(score.notes.pitch[score.notes.onset == start]))
        self._recent: deque[Floats] = deque(maxlen=self._detector.memory_frames)  # embeddings not yet acted on
        self._frame = 0
        self._position_px = float(score.onsets.x_px[start])
        self._speed_px = 0.0
        self._memory = agent.empty_memory(1)
        self._confidence = _Confidence(self.config)
        self._frames_at_end = 0

    def push(self, chunk: Floats) -> list[Position]:
        """Hear the next samples.

        Args:
            chunk: (n,) mono float32 at 22 050 Hz in [-1, 1]; n may be 0.

        Returns:
            The positions of the frames that are complete now (46 ms after their centre).

        Raises:
            AudioError: the samples are not mono finite floats, or the follower has finished.
        """
        return self._follow(self._stream.push(chunk))

    def finish(self) -> list[Position]:
        """End of the recording: the positions of its last frames."""
        return self._follow(self._stream.finish())

    def _follow(self, frames: Floats) -> list[Position]:
        return place_all(self.score, [self._next(frame) for frame in frames])

    def _next(self, frame: Floats) -> FramePosition:
        """Position at this frame; then, if following, the move to the next one."""
        if self.state is State.FINISHED:
            return self._report()
        embedding, pressed = self._ear.hear(frame[None])
        self._recent.append(embedding)
        if self.state is State.WAITING and not self._has_begun(frame, pressed[0]):
            return self._report()
        while len(self._recent) > 1:  # what was played while it was not yet sure that this was music
            self._move(self._decide(self._recent.popleft()))
        decision = self._decide(self._recent.popleft())
        self._confidence.take(decision.locate[0])
        report = self._report()
        self._move(decision)
        return report

    def _has_begun(self, frame: Floats, pressed: Floats) -> bool:
        ago = self._detector.hear(frame, pressed) if self.config.wait else 0
        if ago is None:
            return False
        while len(self._recent) > ago + 1:
            self._recent.popleft()
        self.state, self.start_frame = State.FOLLOWING, self._frame - ago
        return True

    def _report(self) -> FramePosition:
        self._frame += 1
        return FramePosition(self._frame - 1, self._position_px, self._confidence.value, self._confidence.lost)

    def _decide(self, embedding: Floats) -> Decision:
        index, fraction = window_index(np.array([self._position_px]), self._columns)
        decision = self.agent.decide(
            window(self._view, index, fraction),
            embedding,
            speed_px=np.array([self._speed_px], np.float32),
            memory=self._memory,
        )
        self._memory = decision.memory
        return decision

    def _move(self, decision: Decision) -> None:
        change = _SPEED_CHANGES[int(np.argmax(decision.action[0]))]
        self._speed_px = float(rules.next_speed(self._speed_px, change))
        position = float(rules.next_position(self._position_px, self._speed_px))
        self._position_px = min(max(position, 0.0), self.score.width_px - 1.0)
        at_end = self._position_px >= self.score.onsets.x_px[-1]
        self._frames_at_end = self._frames_at_end + 1 if at_end else 0
        if self._frames_at_end > self.config.end_after_s * FRAME_RATE_HZ:
            self.state = State.FINISHED


class _Confidence:
    """Smoothed agreement of the agent's position with where it locates the music."""

    def __init__(self, config: FollowerConfig) -> None:
        self.config = config
        self.value = 1.0
        self.lost = False
        offset_px = (np.arange(WINDOW_COLUMNS) - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX
        self._near = np.abs(offset_px) <= config.confidence_reach_px
        self._blend = 1.0 - float(np.exp(-1.0 / (config.confidence_memory_s * FRAME_RATE_HZ)))
        self._frames_below = 0

    def take(self, locate: Floats) -> None:
        """Take in (64,) logits of one frame."""
        weight = np.exp(locate - locate.max(), dtype=np.float64)
        agreement = float(weight[self._near].sum() / weight.sum())
        self.value += self._blend * (agreement - self.value)
        self._frames_below = self._frames_below + 1 if self.value < self.config.lost_below else 0
        if self._frames_below >= self.config.lost_after_s * FRAME_RATE_HZ:
            self.lost = True
        elif self.value >= self.config.found_above:
            self.lost = False


def _first_onset_of(score: Score, label: int | str) -> int:
    """Index of the first onset in or after the measure with a printed label."""
    labels = [str(name) for name in score.measures.label]
    try:
        measure = labels.index(str(label).strip())
    except ValueError:
        raise ScoreError(
            f"there is no measure {label} in {score.title or 'the score'}: its measures are {labels[0]} to {labels[-1]}"
        ) from None
    onset = int(np.searchsorted(score.onsets.measure, measure))
    if onset == len(score.onsets):
        raise ScoreError(f"no note starts in measure {label} or after it; begin earlier")
    return onset
