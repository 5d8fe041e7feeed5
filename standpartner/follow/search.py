"""Searches the whole score for the music, beside the agent and independently of its beliefs.

The agent looks at a window around its position; the search compares every frame with every column of the score, which
was read once. Its belief is a table of probabilities over columns and reading speeds. In each frame

* every column's probability moves on at each speed, and speeds change a little;
* a small share of it is spread over the whole score, as the player may have jumped, and a larger share goes to where
  the agent is, which knows more of the past;
* each column is weighted by how well it fits the last two seconds of sound, by the search head.

This is the forward pass of a hidden Markov model (`standpartner.follow.hidden_markov`). Where a figure is printed twice
and both places sound alike, the agent's place stays more probable.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.config import COLUMN_STRIDE_PX
from standpartner.errors import ConfigError
from standpartner.follow.hidden_markov import Belief, neighbour_mixing


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The settings of the search; ``benchmarks/tune_search.py`` tries others on validation pieces.

    Attributes:
        speeds_px: The reading speeds of the model, from slow to fast, in strip px a frame.
        change: The share of the belief that passes to each neighbouring speed in a frame.
        anywhere: The share of the belief that is spread over the whole score in a frame, for jumps of the player.
        agent: The share of the belief that goes to the agent's place in a frame.
        trust: The exponent of the search head's probabilities, as frames are not independent of each other.
        floor: The number that is added to the probabilities, relative to the greatest, so that one wrong frame rules no
            place out.
        reach_px: The greatest distance from a place that counts as there, in strip px.

    Raises:
        ConfigError: A value is out of range.
    """

    speeds_px: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.5, 6.5, 9.5, 14.0, 20.0)
    change: float = 0.08
    anywhere: float = 1e-4
    agent: float = 0.01
    trust: float = 0.7
    floor: float = 1e-11
    reach_px: float = 48.0

    def __post_init__(self) -> None:
        if len(self.speeds_px) < 2 or self.speeds_px[0] < 0 or any(b <= a for a, b in pairwise(self.speeds_px)):
            raise ConfigError(f"expected at least two speeds, none negative, from slow to fast, got {self.speeds_px}")
        shares = (self.anywhere, self.agent, self.anywhere + self.agent)
        if not (0 < self.change <= 0.5 and min(shares) > 0 and max(shares) < 1):
            raise ConfigError(
                "expected change in (0, 0.5], anywhere and agent above 0 and together below 1, got "
                f"{self.change}, {self.anywhere} and {self.agent}"
            )
        if min(self.trust, self.floor) <= 0:
            raise ConfigError(f"expected trust and floor above 0, got {self.trust} and {self.floor}")
        if self.reach_px < COLUMN_STRIDE_PX:
            raise ConfigError(f"expected reach_px of a column, {COLUMN_STRIDE_PX} px, or more, got {self.reach_px}")


@dataclass(frozen=True)
class Found:
    """The place where the search finds the music.

    Attributes:
        x_px: The most probable place on the strip in px.
        speed_px: The mean reading speed there, in strip px a frame.
        probability: The probability of the music being within reach of it.
    """

    x_px: float
    speed_px: float
    probability: float


class ScoreSearch:
    """Searches one score for one performance.

    Args:
        agent: The agent whose search head is used.
        view: The agent's view of the strip from ``agent.read``.
        start_px: The strip px where the music is expected to begin; None stands for anywhere.
        config: The settings of the search.

    Raises:
        AgentError: The agent was exported without the graph that searches.
    """

    def __init__(
        self, agent: Agent, view: Floats, *, start_px: float | None = None, config: SearchConfig | None = None
    ) -> None:
        self.agent, self.config = agent, config or SearchConfig()
        self._keys = agent.search_keys(view)
        speeds_px = np.array(self.config.speeds_px)
        self._belief = Belief(
            self._keys.shape[2],
            COLUMN_STRIDE_PX,
            speeds_px=speeds_px,
            mixing=neighbour_mixing(len(speeds_px), self.config.change),
        )
        self.begin(start_px)

    def begin(self, start_px: float | None) -> None:
        """Expect the music at a place on the strip in px, or anywhere with None, whatever was heard before."""
        self._belief.begin(start_px)

    def take(self, embedding: Floats, *, agent_px: float) -> None:
        """Take in a frame.

        Args:
            embedding: The agent's embedding of the frame, (1, features).
            agent_px: The place of the agent on the strip in px.
        """
        moved = self._belief.moved()
        anywhere, agent = self.config.anywhere, self.config.agent
        moved *= (1.0 - anywhere - agent) / moved.sum()
        moved += anywhere / moved.size
        here = moved[:, self._near(agent_px)]
        here += agent / here.size
        logits = self.agent.search(self._keys, embedding)
        fit = np.exp(logits - logits.max()) + np.float32(self.config.floor)
        moved *= fit ** np.float32(self.config.trust)
        self._belief.take(moved)

    @property
    def place(self) -> NDArray[np.float64]:
        """Return the probability of the music being at each column, (columns,)."""
        return self._belief.place

    def probability_near(self, x_px: float) -> float:
        """The probability of the music being within reach of a place."""
        return _sum(self.place[self._near(x_px)])

    def found(self) -> Found:
        """The most probable place."""
        peak = self._belief.peak()
        return Found(peak.x_px, peak.speed_px, probability=self.probability_near(peak.x_px))

    def _near(self, x_px: float) -> slice:
        first = int(np.ceil((x_px - self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        last = int(np.floor((x_px + self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        return slice(max(0, first), max(0, last + 1))


def _sum(probability: NDArray[np.float64]) -> float:
    """Return the sum, clipped to 1 because of rounding."""
    return min(1.0, float(probability.sum()))
