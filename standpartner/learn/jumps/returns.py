"""Computes what going and staying bring, from records of what staying brought.

Staying brings the reward of the game in each frame, as in the record. Going brings the return of an agent that is
right from then on, or of one that is lost for eight seconds, less the price of a jump. So the return of a policy that
goes with some probability is computed exactly, backwards in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import FRAME_RATE_HZ
from standpartner.follow.jump_decision import JumpFrame, inputs_of
from standpartner.game.rules import PIANO, reward
from standpartner.learn.jumps.record import COLUMNS

DISCOUNT: Final = 0.99
RIGHT: Final = 0.85 / (1 - DISCOUNT)  # the return of an agent that is right
WRONG: Final = RIGHT * DISCOUNT ** (8 * FRAME_RATE_HZ)  # of one that is lost for eight seconds
PRICE: Final = 10.0  # of a jump: half a second on the music

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class World:
    """A record with all that policies and returns need of it, or several side by side.

    Arrays have an entry for each frame, (frames,), or for each frame and record, (frames, records).

    Attributes:
        inputs: The inputs of a learned decision, (..., inputs).
        rule_odds: The log odds of going by the rule, softened.
        may_go: Whether there is another place to go to.
        right: Whether the agent of the record is within the bound of the music.
        found_right: Whether the place found is.
        reward: The reward of staying as in the record.
        before: Whether the frame is before the beginning of its record, which fills up shorter ones.
    """

    inputs: Floats
    rule_odds: Floats
    may_go: Bools
    right: Bools
    found_right: Bools
    reward: Floats
    before: Bools


def make_world(rows: Floats) -> World:
    """Compute a world from a record, a row of `standpartner.learn.jumps.record.COLUMNS` for each frame."""
    target_px, jumped, *_ = rows.T
    own = [COLUMNS.index(field.name) for field in fields(JumpFrame)]
    frames = [JumpFrame(*row) for row in rows[:, own].tolist()]
    error_px = np.array([frame.here_px for frame in frames]) - target_px
    found_px = np.array([frame.found_px for frame in frames])
    return World(
        inputs=inputs_of(frames, jumped > 0),
        rule_odds=np.array([frame.rule_odds for frame in frames]),
        may_go=np.array([frame.may_go for frame in frames]),
        right=np.abs(error_px) <= PIANO.bound_px,
        found_right=np.abs(found_px - target_px) <= PIANO.bound_px,
        reward=np.asarray(reward(error_px, PIANO.bound_px)),
        before=np.zeros(len(rows), bool),
    )


def side_by_side(worlds: Sequence[World]) -> World:
    """Put the worlds of single records side by side; they end in the same frame."""
    frames = max(len(world.reward) for world in worlds)

    def joined(name: str, fill: float) -> NDArray:
        columns = [getattr(world, name) for world in worlds]
        filled = [
            np.concatenate([np.full((frames - len(one), *one.shape[1:]), fill, one.dtype), one]) for one in columns
        ]
        return np.stack(filled, axis=1)

    return World(**{field.name: joined(field.name, field.name == "before") for field in fields(World)})


def returns(world: World, goes: Floats) -> tuple[Floats, Floats]:
    """Compute a policy's return from each frame on, and how much more going brings than staying.

    Args:
        world: The world.
        goes: The probability of going in each frame; it is 1 before the beginning of a record.

    Returns:
        The returns and what going brings more, both in the shape of ``goes``.
    """
    going = np.where(world.found_right, RIGHT, WRONG) - PRICE
    values, gains = np.empty_like(going), np.empty_like(going)
    value = np.where(world.right[-1], RIGHT, WRONG)
    for frame in reversed(range(len(goes))):
        staying = world.reward[frame] + DISCOUNT * value
        gains[frame] = going[frame] - staying
        values[frame] = value = goes[frame] * going[frame] + (1 - goes[frame]) * staying
    return values, gains


def reached(goes: Floats) -> Floats:
    """Compute how often each frame is reached without having gone, discounted; episodes begin in all frames alike."""
    often, visits = np.empty_like(goes), np.zeros(goes.shape[1:])
    for frame in range(len(goes)):
        often[frame] = visits = 1 / FRAME_RATE_HZ + DISCOUNT * visits
        visits = visits * (1 - goes[frame])
    return often
