"""A score as standpartner sees it: page images, the strip unrolled from them, and what is drawn where.

All positions are continuous pixel coordinates: pixel ``i`` of an image covers ``[i, i + 1)``, so ``int(x)`` is
the pixel that holds ``x``. "Strip px" are pixels of the strip, "page px" pixels of a page image.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.errors import ScoreError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Strings: TypeAlias = NDArray[np.str_]
Image: TypeAlias = NDArray[np.uint8]

_KINDS: Final[dict[Any, type]] = {Floats: np.float64, Ints: np.int64, Bools: np.bool_, Strings: np.str_}


@dataclass(frozen=True)
class Table:
    """Base of the tables: equally long one-dimensional columns, converted to their declared type."""

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
    """Where each system's strip cut lies on its page; ``page`` counts from 0."""

    page: Ints
    page_left_px: Floats
    page_top_px: Floats
    page_right_px: Floats
    page_bottom_px: Floats
    strip_left_px: Floats
    strip_right_px: Floats


@dataclass(frozen=True)
class Noteheads(Table):
    """Drawn heads: centre in strip px, MIDI pitch, and the onset each belongs to.

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
    """Score times at which at least one drawn note starts, with one strip position each."""

    x_px: Floats
    quarter: Floats
    time_s: Floats
    measure: Ints
    system: Ints


@dataclass(frozen=True)
class Measures(Table):
    """Measures in drawn order: printed number, start in quarters, extent on the strip."""

    label: Strings
    quarter: Floats
    strip_left_px: Floats
    strip_right_px: Floats
    system: Ints


@dataclass(frozen=True)
class Notes(Table):
    """Sounding notes, ties merged; ``onset`` is the onset each starts at or, for a grace note, leads to.

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


@dataclass(frozen=True)
class Place:
    """Strip positions found again on the pages; every array has the shape of the positions asked for."""

    page: Ints
    system: Ints
    page_x_px: Floats
    page_y_px: Floats
    measure: Ints


@dataclass(frozen=True)
class Score:
    """A score as images and tables.

    Attributes:
        title: Title, may be empty.
        strip: All systems cut at their staves and laid left to right, uint8 (160, width), 255 is white.
        pages: Page images, uint8 (height, width), 255 is white.
        page_scale: Page px per strip px.
        systems: Boxes of the systems on pages and strip.
        noteheads: Drawn heads.
        onsets: Score times with their strip positions, strictly increasing in ``x_px``.
        measures: Measures with their printed numbers.
        notes: Sounding notes.
    """

    title: str
    strip: Image
    pages: tuple[Image, ...]
    page_scale: float
    systems: Systems
    noteheads: Noteheads
    onsets: Onsets
    measures: Measures
    notes: Notes

    def __post_init__(self) -> None:
        _check_images(self)
        for name in ("systems", "noteheads", "onsets", "measures"):
            if len(getattr(self, name)) == 0:
                raise ScoreError(f"A score needs at least one entry in {name}, but has none.")
        _check_order(self)
        _check_index("systems.page", self.systems.page, len(self.pages))
        _check_index("noteheads.onset", self.noteheads.onset, len(self.onsets), lowest=-1)
        _check_index("notes.onset", self.notes.onset, len(self.onsets))
        _check_index("onsets.measure", self.onsets.measure, len(self.measures))
        _check_index("onsets.system", self.onsets.system, len(self.systems))
        _check_index("measures.system", self.measures.system, len(self.systems))

    @property
    def width_px(self) -> int:
        """Width of the strip in px."""
        return int(self.strip.shape[1])

    def place(self, x_px: ArrayLike) -> Place:
        """Find strip positions on the pages.

        Args:
            x_px: Position or array of positions in strip px, clipped to the strip.

        Returns:
            Page, system and measure (each counted from 0) and the page position, at the system's vertical centre.
        """
        x = np.clip(np.asarray(x_px, dtype=np.float64), 0.0, float(self.width_px))
        systems = self.systems
        system = _last_not_after(systems.strip_left_px, x)
        within = (x - systems.strip_left_px[system]) / (systems.strip_right_px - systems.strip_left_px)[system]
        return Place(
            page=systems.page[system],
            system=system,
            page_x_px=systems.page_left_px[system] + within * (systems.page_right_px - systems.page_left_px)[system],
            page_y_px=(systems.page_top_px[system] + systems.page_bottom_px[system]) / 2,
            measure=_last_not_after(self.measures.strip_left_px, x),
        )


def _last_not_after(starts: Floats, x: Floats) -> Ints:
    return np.clip(np.searchsorted(starts, x, side="right") - 1, 0, len(starts) - 1).astype(np.int64)


def _check_images(score: Score) -> None:
    if score.strip.ndim != 2 or score.strip.shape[0] != STRIP_HEIGHT_PX or score.strip.dtype != np.uint8:
        raise ScoreError(
            f"A strip must be uint8 of shape ({STRIP_HEIGHT_PX}, width), not {score.strip.dtype} {score.strip.shape}."
        )
    if not score.pages or any(page.ndim != 2 or page.dtype != np.uint8 for page in score.pages):
        raise ScoreError("Pages must be one or more uint8 images of shape (height, width).")
    if not (np.isfinite(score.page_scale) and score.page_scale > 0):
        raise ScoreError(f"page_scale must be a positive number, not {score.page_scale}.")


def _check_order(score: Score) -> None:
    onsets, systems = score.onsets, score.systems
    if np.any(np.diff(onsets.x_px) <= 0):
        raise ScoreError("Onset positions must increase strictly along the strip; drop onsets that go back.")
    if np.any(np.diff(onsets.quarter) < 0) or np.any(np.diff(onsets.time_s) < 0):
        raise ScoreError("Onset times must not go back.")
    if onsets.x_px[0] < 0 or onsets.x_px[-1] > score.width_px:
        raise ScoreError(f"Onset positions must lie on the strip, 0 to {score.width_px} px.")
    if systems.strip_left_px[0] != 0 or systems.strip_right_px[-1] != score.width_px:
        raise ScoreError("The systems must cover the strip from its first to its last column.")
    if np.any(systems.strip_left_px[1:] != systems.strip_right_px[:-1]) or np.any(np.diff(systems.strip_left_px) <= 0):
        raise ScoreError("The systems must follow each other on the strip without gap.")
    if np.any(np.diff(score.measures.strip_left_px) < 0):
        raise ScoreError("Measures must be in the order of the strip.")


def _check_index(name: str, index: Ints, count: int, *, lowest: int = 0) -> None:
    bad = index[(index < lowest) | (index >= count)]
    if len(bad):
        raise ScoreError(f"{name} must be between {lowest} and {count - 1}, but holds {bad[0]}.")
