"""Where in the whole score is the music? A search that goes on beside the agent, whatever the agent believes.

The agent looks at a window around its position; the search compares every frame with every column of the score, which
was read once. What it believes is a table of probabilities over columns and reading speeds. Each frame

* every column's belief moves on at each speed, and speeds change a little;
* a small share of it is spread over the whole score, for the player may have jumped, and a larger share goes to where
  the agent is, who knows more of what has passed;
* each column is weighed by how well the search head says that it sounds like the last two seconds.

This is the forward pass of a hidden Markov model. Where a figure is printed twice and both places sound alike, the
agent's stays the more probable one.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.config import COLUMN_STRIDE_PX
from standpartner.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Settings of the search; ``benchmarks/tune_search.py`` tries others on validation pieces.

    Attributes:
        speeds_px: reading speeds that it reckons with, from slow to fast, in strip px a frame.
        change: share of the belief that passes to each neighbouring speed in a frame.
        anywhere: share of the belief that is spread over the whole score in a frame: how often players jump.
        agent: share of the belief that goes to the agent's place in a frame.
        trust: exponent of the search head's probabilities: frames are not independent of each other.
        floor: added to the probabilities, relative to the greatest, so that one wrong frame rules nothing out.
        reach_px: how near to a place counts as there, in strip px.

    Raises:
        ConfigError: a value is out of range.
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
    """Where the search would put the music.

    Attributes:
        x_px: the most probable place.
        speed_px: mean reading speed there, in strip px a frame.
        probability: of the music being within reach of it.
    """

    x_px: float
    speed_px: float
    probability: float


class ScoreSearch:
    """The search in one score for one performance.

    Args:
        agent: whose search head is asked.
        view: of the strip, from ``agent.read``.
        start_px: where the music is expected to begin; None: anywhere.
        config: see `SearchConfig`.

    Raises:
        AgentError: the agent was exported without the graph that searches.
    """

    def __init__(
        self, agent: Agent, view: Floats, *, start_px: float | None = None, config: SearchConfig | None = None
    ) -> None:
        self.agent, self.config = agent, config or SearchConfig()
        self._keys = agent.search_keys(view)
        self._count, self._speeds_px = self._keys.shape[2], np.array(self.config.speeds_px)
        self._mixing = _mixing(len(self._speeds_px), self.config.change)
        whole, self._beyond = _split(self._speeds_px / COLUMN_STRIDE_PX)
        # Column c of speed s comes from columns c - whole[s] and the one before it, of a table with an empty front.
        self._lead = int(whole.max()) + 1
        rows = np.arange(len(whole))[:, None] * (self._lead + self._count)
        self._source = rows + self._lead + np.arange(self._count) - whole[:, None]
        self._belief = self._spread(start_px)

    def take(self, embedding: Floats, *, agent_px: float) -> None:
        """Let a frame pass: (1, features) its embedding, and where the agent is."""
        moved = self._moved()
        anywhere, agent = self.config.anywhere, self.config.agent
        moved *= (1.0 - anywhere - agent) / moved.sum()
        moved += anywhere / moved.size
        here = moved[:, self._near(agent_px)]
        here += agent / here.size
        logits = self.agent.search(self._keys, embedding)
        fit = np.exp(logits - logits.max()) + np.float32(self.config.floor)
        moved *= fit ** np.float32(self.config.trust)
        self._belief = moved / moved.sum()

    @property
    def place(self) -> NDArray[np.float64]:
        """(columns,) probability of the music being at each column."""
        probability: NDArray[np.float64] = self._belief.sum(axis=0, dtype=np.float64)
        return probability

    def probability_near(self, x_px: float) -> float:
        """Probability of the music being within reach of a place."""
        return _sum(self.place[self._near(x_px)])

    def found(self) -> Found:
        """The most probable place."""
        place = self.place
        best = int(np.argmax(place))
        close = slice(max(0, best - 2), best + 3)
        centre_px = (np.arange(self._count)[close] + 0.5) * COLUMN_STRIDE_PX
        x_px = float(np.average(centre_px, weights=place[close]))
        speed_px = float(np.average(self._speeds_px, weights=self._belief[:, close].sum(axis=1)))
        return Found(x_px, speed_px, probability=_sum(place[self._near(x_px)]))

    def _near(self, x_px: float) -> slice:
        first = int(np.ceil((x_px - self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        last = int(np.floor((x_px + self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        return slice(max(0, first), max(0, last + 1))

    def _spread(self, start_px: float | None) -> Floats:
        """(speeds, columns) belief before the first frame; at a known start the music has not set out yet."""
        belief = np.ones((len(self._speeds_px), self._count), np.float32)
        if start_px is not None:
            offset = np.arange(self._count) + 0.5 - start_px / COLUMN_STRIDE_PX
            calm = np.exp(-self._speeds_px / 4.0)[:, None]
            belief = (calm * np.exp(-0.5 * offset**2)).astype(np.float32)
        return belief / belief.sum()

    def _moved(self) -> Floats:
        """The belief one frame later, by its own motion alone; what runs off the end is gone."""
        table = np.zeros((len(self._speeds_px), self._lead + self._count), np.float32)
        np.matmul(self._mixing, self._belief, out=table[:, self._lead :])
        flat = table.ravel()
        moved = flat.take(self._source)
        moved += self._beyond * (flat.take(self._source - 1) - moved)
        return moved


def _sum(probability: NDArray[np.float64]) -> float:
    """All together: 1 at most, though rounding may have left a little more."""
    return min(1.0, float(probability.sum()))


def _mixing(speeds: int, change: float) -> Floats:
    """(to, from) shares in which speeds turn into each other in a frame; columns sum to 1."""
    shares = np.eye(speeds)
    for now in range(speeds):
        for then in (now - 1, now + 1):
            if 0 <= then < speeds:
                shares[then, now] += change
                shares[now, now] -= change
    return shares.astype(np.float32)


def _split(columns: NDArray[np.float64]) -> tuple[NDArray[np.int64], Floats]:
    """Whole columns (speeds,), and how far beyond them (speeds, 1)."""
    whole = np.floor(columns).astype(np.int64)
    return whole, (columns - whole).astype(np.float32)[:, None]
