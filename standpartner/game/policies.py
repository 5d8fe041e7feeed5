"""Policies that need no learning: the oracle (upper bound and teacher), constant speed and chance (lower bounds)."""

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Protocol

import numpy as np
import numpy.typing as npt

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import GameError
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import PIANO

# The frames for which a plan holds each action: fine at first, coarse later. Under the narrow bound a line end asks
# for a run-up of half a second: with 5 frames the oracle itself is lost in 2 % of the tunes, with 9 in 0.4 %.
HOLDS = (1, 1, 1, 1, 2, 3)
HORIZON_FRAMES = sum(HOLDS)
_ACTIONS = PIANO.actions


class Policy(Protocol):
    """The protocol of all that choose an action for every episode of a game."""

    def act(self, game: BatchedGame) -> npt.NDArray[np.int64]:
        """Choose the next actions.

        Args:
            game: The game as it stands; it is not to be changed.

        Returns:
            The indices into ``game.config.actions``, int64 (n,).
        """
        ...


@cache
def _plans(holds: tuple[int, ...], actions: tuple[int, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the displacements (plans, frames) that sequences of held actions add, and their first actions' indices.

    Plans are ordered by how little they do, so that of equally good ones the calmest is found first.
    """
    sequences = np.array(list(product(range(len(actions)), repeat=len(holds))))
    changes = np.array(actions, dtype=np.float64)[sequences]
    order = np.lexsort((np.abs(changes[:, 0]), np.abs(changes).sum(axis=1)))
    displacements = np.cumsum(np.cumsum(np.repeat(changes[order], holds, axis=1), axis=1), axis=1)
    return displacements, sequences[order, 0]


def oracle_actions(
    position: npt.ArrayLike,
    speed: npt.ArrayLike,
    *,
    future_targets: npt.ArrayLike,
    holds: tuple[int, ...] = HOLDS,
    actions: tuple[int, ...] = _ACTIONS,
) -> npt.NDArray[np.int64]:
    """Return the first action of the sequence with the least sum of squared errors over the frames ahead.

    All sequences are tried. It is also the teacher for imitation: it may be asked from any state.

    Args:
        position: The positions in strip px, (n,).
        speed: The speeds in strip px per frame, (n,).
        future_targets: The true strip x of the next frames in px, (n, sum(holds)).
        holds: The number of frames for which each action of a plan is held. The cost grows with ``len(actions) **
            len(holds)``.
        actions: The changes of speed to choose from.

    Returns:
        The indices into ``actions``, int64 (n,).

    Raises:
        GameError: Shapes do not agree.
    """
    x, v, targets = (np.asarray(value, dtype=np.float64) for value in (position, speed, future_targets))
    horizon = sum(holds)
    if x.ndim != 1 or v.shape != x.shape or not holds or targets.shape != (len(x), horizon):
        raise GameError(
            f"position, speed and future_targets must be (n,), (n,) and (n, {horizon}), "
            f"got {x.shape}, {v.shape} and {targets.shape}"
        )
    displacements, first_action = _plans(holds, actions)
    coasting_error = x[:, None] + v[:, None] * np.arange(1, horizon + 1) - targets
    # |coasting + displacement|^2 without the |coasting|^2 that all plans share: one matrix product for the batch
    cost = 2 * coasting_error @ displacements.T + np.square(displacements).sum(axis=1)
    return first_action[np.argmin(cost, axis=1)]


class OraclePolicy:
    """Plans half a second ahead with knowledge of the target (see `oracle_actions`): an upper bound."""

    def act(self, game: BatchedGame) -> npt.NDArray[np.int64]:
        """Choose for every episode; see `Policy.act`."""
        ahead = game.targets_ahead(HORIZON_FRAMES)
        return oracle_actions(game.position_px, game.speed, future_targets=ahead, actions=game.config.actions)


class ConstantSpeedPolicy:
    """Reads at one constant speed per track without seeing or hearing: a lower bound.

    From the episode's start it follows a straight line as well as whole changes of speed allow. The speed has to come
    from the score alone (`constant_speed` of its notated tempo); from the performance it would be cheating.
    """

    def __init__(self, px_per_frame: float | Sequence[float] | npt.NDArray[np.floating]) -> None:
        """Set the speeds.

        Args:
            px_per_frame: The speed in strip px per frame, one for all tracks or one per track of the game.
        """
        self.px_per_frame = np.asarray(px_per_frame, dtype=np.float64)

    def act(self, game: BatchedGame) -> npt.NDArray[np.int64]:
        """Choose for every episode; see `Policy.act`.

        Raises:
            GameError: There is not one speed per track of the game.
        """
        if self.px_per_frame.shape not in ((), (len(game.tracks),)):
            raise GameError(f"expected 1 speed or {len(game.tracks)}, one per track, got {self.px_per_frame.shape}")
        speed = np.broadcast_to(self.px_per_frame, len(game.tracks))[game.track]
        elapsed = (game.frame - game.start_frame)[:, None] + np.arange(1, HORIZON_FRAMES + 1)
        line = game.start_position_px[:, None] + speed[:, None] * elapsed
        return oracle_actions(game.position_px, game.speed, future_targets=line, actions=game.config.actions)


def constant_speed(score_time_s: npt.ArrayLike, onset_x_px: npt.ArrayLike) -> float:
    """Return the average strip px per frame of a score played at its notated tempo.

    Args:
        score_time_s: The score time of the onsets in seconds (``score.onsets.time_s``), (n,).
        onset_x_px: The strip x of the onsets, (n,) px.

    Returns:
        The strip px per frame from the first to the last onset.

    Raises:
        GameError: Shapes do not agree or the score takes no time.
    """
    time_s, x_px = np.asarray(score_time_s, dtype=np.float64), np.asarray(onset_x_px, dtype=np.float64)
    if time_s.shape != x_px.shape or time_s.ndim != 1 or time_s.size < 2 or time_s[-1] <= time_s[0]:
        raise GameError(f"expected two (n,) arrays, n >= 2, with time going on, got {time_s.shape} and {x_px.shape}")
    return float((x_px[-1] - x_px[0]) / ((time_s[-1] - time_s[0]) * FRAME_RATE_HZ))


class RandomPolicy:
    """Chooses by chance from its own seeded generator."""

    def __init__(self, seed: int) -> None:
        """Seed the generator.

        Args:
            seed: The seed; the same seed gives the same choices.
        """
        self._rng = np.random.default_rng(seed)

    def act(self, game: BatchedGame) -> npt.NDArray[np.int64]:
        """Choose for every episode; see `Policy.act`."""
        return self._rng.integers(len(game.config.actions), size=game.n_episodes)
