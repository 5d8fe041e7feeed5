"""Tells at a repeat sign whether the player goes on as printed or jumps where the sign allows it.

The search in the whole score judges by the last seconds. After a jump these hold the music of two places, which
stand side by side nowhere in the score. So the strips before and after a jump that the score allows are joined, and the
agent reads them as one. Near the sign a belief follows the sound on each way on: as printed, and over each joined
strip. Before the sign all are the same. The evidence for a jump is the natural logarithm of how many times more
probable the sound is on that way than on all others: a sequential test of likelihood ratios (A. Wald, Sequential tests
of statistical hypotheses, 1945).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.errors import ConfigError
from standpartner.follow.hidden_markov import Belief, neighbour_mixing
from standpartner.follow.search import Found, SearchConfig
from standpartner.score import PrintedJump

_SEARCH: Final = SearchConfig()  # its model of speeds and of sound is that of the search
_BEFORE_COLUMNS: Final = 40  # the columns before a sign over which beliefs reach
_AFTER_COLUMNS: Final = 64
_CONTEXT_PX: Final = 512  # the agent reads so much more of both strips that are joined, as a column depends on it


@dataclass(frozen=True, kw_only=True)
class RepeatConfig:
    """The settings of the test at repeat signs.

    Attributes:
        evidence: The least evidence for a jump.
        past: The least probability, on the way that jumps, that the music is past the sign.
        before_px: The greatest distance before the sign at which the test begins, in strip px.
        at_least_px: The least distance at which it may begin.
        after_px: The distance of the agent past the sign at which it ends.

    Raises:
        ConfigError: A value is out of range.
    """

    evidence: float = 36.0
    past: float = 0.8
    before_px: float = 192.0
    at_least_px: float = 24.0
    after_px: float = 400.0

    def __post_init__(self) -> None:
        if not 0 <= self.at_least_px < self.before_px <= (_BEFORE_COLUMNS - 8) * COLUMN_STRIDE_PX:
            raise ConfigError(
                "expected 0 <= at_least_px < before_px <= "
                f"{(_BEFORE_COLUMNS - 8) * COLUMN_STRIDE_PX}, got {self.at_least_px} and {self.before_px}"
            )
        if not 0 <= self.past <= 1:
            raise ConfigError(f"expected past from 0 to 1, got {self.past}")


class RepeatSigns:
    """Listens near the repeat signs of one score, for one performance.

    Args:
        agent: The agent whose search head compares sound and score.
        strip: The strip of the score, uint8 (160, width).
        view: The agent's view of it from ``agent.read``.
        jumps: The jumps that the score allows.
        config: The settings of the test; with None there is none.
    """

    def __init__(
        self,
        agent: Agent,
        strip: NDArray[np.uint8],
        *,
        view: Floats,
        jumps: Sequence[PrintedJump],
        config: RepeatConfig | None,
    ) -> None:
        self._reader = _Reader(agent, strip, view)
        places = groupby(sorted(jumps), key=lambda jump: jump.source_px)
        self._signs = [_Sign(source_px, list(own), config) for source_px, own in places if config]

    def forget(self) -> None:
        """End all tests, because the agent was put elsewhere."""
        for sign in self._signs:
            sign.ways = []

    def take(self, embedding: Floats, *, agent_px: float, times: float = 1.0) -> Found | None:
        """Take in a frame.

        Args:
            embedding: The agent's embedding of the frame, (1, features).
            agent_px: The place of the agent on the strip in px.
            times: The number of times more evidence that is needed.

        Returns:
            The place where the music goes on if the player has jumped, else None.
        """
        found = None
        for sign in self._signs:
            found = sign.take(embedding, self._reader, agent_px=agent_px, times=times) or found
        return found


class _Way:
    """A way on from a sign: the keys of its columns, where these are on the strip, and the belief over them."""

    def __init__(self, keys: Floats, place_px: NDArray[np.float64]) -> None:
        self.keys, self._place_px = keys, place_px
        speeds_px = np.array(_SEARCH.speeds_px)
        mixing = neighbour_mixing(len(speeds_px), _SEARCH.change)
        self._belief = Belief(len(place_px), COLUMN_STRIDE_PX, speeds_px=speeds_px, mixing=mixing, keep_end=True)
        self.expected = 0.0  # the logarithm of how probable all frames so far were, but for a factor of all ways

    def begin(self, x_px: float) -> None:
        """Expect the music at a place before the sign, in strip px."""
        self._belief.begin(x_px - self._place_px[0] + COLUMN_STRIDE_PX / 2)
        self.expected = 0.0

    def take(self, fit: Floats) -> None:
        """Take in how well each column fits a frame, (columns,)."""
        table = self._belief.moved() * fit
        self.expected += math.log(float(table.sum()))
        self._belief.take(table)

    def past(self, columns: int) -> float:
        """Return the probability that the music is past the first columns."""
        return float(self._belief.place[columns:].sum())

    def found(self) -> Found:
        """Return the most probable place, on the strip of the score."""
        peak = self._belief.peak()
        column = peak.x_px / COLUMN_STRIDE_PX - 0.5
        x_px = float(np.interp(column, np.arange(len(self._place_px)), self._place_px))
        return Found(x_px, peak.speed_px, probability=1.0)


@dataclass(frozen=True)
class _Reader:
    """The agent, the strip, and the agent's view of it."""

    agent: Agent
    strip: NDArray[np.uint8]
    view: Floats

    def ways(self, border: int, jumps: Sequence[PrintedJump]) -> list[_Way]:
        """Make the ways on from the column that follows a sign: as printed, then one for each jump."""
        columns = len(self.view) - 2 * WINDOW_COLUMNS
        first, last = max(0, border - _BEFORE_COLUMNS), min(columns, border + _AFTER_COLUMNS)
        keys = self.agent.search_keys(self.view[first : last + 2 * WINDOW_COLUMNS])
        place_px: NDArray[np.float64] = np.arange(first + 0.5, last) * COLUMN_STRIDE_PX
        before = border - first
        ways = [_Way(keys, place_px)]
        for jump in jumps:
            after = self._keys_after(border, round(jump.target_px))
            there_px = jump.target_px + np.arange(0.5, after.shape[2]) * COLUMN_STRIDE_PX
            joined = np.ascontiguousarray(np.concatenate([keys[:, :, :before], after], axis=2))
            ways.append(_Way(joined, np.concatenate([place_px[:before], there_px])))
        return ways

    def _keys_after(self, border: int, target_px: int) -> Floats:
        """Return the keys of the columns from a place on, if it followed what stands before a column."""
        border_px = border * COLUMN_STRIDE_PX
        before = self.strip[:, max(0, border_px - _CONTEXT_PX) : border_px]
        width_px = min(_AFTER_COLUMNS * COLUMN_STRIDE_PX, self.strip.shape[1] - target_px)
        after = self.strip[:, target_px : target_px + width_px + _CONTEXT_PX]
        keys = self.agent.search_keys(self.agent.read(np.concatenate([before, after], axis=1)))
        first = before.shape[1] // COLUMN_STRIDE_PX
        return keys[:, :, first : first + -(-width_px // COLUMN_STRIDE_PX)]

    def fits(self, ways: Sequence[_Way], embedding: Floats) -> list[Floats]:
        """Return how well the columns of each way fit an embedding, as in the search."""
        logits = [self.agent.search(way.keys, embedding) for way in ways]
        best = max(float(one.max()) for one in logits)
        floor, trust = np.float32(_SEARCH.floor), np.float32(_SEARCH.trust)
        return [(np.exp(one - best) + floor) ** trust for one in logits]


class _Sign:
    """The test at one place from which the music may jump. It is in progress while there are ways."""

    def __init__(self, source_px: float, jumps: list[PrintedJump], config: RepeatConfig) -> None:
        self.ways: list[_Way] = []
        self._source_px, self._jumps, self._config = source_px, jumps, config
        self._border = int(source_px // COLUMN_STRIDE_PX)
        self._read: list[_Way] = []

    def take(self, embedding: Floats, reader: _Reader, *, agent_px: float, times: float) -> Found | None:
        """Take in a frame; see `RepeatSigns.take`."""
        config, past_px = self._config, agent_px - self._source_px
        if not -config.before_px <= past_px <= config.after_px:
            self.ways = []
        elif not self.ways and past_px <= -config.at_least_px:
            self._begin(reader, agent_px)
        if not self.ways:
            return None
        for way, fit in zip(self.ways, reader.fits(self.ways, embedding), strict=True):
            way.take(fit)
        best = max(self.ways[1:], key=lambda way: way.expected)
        others = np.logaddexp.reduce([way.expected for way in self.ways if way is not best])
        past = best.past(min(self._border, _BEFORE_COLUMNS))
        sure = best.expected - others >= times * config.evidence and past >= config.past
        return best.found() if sure else None

    def _begin(self, reader: _Reader, agent_px: float) -> None:
        """Begin a test; the strips are read when that happens for the first time."""
        self._read = self._read or reader.ways(self._border, self._jumps)
        self.ways = self._read
        for way in self.ways:
            way.begin(agent_px)
