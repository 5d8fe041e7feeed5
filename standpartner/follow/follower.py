"""The follower: audio in, positions out, one for every frame of the spectrogram.

It plays the game that the agent was trained in, without its truth: the observation at frame t (score window at the
position, what was heard up to t, speed, memory) gives an action, ``speed += action``, ``position += speed`` kept on the
strip, and that position belongs to frame t + 1. The most probable action is taken.

Beside the agent the whole score is searched (`standpartner.follow.search`). Where the music is found elsewhere for long
enough, because the agent has lost the way or the player has jumped, the follower goes there
(`standpartner.follow.pursuit`), also from the end of the score. Confidence is the calibrated probability, by what
search and tracker believe, that the music is within reach of the position. It is 1 while the follower waits for the
first note, and stays what it was at the end of the score.
"""

from collections import deque
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Ear
from standpartner.constants import FRAME_RATE_HZ
from standpartner.follow.beginning import find_beginning
from standpartner.follow.config import FollowerConfig
from standpartner.follow.position import FramePosition, Position, place_all
from standpartner.follow.pursuit import Pursuit
from standpartner.follow.start import StartDetector, expected_keys
from standpartner.hear import SpectrogramStream
from standpartner.score import Score

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
        from_measure: printed number of the measure in which the performance begins; default: the first note. With
            `ANYWHERE` nothing is known of it: the follower stands at the first note until the search finds the music.

    Raises:
        ScoreError: there is no such measure, or the measures of the score are unknown.
        AgentError: the agent was exported without the graph that searches.

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
        beginning = find_beginning(score, from_measure)
        self._stream = SpectrogramStream()
        self._ear = Ear(agent)
        self._detector = StartDetector(self.config.start, expected_keys(beginning.pitch))
        self._recent: deque[Floats] = deque(maxlen=self._detector.memory_frames)  # embeddings not yet acted on
        self._frame = 0
        self._pursuit = Pursuit(
            agent,
            agent.read(score.strip),
            width_px=score.width_px,
            start_px=beginning.x_px,
            start_known=beginning.known,
            config=self.config.pursuit,
        )
        self._doubt = _Doubt(self.config)
        self._confidence = 1.0
        self._jumped_from_px: float | None = None
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
        embedding, pressed = self._ear.hear(frame[None])
        self._recent.append(embedding)
        if self.state is State.WAITING and not self._has_begun(frame, pressed[0]):
            return self._report()
        while len(self._recent) > 1:  # what was played while it was not yet sure that this was music
            self._hear(self._recent.popleft())
            self._move()
        self._hear(self._recent.popleft())
        report = self._report()
        self._move()
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
        jumped_from_px, self._jumped_from_px = self._jumped_from_px, None
        self._frame += 1
        return FramePosition(
            self._frame - 1,
            self._pursuit.position_px,
            self._confidence,
            self._doubt.lost,
            jumped_from_px=jumped_from_px,
        )

    def _hear(self, embedding: Floats) -> None:
        """Take in a frame; at the end of the score nothing comes of it unless the music is found elsewhere."""
        if self._pursuit.listen(embedding):
            self._jumped_from_px = self._pursuit.jumped_from_px
            self.state, self._frames_at_end = State.FOLLOWING, 0
        if self.state is State.FOLLOWING:
            self._pursuit.decide(embedding)
            self._confidence = self._pursuit.confidence
            self._doubt.take(self._confidence)

    def _move(self) -> None:
        if self.state is not State.FOLLOWING:
            return
        self._pursuit.move()
        at_end = self._pursuit.position_px >= self.score.end_px
        self._frames_at_end = self._frames_at_end + 1 if at_end else 0
        if self._frames_at_end > self.config.end_after_s * FRAME_RATE_HZ:
            self.state = State.FINISHED


class _Doubt:
    """Is the follower lost? It says so after a while of low confidence, until it is confident again."""

    def __init__(self, config: FollowerConfig) -> None:
        self.config = config
        self.lost = False
        self._frames_below = 0

    def take(self, confidence: float) -> None:
        """Take in the confidence of one frame."""
        self._frames_below = self._frames_below + 1 if confidence < self.config.lost_below else 0
        if self._frames_below >= self.config.lost_after_s * FRAME_RATE_HZ:
            self.lost = True
        elif confidence >= self.config.found_above:
            self.lost = False
