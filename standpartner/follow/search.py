"""Searches the whole score for the music, beside the agent and independently of its beliefs.

The agent looks at a window around its position; the search compares every frame with every column of the score, which
was read once. Its belief is a table of probabilities over columns and reading speeds. In each frame

* every column's probability moves on at each speed, and speeds change a little;
* a small share of it is spread over the whole score, as the player may have jumped, and a larger share goes to where
  the agent is, which knows more of the past;
* each column is weighted by how well it fits the last seconds of sound, by the search head.

This is the forward pass of a hidden Markov model (`standpartner.follow.hidden_markov`). Where a figure is printed twice
and both places sound alike, the agent's place stays more probable.

The cost must not grow with the score. So the score is parted into stretches (`standpartner.follow.pruning`), and those
in which the music hardly is sleep. A few of them are compared with each frame, in turns. As soon as one fits, because
the player has jumped, all are compared. This is paid from what earlier frames saved. Where much of the score sounds
alike nothing is saved, and only the most probable stretches stay awake.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.config import COLUMN_STRIDE_PX, SEARCH_MARGIN_COLUMNS
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.hidden_markov import neighbour_mixing
from standpartner.follow.pruning import STRETCH_CELLS, PrunedBelief

WHOLE_UP_TO_STRETCHES: Final = 8  # with no more, comparing all costs less than choosing


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
        negligible: The ratio to what ``anywhere`` gives to a column at a speed; a stretch of the score sleeps when none
            of its probabilities is as much. 0 keeps the whole score awake.
        turns: The number of sleeping stretches, of 256 columns, that are compared in a frame.
        each_frame: The number of stretches that may be compared in a frame in the long run. What a frame does not need
            of it is saved for later ones.
        saved_s: The time in s for which the whole score may be compared with what was saved; at the beginning that much
            is there.

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
    negligible: float = 1.0
    turns: int = 2
    each_frame: int = 6
    saved_s: float = 4.0

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
        if self.negligible < 0 or self.turns < 1:
            raise ConfigError(
                f"expected negligible of 0 or more and turns of 1 or more, got {self.negligible}, {self.turns}"
            )
        if self.each_frame <= self.turns or self.saved_s < 0:
            raise ConfigError(
                f"expected each_frame above turns, {self.turns}, and saved_s of 0 or more, got {self.each_frame} and "
                f"{self.saved_s}"
            )
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
        keys = agent.search_keys(view)
        self._columns = keys.shape[2]
        self._whole = keys
        self._keys = [_with_margins(keys, first) for first in range(0, self._columns, STRETCH_CELLS)]
        self._all = np.arange(len(self._keys))
        speeds_px = np.array(self.config.speeds_px)
        sleeps = self.config.negligible > 0 and len(self._all) > WHOLE_UP_TO_STRETCHES
        self._each_frame = self.config.each_frame if sleeps else len(self._all)
        self._belief = PrunedBelief(
            self._columns,
            COLUMN_STRIDE_PX,
            speeds_px=speeds_px,
            mixing=neighbour_mixing(len(speeds_px), self.config.change),
            negligible=self.config.negligible * self.config.anywhere / self._columns if sleeps else 0.0,
        )
        self._most_saved = round(self.config.saved_s * FRAME_RATE_HZ) * len(self._all)
        self.begin_anew(start_px)

    def begin_anew(self, start_px: float | None) -> None:
        """Search for another performance of the score, as a new search does; see `begin`."""
        self._turn, self._alarm = 0, False  # whether a sleeping stretch fitted the last frame: then all are compared
        self._saved = self._most_saved  # the stretches that may be compared beyond those of each frame
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
        near = range(*self._near(agent_px).indices(self._columns))
        kept = _stretches_of(near)  # the jump rule asks for the agent's place
        asleep = ~self._belief.awake
        asleep[kept] = False
        compared, all_may_be = ~asleep, self._each_frame + self._saved >= len(self._all)
        compared[self._all if self._alarm and all_may_be else self._in_turn(asleep)] = True
        stretches = np.flatnonzero(compared)
        table = self._updated(stretches, embedding, near=near)
        slept = asleep[stretches]
        self._alarm = bool(slept.any() and self._belief.likely(table)[slept].any())
        if self._alarm and all_may_be and len(stretches) < len(self._all):
            stretches = self._all
            table = self._updated(stretches, embedding, near=near)
        self._saved = min(max(0, self._saved + self._each_frame - len(stretches)), self._most_saved)
        most_awake = max(1, self._each_frame - self.config.turns + self._saved)
        self._belief.take(stretches, table, kept=kept, most_awake=most_awake)

    def _in_turn(self, asleep: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the sleeping stretches whose turn it is."""
        sleeping = np.flatnonzero(asleep)
        if not len(sleeping):
            self._turn = 0
            return sleeping
        first = np.searchsorted(sleeping, self._turn)
        in_turn = np.concatenate([sleeping[first:], sleeping[:first]])[: self.config.turns]
        self._turn = int(in_turn[-1]) + 1
        return in_turn

    def _updated(self, stretches: NDArray[np.int64], embedding: Floats, *, near: range) -> Floats:
        """Return the tables of some stretches after a frame, not scaled; the agent is near some columns."""
        moved = self._belief.moved(stretches)
        anywhere, agent, speeds = self.config.anywhere, self.config.agent, len(self.config.speeds_px)
        moved *= (1.0 - anywhere - agent) / moved.sum()
        moved += anywhere / (self._columns * speeds)
        for stretch in _stretches_of(near):
            first, cells = stretch * STRETCH_CELLS, moved[np.searchsorted(stretches, stretch)]
            cells[:, max(0, near.start - first) : near.stop - first] += agent / (len(near) * speeds)
        moved *= self._fit(stretches, embedding)[:, None]
        return moved

    def _fit(self, stretches: NDArray[np.int64], embedding: Floats) -> Floats:
        """Return how well the columns of some stretches fit an embedding, (n, 256); 0 beyond the strip."""
        logits = np.full((len(stretches), STRETCH_CELLS), -np.inf, np.float32)
        if len(stretches) == len(self._all):  # one call costs less than many
            logits.reshape(-1)[: self._columns] = self.agent.search(self._whole, embedding)
        else:
            for row, stretch in zip(logits, stretches, strict=True):
                keys, inner = self._keys[stretch]
                part = self.agent.search(keys, embedding)[inner]
                row[: len(part)] = part
        fit: Floats = np.exp(logits - logits.max()) + np.float32(self.config.floor)
        fit **= np.float32(self.config.trust)
        fit *= self._belief.real[stretches]
        return fit

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

    def found_elsewhere(self, here_px: float, *, away_px: float, most: int) -> list[Found]:
        """The most probable places that are away from a place, and from each other.

        Args:
            here_px: The place on the strip in px.
            away_px: The distance in strip px beyond which a place is another one.
            most: The largest number of places.

        Returns:
            The places, the most probable one first; fewer where no more have any probability.
        """
        centres_px = (np.arange(self._columns) + 0.5) * COLUMN_STRIDE_PX
        free = (np.abs(centres_px - here_px) > away_px) & (self.place > 0)
        places = list[Found]()
        while len(places) < most and free.any():
            peak = self._belief.peak(among=free)
            places.append(Found(peak.x_px, peak.speed_px, probability=self.probability_near(peak.x_px)))
            free &= np.abs(centres_px - peak.x_px) > away_px
        return places

    def _near(self, x_px: float) -> slice:
        first = int(np.ceil((x_px - self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        last = int(np.floor((x_px + self.config.reach_px) / COLUMN_STRIDE_PX - 0.5))
        return slice(max(0, first), max(0, last + 1))


def _with_margins(keys: Floats, first: int) -> tuple[Floats, slice]:
    """Cut a stretch of keys with the columns beside it that its logits depend on; return it and where it lies."""
    start = max(0, first - SEARCH_MARGIN_COLUMNS)
    cut = keys[:, :, start : first + STRETCH_CELLS + SEARCH_MARGIN_COLUMNS]
    return np.ascontiguousarray(cut), slice(first - start, first - start + STRETCH_CELLS)


def _stretches_of(columns: range) -> list[int]:
    """Return the numbers of the stretches in which columns lie."""
    return list(range(columns.start // STRETCH_CELLS, (columns.stop - 1) // STRETCH_CELLS + 1)) if columns else []


def _sum(probability: NDArray[np.float64]) -> float:
    """Return the sum, clipped to 1 because of rounding."""
    return min(1.0, float(probability.sum()))
