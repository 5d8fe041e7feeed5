"""Follows one performance with the agent and the search, and moves the agent where the search is sure of the music.

The agent plays the game without its truth: the view at its position and what was heard give an action,
``speed += action``, ``position += speed``, kept on the strip. The search (`standpartner.follow.search`) looks at the
whole score. When it is sure of a place far from the agent, with more evidence than the agent's own tracker has for
the agent's place, and enough evidence has gathered, the agent is put there, with the tempo that was found and an empty
memory. The search judges by sound alone and takes a phrase for its repetition; the tracker knows what came before
and changes slowly. So their log odds are added. An agent that has learned when to go decides by that instead
(`standpartner.follow.jump_decision`). Where the score allows a jump, a test of its own decides
(`standpartner.follow.repeats`), and the search believes it.

Confidence weighs the same log odds, of the music being within reach of the position, as calibrated on validation pieces
(`standpartner.agent.calibration`): of all frames with confidence 0.8, eight in ten are within reach of the truth.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from standpartner.agent.bundle import Agent, Decision, Floats
from standpartner.agent.columns import column_offsets_px, window, window_index
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.constants import FRAME_RATE_HZ, SPEED_CHANGES_PX
from standpartner.errors import ConfigError
from standpartner.follow.jump_decision import (
    AWAY_PX,
    RULE_GATHERED,
    SLOWEST_PX,
    JumpDecision,
    JumpFrame,
    LearnedDecision,
)
from standpartner.follow.repeats import RepeatConfig, RepeatSigns
from standpartner.follow.search import Found, ScoreSearch, SearchConfig

_REMEMBERED_S = 0.25  # the tracker's probability of the agent's place is averaged over about this time
_RARE = 1e-4  # the tracker's probability is clipped to this and its complement
_NEVER = 1e-12
_UNDECIDED = 0.5
_TOLD_FRAMES = round(2.0 * FRAME_RATE_HZ)  # for so long an embedding hears the place before, too
_BLEND = 1.0 - float(np.exp(-1.0 / (_REMEMBERED_S * FRAME_RATE_HZ)))


@dataclass(frozen=True, kw_only=True)
class PursuitConfig:
    """The conditions on which the agent is put where the search found the music.

    Attributes:
        jump: Whether the agent is ever put elsewhere.
        away_px: The distance in strip px beyond which the agent may be put elsewhere.
        sure: The probability that the search must give to the place found.
        evidence: The least evidence for the place found: the natural logarithm of the ratio of the search's
            probabilities there and at the agent's own place, less the log odds that the agent's tracker gives to its
            place, by the last quarter of a second.
        gathered: The further evidence that must have gathered while all this lasted, in seconds times its natural
            logarithm. Strong evidence is acted on soon, weak evidence late.
        steady_px: The greatest distance of the place found from where that of the frame before has moved to, in strip
            px; beyond it evidence gathers anew, because the search wavers between places.
        most: The most evidence beyond ``evidence`` that a frame counts for, so that the place must be steady for
            ``gathered / most`` seconds.
        slowest_px: The least reading speed of the music found, in strip px a frame; slower music may be silence.
        learned: Whether an agent that has learned when to go decides by that; without it, and where a frame needs
            caution, the rule of these settings decides.
        search: The settings of the search.
        repeats: The settings of the test at repeat signs; None leaves all jumps to the search.

    Raises:
        ConfigError: A value is out of range.
    """

    jump: bool = True
    away_px: float = AWAY_PX
    sure: float = 0.8
    evidence: float = 8.0
    gathered: float = RULE_GATHERED
    steady_px: float = math.inf
    most: float = math.inf
    slowest_px: float = SLOWEST_PX
    learned: bool = True
    search: SearchConfig = field(default_factory=SearchConfig)
    repeats: RepeatConfig | None = field(default_factory=RepeatConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.sure <= 1:
            raise ConfigError(f"expected sure from 0 to 1, got {self.sure}")
        if self.gathered < 0:
            raise ConfigError(f"expected gathered of 0 or more, got {self.gathered}")
        if min(self.steady_px, self.most) <= 0:
            raise ConfigError(f"expected steady_px and most above 0, got {self.steady_px} and {self.most}")
        if self.away_px <= self.search.reach_px:
            raise ConfigError(f"expected away_px above the search's reach_px, got {self.away_px}")


IN_PICTURES: Final = PursuitConfig(steady_px=64.0, most=4.0, learned=False)
"""The settings for pictures of print, on which the search errs more often: a place must be steady for .6 s. The rule
decides, as decisions were learned on engraved scores."""


@dataclass(frozen=True)
class Caution:
    """The further conditions on which a jump is made in a frame.

    Attributes:
        times: The number of times more evidence that must have gathered; infinity forbids jumps.
        steady_px: The greatest ``PursuitConfig.steady_px``.
        most: The greatest ``PursuitConfig.most``.
    """

    times: float = 1.0
    steady_px: float = math.inf
    most: float = math.inf


NO_CAUTION: Final = Caution()
NO_JUMP: Final = Caution(times=math.inf)


@dataclass(frozen=True)
class PursuitStep:
    """The result of one frame.

    Attributes:
        position_px: The place of this frame on the strip in px; after a jump it is the new one.
        jumped_from_px: The place before a jump in this frame in px; None if there was none.
        searched: The probability that the search gives to the music being within reach of the position.
        tracked: The probability that the agent's tracker gives to that.
    """

    position_px: float
    jumped_from_px: float | None
    searched: float
    tracked: float


class Pursuit:
    """Runs the agent and the search in one score, frame by frame.

    A frame decides the position of the next one, which is ``position_px`` after the step. Only a jump
    changes the position of the frame that it is heard in.

    Args:
        agent: The agent that listens and reads.
        view: The agent's view of the strip from ``agent.read``.
        width_px: The width of the strip in px.
        start_px: The place on the strip in px where the agent begins.
        start_known: Whether the music begins there, too; if not, the search expects it anywhere.
        config: The settings of the pursuit.
        signs: The score's repeat signs, where the agent may be put elsewhere sooner.
        decision: What decides on jumps by the search where no caution is needed, instead of what the agent has learned.

    Attributes:
        position_px: The place of the agent on the strip in px.
        found: The place where the search found the music in the last frame.
        searched: The probability that the search gives to the music being within reach of it.
        tracked: The probability that the agent's tracker gives to that, by the last quarter of a second.
        jumped_from_px: The place of the agent in px before it jumped in the last frame; None if it did not.

    Raises:
        AgentError: The agent was exported without the graph that searches.
    """

    def __init__(
        self,
        agent: Agent,
        view: Floats,
        *,
        width_px: int,
        start_px: float,
        start_known: bool = True,
        config: PursuitConfig | None = None,
        signs: RepeatSigns | None = None,
        decision: JumpDecision | None = None,
    ) -> None:
        self.agent, self.config = agent, config or PursuitConfig()
        self.position_px, self.searched = start_px, 1.0
        self.tracked = 1.0 if start_known else _UNDECIDED
        self.jumped_from_px: float | None = None
        self.search = ScoreSearch(agent, view, start_px=start_px if start_known else None, config=self.config.search)
        self._view, self._width_px, self._signs = view, width_px, signs
        here = np.flatnonzero(np.abs(column_offsets_px()) <= self.config.search.reach_px)
        self._here = slice(here[0], here[-1] + 1)  # the columns of the window that count
        self._columns = np.array([len(view) - 2 * WINDOW_COLUMNS])
        self._speed_px, self._memory = 0.0, agent.empty_memory(1)
        self._expected_px = start_px
        self._gathered, self._tracked_now = 0.0, self.tracked
        self._told_frames = 0  # while they last there is no jump
        self._mixed_frames = 0  # while they last there is none by the search, as it hears the place before, too
        self.found = self.search.found()
        learned = LearnedDecision(agent.jump_policy) if agent.jump_policy and self.config.learned else None
        self._jumps = decision or learned

    def step(self, embedding: Floats, *, rest: bool = False, caution: Caution = NO_CAUTION) -> PursuitStep:
        """Take in a frame and move to the place of the next one.

        Args:
            embedding: The embedding of the frame, (1, features).
            rest: Whether the agent stays where it is unless the music is found elsewhere.
            caution: The further conditions of a jump.
        """
        repeated = self._hear(embedding, caution)
        self.searched = self.search.probability_near(self.position_px)
        said = None if rest else self._decide(embedding)
        jumps = repeated is not None or self._goes(said, caution)
        self.jumped_from_px = self.position_px if jumps else None
        if jumps:
            self._begin_at(repeated or self.found)
            said = self._decide(embedding)
            self.searched = self.search.probability_near(self.position_px)
        here_px = self.position_px
        if said is not None:
            self._move(said)
        return PursuitStep(here_px, self.jumped_from_px, self.searched, self.tracked)

    def move_to(self, x_px: float, *, speed_px: float | None = None) -> None:
        """Put the agent and the search where the music is; for two seconds nothing heard moves them away.

        Args:
            x_px: The place on the strip in px.
            speed_px: The speed of the agent in px a frame; None leaves it.
        """
        self.search.begin(x_px)
        self._begin_at(Found(x_px, self._speed_px if speed_px is None else speed_px, probability=1.0))
        self.searched, self._told_frames = 1.0, _TOLD_FRAMES

    def wait_at(self, x_px: float) -> None:
        """Put the agent where the music is expected, at rest; the search goes on, with all that it has gathered."""
        gathered = self._gathered
        self._begin_at(Found(x_px, 0.0, probability=1.0))
        self._gathered, self.tracked = gathered, _UNDECIDED
        self.searched = self.search.probability_near(x_px)

    def begin_at_found(self) -> None:
        """Put the agent where the search found the music in the last frame."""
        self._begin_at(self.found)

    @property
    def speed_px(self) -> float:
        """The speed of the agent in strip px a frame."""
        return self._speed_px

    @property
    def confidence(self) -> float:
        """The calibrated probability that the music is within reach of the position."""
        return float(self.agent.calibration.confidence(self.searched, self.tracked))

    @property
    def _may_jump(self) -> bool:
        return self.config.jump and self._told_frames == 0

    def _hear(self, embedding: Floats, caution: Caution) -> Found | None:
        """Update signs and search with a frame's embedding, (1, features); return where a sign says to go, if so."""
        repeated = self._signs.take(embedding, agent_px=self.position_px, times=caution.times) if self._signs else None
        self.search.take(embedding, agent_px=self.position_px)
        self._told_frames, self._mixed_frames = max(0, self._told_frames - 1), max(0, self._mixed_frames - 1)
        if not self._may_jump:
            repeated = None
        if repeated:
            self.search.begin(repeated.x_px)
            self._mixed_frames = _TOLD_FRAMES
        self.found = self.search.found()
        self._gathered = self._gather(self.found, caution)
        return repeated

    def _decide(self, embedding: Floats) -> Decision:
        """Let the agent decide on its next speed by a frame; return all that it says."""
        index, fraction = window_index(np.array([self.position_px]), self._columns)
        said = self.agent.decide(
            window(self._view, index, fraction),
            embedding,
            speed_px=np.array([self._speed_px], np.float32),
            memory=self._memory,
        )
        self._memory = said.memory
        self._tracked_now = self._probability_here(said.track[0])
        self.tracked += _BLEND * (self._tracked_now - self.tracked)
        return said

    def _move(self, said: Decision) -> None:
        """Move by the speed that was decided on."""
        self._speed_px += SPEED_CHANGES_PX[int(np.argmax(said.action[0]))]
        self._put(self.position_px + self._speed_px)

    def _probability_here(self, logits: Floats) -> float:
        """Return the probability, by logits over the window, (64,), that the music is within reach of the position."""
        weight = np.exp(logits - logits.max(), dtype=np.float64)
        return min(1.0, float(weight[self._here].sum() / weight.sum()))

    def _goes(self, said: Decision | None, caution: Caution) -> bool:
        """Decide whether to go where the search found the music, by what the agent says, None at rest."""
        goes = self._jumps.goes(self._jump_frame(said)) if self._jumps and said is not None else None
        if not self._may_jump or self._mixed_frames:
            return False
        if goes is not None and caution == NO_CAUTION:
            return goes
        return self._gathered > caution.times * self.config.gathered

    def _jump_frame(self, said: Decision) -> JumpFrame:
        return JumpFrame(
            here_px=self.position_px,
            speed_px=self._speed_px,
            found_px=self.found.x_px,
            found_speed_px=self.found.speed_px,
            found=self.found.probability,
            here=self.searched,
            tracked=self.tracked,
            tracked_now=self._tracked_now,
            located=self._probability_here(said.locate[0]),
            gathered=self._gathered,
        )

    def _gather(self, found: Found, caution: Caution) -> float:
        """Add the evidence of a frame, or start again without enough; see ``PursuitConfig.gathered``."""
        steady_px, most = min(self.config.steady_px, caution.steady_px), min(self.config.most, caution.most)
        gathered = self._gathered if abs(found.x_px - self._expected_px) <= steady_px else 0.0
        self._expected_px = found.x_px + found.speed_px
        if not self._is_elsewhere(found):
            return 0.0
        beyond = self._evidence(found) - self.config.evidence
        return gathered + min(beyond, most) / FRAME_RATE_HZ if beyond >= 0 else 0.0

    def _is_elsewhere(self, found: Found) -> bool:
        config = self.config
        return (
            abs(found.x_px - self.position_px) > config.away_px
            and found.probability >= config.sure
            and found.speed_px >= config.slowest_px
        )

    def _evidence(self, found: Found) -> float:
        """Return the evidence for the place found; see ``PursuitConfig.evidence``."""
        here, tracked = self.search.probability_near(self.position_px), min(max(self.tracked, _RARE), 1.0 - _RARE)
        against = math.log(found.probability) - math.log(max(here, _NEVER))
        return against - math.log(tracked / (1.0 - tracked))

    def _begin_at(self, found: Found) -> None:
        self._put(found.x_px)
        if self._signs:
            self._signs.forget()
        if self._jumps:
            self._jumps.begin()
        self._speed_px = float(round(found.speed_px))  # the game's speeds are whole
        self._memory = self.agent.empty_memory(1)
        self._gathered, self.tracked = 0.0, 1.0

    def _put(self, x_px: float) -> None:
        self.position_px = min(max(x_px, 0.0), self._width_px - 1.0)
