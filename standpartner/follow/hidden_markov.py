"""Computes the forward pass of a hidden Markov model over places on the strip and reading speeds.

A belief is a table of probabilities, a row for each speed and a column for each cell of the strip. In a frame every
cell moves on at its speed and speeds turn into each other; then every place is weighted by how well it fits the
sound. The search in the whole score and the forward filter of the evaluation both are such a model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CALM_PX = 4.0  # at a known start the probability of a speed is exp(-speed / 4 px a frame), normalised
PEAK_CELLS = 2  # the number of cells on each side over which the most probable place is averaged

Table = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Peak:
    """The most probable place of a belief.

    Attributes:
        x_px: The place on the strip in px, averaged over its neighbours.
        speed_px: The mean reading speed there, in strip px a frame.
    """

    x_px: float
    speed_px: float


def beginning(cells: int, cell_px: float, *, speeds_px: NDArray[np.float64], start_px: float | None) -> Table:
    """Return the belief before anything was heard, not scaled.

    Args:
        cells: The number of cells along the strip.
        cell_px: The width of a cell in strip px.
        speeds_px: The reading speeds in strip px a frame, (speeds,), none negative.
        start_px: The place where the music begins, and low speeds are likely; None for all places alike.

    Returns:
        The table, float64 (speeds, cells).
    """
    if start_px is None:
        return np.ones((len(speeds_px), cells))
    offset = np.arange(cells) + 0.5 - start_px / cell_px
    return np.exp(-speeds_px / CALM_PX)[:, None] * np.exp(-0.5 * offset**2)


def find_peak(
    place: NDArray[np.float64], table_of: Callable[[slice], Table], *, cell_px: float, speeds_px: NDArray[np.float64]
) -> Peak:
    """Return the most probable place of a belief.

    Args:
        place: The probability of each cell at any speed, (cells,).
        table_of: The function that gives the table of some cells, (speeds, n).
        cell_px: The width of a cell in strip px.
        speeds_px: The reading speeds in strip px a frame, (speeds,).
    """
    best = int(place.argmax())
    first = max(0, best - PEAK_CELLS)
    close = slice(first, min(len(place), best + PEAK_CELLS + 1))
    weight, speeds = place[close], table_of(close).sum(axis=1)
    cell = (weight @ np.arange(len(weight))) / weight.sum() + first + 0.5
    return Peak(x_px=float(cell * cell_px), speed_px=float(speeds @ speeds_px / speeds.sum()))


class Motion:
    """Moves probabilities of places and speeds on by a frame.

    Args:
        cells: The number of cells of a table that is moved.
        cell_px: The width of a cell in strip px.
        speeds_px: The reading speeds in strip px a frame, (speeds,), none negative.
        mixing: The shares in which speeds turn into each other in a frame, (to, from).

    Attributes:
        lead: The number of cells before those of a table from which music may come in a frame.
    """

    def __init__(self, cells: int, cell_px: float, *, speeds_px: NDArray[np.float64], mixing: Table) -> None:
        self._mixing = mixing
        self.whole = np.floor(speeds_px / cell_px).astype(np.int64)
        self.beyond = (speeds_px / cell_px - self.whole).astype(mixing.dtype)[:, None]
        # Cell c of a speed comes from cell c - whole and the one before it, in a table padded at the front. These are
        # the sources of cell -1 and of all cells.
        self.lead = int(self.whole.max()) + 1
        rows = np.arange(len(speeds_px))[:, None] * (self.lead + cells)
        self._source = rows + self.lead + np.arange(-1, cells) - self.whole[:, None]

    def mix(self, padded: Table) -> Table:
        """Let speeds turn into each other in tables of any shape, (..., speeds, cells)."""
        mixed: Table = np.matmul(self._mixing, padded)
        return mixed

    def shift(self, mixed: Table) -> Table:
        """Move mixed tables on at their speeds.

        Args:
            mixed: The tables, each with ``lead`` cells in front, (..., speeds, lead + cells).

        Returns:
            The tables one frame later, (..., speeds, cells).
        """
        came = mixed.reshape(*mixed.shape[:-2], -1).take(self._source, axis=-1)
        now, before = came[..., 1:], came[..., :-1]
        moved: Table = before - now
        moved *= self.beyond
        moved += now
        return moved


class Belief:
    """The probabilities of the place and the reading speed of the music.

    Args:
        cells: The number of cells along the strip.
        cell_px: The width of a cell in strip px.
        speeds_px: The reading speeds in strip px a frame, (speeds,), none negative.
        mixing: The shares in which speeds turn into each other in a frame, (to, from); columns sum to 1. Its type is
            that of the belief.
        keep_end: Whether the probability that moves beyond the last cell stays in it; else it is dropped.

    Attributes:
        table: The probabilities, (speeds, cells).
        centres_px: The middles of the cells on the strip, (cells,) px.
    """

    def __init__(
        self,
        cells: int,
        cell_px: float,
        *,
        speeds_px: NDArray[np.float64],
        mixing: Table,
        keep_end: bool = False,
    ) -> None:
        self.centres_px = (np.arange(cells) + 0.5) * cell_px
        self._cell_px, self._speeds_px, self._keep_end = cell_px, speeds_px, keep_end
        self._type = mixing.dtype
        self._motion = Motion(cells, cell_px, speeds_px=speeds_px, mixing=mixing)
        self.table = self._spread(None)

    def begin(self, start_px: float | None) -> None:
        """Set the belief to a known start, where low speeds are likely, or to all places with None."""
        self.table = self._spread(start_px)

    def moved(self) -> Table:
        """Return the table one frame later by motion alone, (speeds, cells); it sums to 1 or less."""
        mixed = self._motion.mix(np.pad(self.table, ((0, 0), (self._motion.lead, 0))))
        moved = self._motion.shift(mixed)
        if self._keep_end:
            moved[:, -1] += self._run_off(mixed)
        return moved

    def take(self, table: Table) -> None:
        """Replace the table by another one, scaled to the sum 1."""
        self.table = table / table.sum()

    @property
    def place(self) -> NDArray[np.float64]:
        """Return the probability of the music being in each cell at any speed, (cells,)."""
        probability: NDArray[np.float64] = self.table.sum(axis=0, dtype=np.float64)
        return probability

    def peak(self) -> Peak:
        """The most probable place."""
        return find_peak(
            self.place, lambda cells: self.table[:, cells], cell_px=self._cell_px, speeds_px=self._speeds_px
        )

    def _spread(self, start_px: float | None) -> Table:
        cells = len(self.centres_px)
        table = beginning(cells, self._cell_px, speeds_px=self._speeds_px, start_px=start_px).astype(self._type)
        spread: Table = table / table.sum()
        return spread

    def _run_off(self, mixed: Table) -> Table:
        """Return the probability that moves beyond the last cell at each speed; the mixed table is padded in front."""
        whole, beyond = self._motion.whole, self._motion.beyond[:, 0]
        tails = np.cumsum(mixed[:, : -self._motion.lead - 1 : -1], axis=1)
        tails = np.pad(tails, ((0, 0), (1, 0)))
        rows = np.arange(len(whole))
        run_off: Table = tails[rows, whole]
        run_off += beyond * (tails[rows, whole + 1] - run_off)
        return run_off


def neighbour_mixing(speeds: int, change: float) -> NDArray[np.float32]:
    """Return the mixing, (to, from), in which each speed passes a share on to each neighbouring one."""
    shares = np.eye(speeds)
    for now in range(speeds):
        for then in (now - 1, now + 1):
            if 0 <= then < speeds:
                shares[then, now] += change
                shares[now, now] -= change
    return shares.astype(np.float32)


def normal_mixing(speeds_px: NDArray[np.float64], spread_px: float) -> NDArray[np.float64]:
    """Return the mixing, (to, from), in which the change of speed is normal with a standard deviation."""
    shares = np.exp(-0.5 * (np.subtract.outer(speeds_px, speeds_px) / spread_px) ** 2)
    mixing: NDArray[np.float64] = shares / shares.sum(axis=0)
    return mixing
