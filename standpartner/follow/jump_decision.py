"""Decides when the agent is put where the search found the music, by what the agent has learned from reward.

What agent and search say in a frame becomes inputs of a small network, which corrects the log odds of the rule in
`standpartner.follow.pursuit`. The inputs are computed frame by frame; learning (`standpartner.learn.jumps`) runs the
same code over recorded frames.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.jump_policy import JumpPolicy

RULE_GATHERED: Final = 2.5  # the evidence that must have gathered by the rule, whose log odds are corrected
AWAY_PX: Final = 100.0  # places nearer to the agent are no other ones
SLOWEST_PX: Final = 0.5
_SURE: Final = 0.5  # the least probability of a place to which a learned decision may go
_STEADY_PX: Final = 64.0  # a place that moves on as found is off by no more
_SHARPNESS: Final = 4.0  # of the softened rule
_MEMORY_FRAMES: Final = 20.0
_BLEND: Final = 1.0 - math.exp(-1.0 / _MEMORY_FRAMES)
_RARE: Final = 1e-4
_NEVER: Final = 1e-12

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JumpFrame:
    """What agent and search say in one frame, before it is decided on a jump.

    Attributes:
        here_px: The place of the agent on the strip in px.
        speed_px: The speed of the agent in px a frame, before it changes.
        found_px: The place where the search finds the music.
        found_speed_px: The speed at which it does.
        found: The probability that the search gives to that place.
        here: The probability that it gives to the agent's place.
        tracked: The probability that the tracker gives to the agent's place, averaged.
        tracked_now: The same of this frame alone.
        located: The probability that the agent gives to its place by the last seconds of sound.
        gathered: The evidence that has gathered for the place found, see ``PursuitConfig.gathered``.
    """

    here_px: float
    speed_px: float
    found_px: float
    found_speed_px: float
    found: float
    here: float
    tracked: float
    tracked_now: float
    located: float
    gathered: float

    @property
    def may_go(self) -> bool:
        """Whether there is another place to go to."""
        away = abs(self.found_px - self.here_px) > AWAY_PX
        return away and self.found >= _SURE and self.found_speed_px >= SLOWEST_PX

    @property
    def rule_odds(self) -> float:
        """The log odds of going by the rule, softened: above 0 where the rule goes."""
        return _SHARPNESS * (math.log1p(self.gathered) - math.log1p(RULE_GATHERED))


class JumpDecision(Protocol):
    """Decides in each frame whether the agent goes where the search found the music."""

    def goes(self, frame: JumpFrame) -> bool:
        """Take in a frame and return whether the agent goes."""

    def begin(self) -> None:
        """Begin anew, as the agent was put elsewhere."""


class JumpInputs:
    """The inputs of a learned decision, frame by frame; they begin anew where the agent does."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget all frames, as the agent was put elsewhere."""
        self._mean: tuple[float, ...] | None = None
        self._expected_px = math.nan
        self._led = self._since = 0

    def take(self, frame: JumpFrame) -> Floats:
        """Take in a frame; return its inputs in the order of `standpartner.agent.jump_policy.INPUTS`, (inputs,)."""
        away_px = frame.found_px - frame.here_px
        ratio = math.log(max(frame.found, _NEVER)) - math.log(max(frame.here, _NEVER))
        now = (
            *(_odds(frame.found) / 5, _odds(frame.tracked) / 5, _odds(frame.located) / 5),
            *(_odds(frame.tracked_now) / 5, _within(ratio, 28.0) / 10),
            *(frame.found_speed_px / 8, (frame.found_speed_px - frame.speed_px) / 8),
        )
        before = now if self._mean is None else self._mean
        self._mean = tuple(old + _BLEND * (new - old) for old, new in zip(before, now, strict=True))
        self._led = self._led + 1 if abs(frame.found_px - self._expected_px) <= _STEADY_PX else 0
        self._expected_px = frame.found_px + frame.found_speed_px
        distance = math.log1p(abs(away_px)) / 8
        rest = (
            *(min(self._led, 100) / 40, math.log1p(self._led), min(self._since, 200) / 100),
            *(math.copysign(distance, away_px), distance),
            *(math.log1p(frame.gathered), _within(ratio - _odds(frame.tracked), 30.0) / 10),
        )
        self._since += 1
        return np.array([*now, *self._mean, *rest])


class LearnedDecision:
    """Goes where the rule's log odds, corrected by a learned policy, are above the policy's threshold."""

    def __init__(self, policy: JumpPolicy) -> None:
        self._policy, self._inputs = policy, JumpInputs()
        self._least_odds = math.log(policy.threshold / (1.0 - policy.threshold))

    def goes(self, frame: JumpFrame) -> bool:
        """Take in a frame and return whether the agent goes."""
        inputs = self._inputs.take(frame)
        return frame.may_go and frame.rule_odds + float(self._policy.correction(inputs)) > self._least_odds

    def begin(self) -> None:
        """Begin anew, as the agent was put elsewhere."""
        self._inputs.begin()


def inputs_of(frames: Sequence[JumpFrame], jumped: Sequence[bool]) -> Floats:
    """Compute the inputs of recorded frames, (frames, inputs).

    Args:
        frames: The frames, one after the other.
        jumped: Whether the agent was put elsewhere in each frame.
    """
    inputs, rows = JumpInputs(), []
    for frame, moved in zip(frames, jumped, strict=True):
        rows.append(inputs.take(frame))
        if moved:
            inputs.begin()
    return np.array(rows)


def _odds(probability: float) -> float:
    inside = min(max(probability, _RARE), 1.0 - _RARE)
    return math.log(inside / (1.0 - inside))


def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)
