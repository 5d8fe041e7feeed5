"""Places the onsets of some measures in their bar: between what the engraver's spacing says and where heads are."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.score.tables import Floats

_LEAST_STEP_PX: Final = 2.0


@dataclass(frozen=True)
class PlacingOptions:
    """How onsets are placed.

    Attributes:
        heads: The weight of heads that are found; 0 takes the engraver's spacing, stretched.
        opening_px: The spread of the place of the first onset in a bar with a clef.
        loose_px: The spread of that place in other bars, and of a step between onsets, about the stretched one.
        loose_share: The additional spread of a step, as a share of its length.
    """

    heads: float = 24.0
    opening_px: float = 10.0
    loose_px: float = 6.0
    loose_share: float = 0.25


def place_onsets(
    stretched: Floats,
    curves: list[Floats | None],
    *,
    left_px: float,
    right_px: float,
    opens: bool,
    options: PlacingOptions,
) -> Floats:
    """Find the most probable places of onsets that follow each other.

    Args:
        stretched: The places that the engraver's spacing gives them, stretched.
        curves: For each onset the likeness of its heads to each column from ``left_px`` on, or None.
        left_px: The left end of their bars.
        right_px: The right end.
        opens: Whether they begin with a clef.
        options: How they are placed.

    Returns:
        The strip px of each onset, increasing.
    """
    if not len(stretched):
        return stretched
    places = np.arange(max(int(right_px - left_px), 1), dtype=np.float64) + (left_px + 0.5)
    spread = options.opening_px if opens else options.loose_px
    cost = ((places - stretched[0]) / spread) ** 2 / 2
    trail = []
    for index, curve in enumerate(curves):
        if index:
            wanted = stretched[index] - stretched[index - 1]
            steps = places[:, None] - places[None]
            moved = _miss(wanted, steps, options, step=np.abs(wanted)) + np.where(steps < _LEAST_STEP_PX, 1e6, 0.0)
            total = cost[None] + moved
            trail.append(total.argmin(axis=1))
            cost = total.min(axis=1)
        if curve is not None:
            cost = cost + options.heads * (1 - curve[: len(places)])
    cost = cost + _miss(right_px - stretched[-1], right_px - places, options, step=right_px - stretched[-1])
    at = [int(cost.argmin())]
    for back in reversed(trail):
        at.append(int(back[at[-1]]))
    return places[at[::-1]]


def _miss(wanted: float, steps: Floats, options: PlacingOptions, *, step: Floats | float) -> Floats:
    spread = options.loose_px + options.loose_share * step
    cost: Floats = ((steps - wanted) / spread) ** 2 / 2
    return cost
