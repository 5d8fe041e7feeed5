"""Defines the tables of a score: equally long columns of numbers or words, checked and read-only.

All positions are continuous pixel coordinates: pixel ``i`` of an image covers ``[i, i + 1)``, so ``int(x)`` is the
pixel that holds ``x``. "Strip px" are pixels of the strip, "page px" pixels of a page image.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import ScoreError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Strings: TypeAlias = NDArray[np.str_]

_KINDS: Final[dict[Any, type]] = {Floats: np.float64, Ints: np.int64, Bools: np.bool_, Strings: np.str_}


@dataclass(frozen=True)
class Table:
    """The base of the tables: it converts the one-dimensional columns to their types and compares their lengths."""

    def __post_init__(self) -> None:
        lengths = {}
        for name, kind in self.columns():
            column = np.asarray(getattr(self, name))
            if column.ndim != 1:
                raise ScoreError(f"{type(self).__name__}.{name} must be one-dimensional, not of shape {column.shape}.")
            column = column.astype(kind)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
            lengths[name] = len(column)
        if len(set(lengths.values())) > 1:
            raise ScoreError(f"The columns of {type(self).__name__} must be equally long, but are {lengths}.")

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    @classmethod
    def columns(cls) -> Iterator[tuple[str, type]]:
        """Yield each column's name and numpy type."""
        for field in fields(cls):
            yield field.name, _KINDS[field.type]


@dataclass(frozen=True)
class Systems(Table):
    """The systems: the box of each one's strip cut on its page, its extent on the strip, staves and doubt.

    ``page`` counts from 0. ``staves`` is the number of staves, 0 where they were not counted. ``doubt`` is the
    probability, 0 to 1, that the box is wrong; notation knows its systems, a picture may not.
    """

    page: Ints
    page_left_px: Floats
    page_top_px: Floats
    page_right_px: Floats
    page_bottom_px: Floats
    strip_left_px: Floats
    strip_right_px: Floats
    staves: Ints
    doubt: Floats


@dataclass(frozen=True)
class Bars(Table):
    """The bars that a picture shows: the printed or counted number and the extent on the strip, in drawn order.

    ``doubt`` is the probability, 0 to 1, that the bar or its number is wrong.
    """

    label: Strings
    strip_left_px: Floats
    strip_right_px: Floats
    system: Ints
    doubt: Floats


@dataclass(frozen=True)
class Noteheads(Table):
    """The drawn heads: the centre in strip px, the MIDI pitch, and the onset that each belongs to.

    ``y_px`` may lie outside the strip's 160 rows where notes are very high or low. ``onset`` is -1 for a tied
    continuation, which is drawn but starts no sound. Grace heads carry the onset that they lead to.
    """

    x_px: Floats
    y_px: Floats
    pitch: Ints
    onset: Ints
    grace: Bools


@dataclass(frozen=True)
class Onsets(Table):
    """The score times at which at least one drawn note starts, with one strip position each."""

    x_px: Floats
    quarter: Floats
    time_s: Floats
    measure: Ints
    system: Ints


@dataclass(frozen=True)
class Measures(Table):
    """The measures in drawn order: the printed number, the start in quarters and the extent on the strip."""

    label: Strings
    quarter: Floats
    strip_left_px: Floats
    strip_right_px: Floats
    system: Ints


@dataclass(frozen=True)
class Notes(Table):
    """The sounding notes, with ties merged. Each starts at its ``onset`` or, as a grace note, leads to it.

    ``hidden`` notes sound without being drawn: ornaments that the encoder of the score has played out.
    """

    pitch: Ints
    onset: Ints
    quarter: Floats
    duration_quarter: Floats
    time_s: Floats
    duration_s: Floats
    grace: Bools
    hidden: Bools


def check_index(name: str, index: Ints, count: int, *, lowest: int = 0) -> None:
    """Check that a column points into a table.

    Raises:
        ScoreError: An entry is below ``lowest`` or not below ``count``.
    """
    bad = index[(index < lowest) | (index >= count)]
    if len(bad):
        raise ScoreError(f"{name} must be between {lowest} and {count - 1}, but holds {bad[0]}.")


def check_filled(name: str, table: Table) -> None:
    """Check that a table has an entry.

    Raises:
        ScoreError: The table is empty.
    """
    if len(table) == 0:
        raise ScoreError(f"A score needs at least one entry in {name}, but has none.")


def check_doubt(name: str, doubt: Floats) -> None:
    """Check that doubts are probabilities.

    Raises:
        ScoreError: A doubt is below 0, above 1 or not a number.
    """
    bad = doubt[~((doubt >= 0) & (doubt <= 1))]
    if len(bad):
        raise ScoreError(f"{name} must be between 0 and 1, but holds {bad[0]}.")
