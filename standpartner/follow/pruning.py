"""Keeps a belief over a long score in stretches, of which only those are moved on in which the music may be.

A stretch sleeps when no place in it is as probable as one that is negligible: all of it is then zero. What comes from
outside, or from the stretch before it, wakes it again. As long as no stretch sleeps this is the forward pass of
`hidden_markov.Belief`.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.follow.hidden_markov import Motion, Peak, Table, beginning, find_peak

STRETCH_CELLS = 256


class PrunedBelief:
    """The probabilities of the place and the reading speed of the music, in stretches of the strip.

    Args:
        cells: The number of cells along the strip.
        cell_px: The width of a cell in strip px.
        speeds_px: The reading speeds in strip px a frame, (speeds,), none negative.
        mixing: The shares in which speeds turn into each other in a frame, (to, from).
        negligible: The probability of a cell at any speed; a stretch without any such or more probable one sleeps.

    Attributes:
        awake: Whether each stretch is awake, bool (stretches,).
        real: Whether each cell of the stretches lies on the strip, bool (stretches, 256).
    """

    def __init__(
        self, cells: int, cell_px: float, *, speeds_px: NDArray[np.float64], mixing: Table, negligible: float
    ) -> None:
        stretches = -(-cells // STRETCH_CELLS)
        self.real = np.arange(stretches * STRETCH_CELLS).reshape(stretches, STRETCH_CELLS) < cells
        self._cells, self._cell_px, self._speeds_px = cells, cell_px, speeds_px
        self._negligible = negligible
        self._motion = Motion(STRETCH_CELLS, cell_px, speeds_px=speeds_px, mixing=mixing)
        self._table = np.zeros((stretches, len(speeds_px), STRETCH_CELLS), mixing.dtype)
        self._place = np.zeros(self.real.shape)
        self.awake = np.zeros(stretches, np.bool_)
        self.begin(None)

    def begin(self, start_px: float | None) -> None:
        """Set the belief to a known start, where low speeds are likely, or to all places with None."""
        table = beginning(self.real.size, self._cell_px, speeds_px=self._speeds_px, start_px=start_px)
        parted = table.reshape(len(self._speeds_px), *self.real.shape).transpose(1, 0, 2) * self.real[:, None]
        self.take(np.arange(len(self.real)), parted.astype(self._table.dtype))

    def moved(self, stretches: NDArray[np.int64]) -> Table:
        """Return the tables of some stretches one frame later by motion alone, (n, speeds, 256)."""
        lead, which = self._motion.lead, self._which(stretches)
        padded = np.empty((len(stretches), len(self._speeds_px), lead + STRETCH_CELLS), self._table.dtype)
        padded[:, :, lead:] = self._table[which]
        padded[:, :, :lead] = self._table[stretches - 1, :, -lead:]
        if stretches[0] == 0:
            padded[0, :, :lead] = 0.0
        moved = self._motion.shift(self._motion.mix(padded))
        if stretches[-1] == len(self.awake) - 1:
            moved[-1] *= self.real[-1]
        return moved

    def likely(self, table: Table) -> NDArray[np.bool_]:
        """Return which stretches of tables, (n, speeds, 256), have a place that is not negligible, bool (n,)."""
        place = table.sum(axis=1)
        return np.asarray(place.max(axis=1) >= self._negligible * place.sum())

    def take(
        self,
        stretches: NDArray[np.int64],
        table: Table,
        *,
        kept: Sequence[int] = (),
        most_awake: float = math.inf,
    ) -> None:
        """Replace the tables of some stretches and let those sleep in which the music hardly is.

        Args:
            stretches: The numbers of the stretches, increasing, (n,). All others are asleep already.
            table: Their tables, (n, speeds, 256), which are scaled to the sum 1.
            kept: The numbers of those that stay awake however improbable they are.
            most_awake: The number of others that may stay awake, the most probable ones.
        """
        table = table / table.sum()
        place = table.sum(axis=1, dtype=np.float64)
        if not self._negligible:  # none ever sleeps
            which = self._which(stretches)
            self._table[which], self._place[which], self.awake[which] = table, place, True
            return
        most = place.max(axis=1)
        stays = most >= self._negligible
        if stays.sum() > most_awake:
            stays[np.argsort(most)[: -int(most_awake)]] = False
        stays[np.searchsorted(stretches, kept)] = True
        if stays.all():
            self._table[stretches], self._place[stretches], self.awake[stretches] = table, place, True
        else:
            likely, gone = stretches[stays], stretches[~stays]
            self._table[likely], self._place[likely], self.awake[likely] = table[stays], place[stays], True
            self._table[gone], self._place[gone], self.awake[gone] = 0.0, 0.0, False
        leaving = stays & (place[:, -self._motion.lead :].max(axis=1) >= self._negligible)
        self.awake[np.minimum(stretches[leaving] + 1, len(self.awake) - 1)] = True

    @property
    def place(self) -> NDArray[np.float64]:
        """Return the probability of the music being in each cell at any speed, (cells,)."""
        return self._place.reshape(-1)[: self._cells]

    def peak(self, *, among: NDArray[np.bool_] | None = None) -> Peak:
        """The most probable place.

        Args:
            among: Whether each cell may be that place, bool (cells,), with some probability in one of them; None allows
                all.
        """
        place = self.place if among is None else np.where(among, self.place, 0.0)
        return find_peak(place, self._table_of, cell_px=self._cell_px, speeds_px=self._speeds_px)

    def _which(self, stretches: NDArray[np.int64]) -> NDArray[np.int64] | slice:
        """Return what some stretches are chosen by; to choose all by a slice copies nothing."""
        return slice(None) if len(stretches) == len(self.awake) else stretches

    def _table_of(self, cells: slice) -> Table:
        """Return the table of some cells, (speeds, n)."""
        numbers = np.arange(cells.start, cells.stop)
        table: Table = self._table[numbers // STRETCH_CELLS, :, numbers % STRETCH_CELLS].T
        return table
