"""Follows a performance: takes audio in and gives a position for every frame of the spectrogram.

It plays the game that the agent was trained in, without its truth: the observation at frame t (score window at the
position, what was heard up to t, speed, memory) gives an action, ``speed += action``, ``position += speed`` kept on the
strip, and that position belongs to frame t + 1. The most probable action is taken. The position is given as soon as it
is decided: with frame t, which is complete a few milliseconds before the time of frame t + 1.

Beside the agent the whole score is searched (`standpartner.follow.search`). Where the music is found elsewhere for long
enough, because the agent is lost or the player has jumped, the follower goes there
(`standpartner.follow.pursuit`), also from the end of the score. Frame t itself may change its own position, which
was given already: the follower jumps, or it has recognised the first note and catches up with what was played
meanwhile. Then the position of frame t is given again, and after it that of frame t + 1.

A start has to prove right: until the follower has been confident for some time, it goes back and waits if it is lost
(`standpartner.follow.presence`). So it does not take talk for music for long, nor leave the first bar for it. When
nothing sounds for a while, it waits again, at the next onset.

Confidence is the calibrated probability, by what search and tracker believe, that the music is within reach of the
position. It is 1 while the follower waits for the first note, and stays what it was at the end of the score.
"""

from collections import deque
from collections.abc import Iterator
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent
from standpartner.agent.listening import Ear
from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import AudioError, ScoreError
from standpartner.follow.beginning import begin_at, find_beginning, next_beginning
from standpartner.follow.config import FollowerConfig
from standpartner.follow.position import FramePosition, Position, place_all
from standpartner.follow.presence import Proof
from standpartner.follow.pursuit import NO_CAUTION, NO_JUMP, Caution, Pursuit, PursuitStep
from standpartner.follow.repeats import RepeatSigns
from standpartner.follow.start import StartDetector, expected_keys
from standpartner.hear import Resampler, Source, SpectrogramStream
from standpartner.score import Score

Floats = NDArray[np.float32]
_LAST_NOTE_PX = 24.0  # so close to the end it is at the last note


class State(Enum):
    """The states of a follower: it waits for the first note, follows, or rests at the end of the score."""

    WAITING = "waiting"
    FOLLOWING = "following"
    FINISHED = "finished"


class Follower:
    """Follows one performance of a score as it is heard.

    The score is read once, here; then every frame costs about a millisecond, in a long score, too. Chunks may have any
    length: the positions are the same, to the last bit, as if the recording had come at once.

    Args:
        score: The score that is played.
        agent: The agent that listens and reads.
        config: The settings of the follower.
        from_measure: The printed number of the measure in which the performance begins; by default it begins with the
            first note. With `ANYWHERE` the place is unknown: the follower stands at the first note until the search
            finds the music.
        view: The agent's view of the score's strip, if ``agent.read`` gave it already: followers of one score share it.

    Attributes:
        state: The state of the follower.
        start_frame: The frame in which the first note was heard; None while it waits.
        tried_frame: The frame of the first start of all, even if that did not prove right; None before it.

    Raises:
        ScoreError: There is no such measure, or the measures of the score are unknown.
        AgentError: The agent was exported without the graph that searches.

    Example:
        >>> follower = Follower(score, load_agent("piano"))                       # doctest: +SKIP
        >>> for position in follower.follow(FileSource("recording.wav")):         # doctest: +SKIP
        ...     print(position.time_s, position.measure, position.confidence)
    """

    def __init__(
        self,
        score: Score,
        agent: Agent,
        *,
        config: FollowerConfig | None = None,
        from_measure: int | str | None = None,
        view: Floats | None = None,
    ) -> None:
        self.score, self.agent = score, agent
        self.config = config or FollowerConfig()
        self.state = State.WAITING
        self.start_frame: int | None = None
        self.tried_frame: int | None = None
        beginning = find_beginning(score, from_measure)
        self._resampler: Resampler | None = None
        self._stream = SpectrogramStream()
        self._ended = False  # whether the recording is over
        self._ear = Ear(agent)
        self._detector = StartDetector(self.config.start, expected_keys(beginning.pitch))
        self._recent: deque[Floats] = deque(maxlen=self._detector.memory_frames)  # embeddings not yet acted on
        pursuit = self.config.pursuit if score.has_notation else self.config.pursuit_in_pictures
        view = agent.read(score.strip) if view is None else view
        self._pursuit = Pursuit(
            agent,
            view,
            width_px=score.width_px,
            start_px=beginning.x_px,
            start_known=beginning.known,
            config=pursuit,
            signs=RepeatSigns(agent, score.strip, view=view, jumps=score.printed_jumps, config=pursuit.repeats),
        )
        self._home = beginning
        self._end_px = min(score.end_px, score.width_px - 1.0)
        self._note_px, self._note_speed_px = beginning.x_px, 0.0  # where the follower was at the last note
        self._proof = Proof(self.config, needed=self.config.wait and beginning.known)
        self._unseen_jump = False
        self._held = False  # whether the position that is given stays in the bar of the beginning
        self._doubting = self._retreated = False  # whether it waits after a start that did not prove right; whether
        # no start has proved right since then
        self._doubt = _Doubt(self.config)
        self._confidence = 1.0
        self._frames_at_end = 0
        self._notes_at_end: int | None = None  # the notes heard when it reached the last one
        self._given = FramePosition(0, beginning.x_px, self._confidence, False)
        self._unsaid = [self._given]

    def push(self, chunk: NDArray[np.floating], *, rate_hz: int = SAMPLE_RATE_HZ) -> list[Position]:
        """Hear the next samples.

        Args:
            chunk: The float samples in [-1, 1], (n,) or (n, channels); n may be 0. Channels are mixed down.
            rate_hz: The samples a second, the same for all chunks.

        Returns:
            The positions that are decided now. For every frame that is complete (46 ms after its centre) this is the
            position of the next frame, and before it the frame's own if it has changed. With the first chunk it is also
            that of the first frame.

        Raises:
            AudioError: The samples have another shape, are not finite floats, come at another rate than those before,
                or the follower has finished.
        """
        self._check_open()
        if self._resampler is None:
            self._resampler = Resampler(rate_hz)
        if rate_hz != self._resampler.rate_hz:
            raise AudioError(
                f"expected {self._resampler.rate_hz} samples a second as before, got {rate_hz}; keep to one rate, or "
                "start a new Follower"
            )
        return self._hear(self._stream.push(self._resampler.push(chunk)))

    def move_to(self, strip_x_px: float) -> list[Position]:
        """Go on from another place, because a person said so: by a tap on a bar, a page turned by hand, a repeat.

        For two seconds the search does not move the follower away from there. A follower that waits goes on waiting.

        Args:
            strip_x_px: The place on the strip in px, clipped to the strip.

        Returns:
            The position of the last frame given, again.

        Raises:
            ScoreError: The place is no finite number.
        """
        if not np.isfinite(strip_x_px):
            raise ScoreError(f"expected a place on the strip in px, got {strip_x_px}")
        left_px = self._given.strip_x_px
        self._pursuit.move_to(strip_x_px)
        self._doubt, self._confidence, self._frames_at_end = _Doubt(self.config), 1.0, 0
        self._home = begin_at(self.score, self._pursuit.position_px)
        self._note_px, self._held = self._pursuit.position_px, False
        if self.state is State.FINISHED:
            self.state = State.FOLLOWING
        self._unsaid = []
        moved = self._report(self._given.frame, self._pursuit.position_px, jumped_from_px=left_px)
        return place_all(self.score, [moved])

    def finish(self) -> list[Position]:
        """End the recording.

        Returns:
            The positions that the last frames decide.

        Raises:
            AudioError: The follower has finished already.
        """
        self._check_open()
        self._ended = True
        rest = self._resampler.finish() if self._resampler else np.zeros(0, np.float32)
        frames = np.concatenate([self._stream.push(rest), self._stream.finish()])
        return self._hear(frames)

    def follow(self, source: Source) -> Iterator[Position]:
        """Follow a source of sound to its end, and yield positions as soon as they are decided.

        Raises:
            AudioError: The source fails, or its samples are refused by `push`.
        """
        for chunk in source:
            yield from self.push(chunk, rate_hz=source.rate_hz)
        yield from self.finish()

    def _check_open(self) -> None:
        if self._ended:
            raise AudioError("this follower has finished; start a new Follower")

    def _hear(self, frames: Floats) -> list[Position]:
        reports, self._unsaid = self._unsaid, []
        for frame in frames:
            reports += self._next(frame)
        return place_all(self.score, reports)

    def _next(self, frame: Floats) -> list[FramePosition]:
        """Hear a frame; return its own position if that has changed, and the position of the next frame."""
        given = self._given
        embedding, pressed = self._ear.hear(frame[None])
        self._recent.append(embedding)
        if self.config.wait:
            self._detector.hear(frame, pressed[0])
        if self.state is State.WAITING and not self._hears_otherwise():
            ago = self._detector.begun() if self.config.wait else 0
            if ago is not None:
                self._begin(given.frame - ago, ago)
        if self.state is State.WAITING and not self._doubting:
            return [self._report(given.frame + 1, given.strip_x_px)]
        here_px, jumped_from_px = given.strip_x_px, None
        while self._recent:  # more than one if the start of the music was recognised late
            here_px, jump = self._step(self._recent.popleft())
            jumped_from_px = jumped_from_px if jump is None else jump
        if self._has_paused():
            here_px = self._pause()
        jumped_from_px = self._hold(jumped_from_px)
        here_px, next_px = self._shown(here_px), self._shown(self._pursuit.position_px)
        again = []
        if jumped_from_px is not None or here_px != given.strip_x_px:
            again.append(self._report(given.frame, here_px, jumped_from_px=jumped_from_px))
        return [*again, self._report(given.frame + 1, next_px)]

    def _hold(self, jumped_from_px: float | None) -> float | None:
        """Decide whether the position stays in the bar of the beginning; return where it is seen to jump from, if so.

        A jump of the agent that was not seen meanwhile is seen when the position is let go.
        """
        self._held = self.state is State.FOLLOWING and not self._proof.likely
        if self._held:
            self._unseen_jump = self._unseen_jump or jumped_from_px is not None
            return None
        unseen, self._unseen_jump = self._unseen_jump and self.state is State.FOLLOWING, False
        return self._given.strip_x_px if unseen else jumped_from_px

    def _shown(self, x_px: float) -> float:
        """Return the place to give for the agent's, which stays in the first bar while the start is unlikely."""
        left_px, right_px = self._home.bar_px
        return min(max(x_px, left_px), right_px) if self._held else x_px

    def _begin(self, frame: int, ago: int) -> None:
        """Follow from a frame on, which was some frames ago."""
        while len(self._recent) > ago + 1:
            self._recent.popleft()
        if self.state is State.WAITING:
            self._doubt = _Doubt(self.config)
        self.state, self._doubting = State.FOLLOWING, False
        self.start_frame = frame if self.start_frame is None else self.start_frame
        self.tried_frame = frame if self.tried_frame is None else self.tried_frame

    def _hears_otherwise(self) -> bool:
        """Tell whether it waits after a start that proved wrong, and what it hears is not what stands there."""
        return self._doubting and self._pursuit.search.probability_near(self._home.x_px) < self.config.heard_at_home

    def _step(self, embedding: Floats) -> tuple[float, float | None]:
        """Act on a frame; return its own position and where it jumped from. It rests where it waits or has finished."""
        step = self._pursuit.step(embedding, rest=self.state is not State.FOLLOWING, caution=self._caution())
        frame = self._given.frame
        if step.jumped_from_px is not None:
            self._begin(frame, 0)
            self._frames_at_end = 0
        elif self._doubting and (ago := self._proof.found_at_home(self._pursuit.found, self._home.x_px)) is not None:
            self._begin(max(0, frame - ago), 0)  # a recording may begin behind the first note
            self._pursuit.begin_at_found()
            return self._pursuit.position_px, None
        if self.state is not State.FOLLOWING:
            self._confidence = self._pursuit.confidence if self._doubting else self._confidence
            return step.position_px, None
        return self._followed(step), step.jumped_from_px

    def _followed(self, step: PursuitStep) -> float:
        """Judge a frame that was followed; return its position."""
        self._confidence = self._pursuit.confidence
        self._doubt.take(self._confidence)
        self._proof.take(self._confidence)
        self._retreated = self._retreated and not self._proof.given
        if self._doubt.lost and not self._proof.given:
            return self._retreat()
        if self._detector.note_begins:
            self._note_px, self._note_speed_px = step.position_px, self._pursuit.speed_px
        at_end = self._pursuit.position_px >= self._end_px
        self._frames_at_end = self._frames_at_end + 1 if at_end else 0
        if self._frames_at_end > self.config.end_after_s * FRAME_RATE_HZ:
            self.state = State.FINISHED
        return step.position_px

    def _caution(self) -> Caution:
        """Return what a jump needs in this frame: none is made in what sounds on after the last note."""
        left_px = self._end_px - self._pursuit.position_px
        if left_px > 2 * self.config.pursuit.away_px:
            self._notes_at_end = None
        elif self._notes_at_end is None and left_px <= _LAST_NOTE_PX:
            self._notes_at_end = self._detector.notes
        if self._notes_at_end is not None and self.config.wait:
            begun = self._detector.notes - self._notes_at_end
            return NO_CAUTION if begun >= self.config.notes_after_end else NO_JUMP
        if self._proof.given:
            return NO_CAUTION
        near = abs(self._pursuit.found.x_px - self._home.x_px) <= self.config.near_px
        return self.config.caution_near if near else self.config.caution_far

    def _retreat(self) -> float:
        """Go back and wait, as what was taken for the music proved to be none; return the place."""
        self.state, self._doubting, self._retreated = State.WAITING, True, True
        self._proof.begin()
        if not self._proof.ever:
            self.start_frame = None
        self._pursuit.wait_at(self._home.x_px)
        return self._home.x_px

    def _has_paused(self) -> bool:
        quiet_s = self._detector.quiet_frames / FRAME_RATE_HZ
        waits = self.config.wait and self.state is State.FOLLOWING and self._proof.given
        return waits and quiet_s >= self.config.pause_after_s

    def _pause(self) -> float:
        """Wait at the next onset, as nothing sounds any more; return the place."""
        self._home = next_beginning(self.score, self._note_px)
        self.state, self._doubting, self._doubt = State.WAITING, False, _Doubt(self.config)
        self._detector.expect(expected_keys(self._home.pitch))
        self._pursuit.move_to(self._home.x_px, speed_px=self._note_speed_px)
        return self._home.x_px

    def _report(self, frame: int, x_px: float, *, jumped_from_px: float | None = None) -> FramePosition:
        lost = self._doubt.lost or self._retreated
        self._given = FramePosition(frame, x_px, self._confidence, lost, jumped_from_px=jumped_from_px)
        return self._given


class _Doubt:
    """Decides whether the follower is lost: after some time of low confidence, until it is confident again."""

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
