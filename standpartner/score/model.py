"""Defines the score: page images, the strip unrolled from them, and what is known of the music.

What is known depends on where the score comes from. Notation knows every note (`Notation`); a picture shows where the
music begins and ends and, at best, its bars (`Printed`). The follower needs no more than a picture shows.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.errors import ScoreError
from standpartner.score.played_order import PlayedOrder
from standpartner.score.selection import Selection
from standpartner.score.tables import (
    Bars,
    Floats,
    Ints,
    Measures,
    Noteheads,
    Notes,
    Onsets,
    Systems,
    check_doubt,
    check_filled,
    check_index,
)

NOTHING_ELSE: Final = Selection()
Image: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Notation:
    """The tables of a score from notation: every note that is drawn or sounds, and when.

    Attributes:
        noteheads: The drawn heads.
        onsets: The score times with their strip positions, strictly increasing in ``x_px``.
        measures: The measures with their printed numbers.
        notes: The sounding notes.
        selection: Which music of its file this is.
        orders: The orders in which the measures may be played besides the printed one; none where nothing is repeated
            or where the signs are not known.

    Raises:
        ScoreError: A table is empty, goes back, or points outside another.
    """

    noteheads: Noteheads
    onsets: Onsets
    measures: Measures
    notes: Notes
    selection: Selection = NOTHING_ELSE
    orders: tuple[PlayedOrder, ...] = ()

    def __post_init__(self) -> None:
        for name in ("noteheads", "onsets", "measures"):
            check_filled(name, getattr(self, name))
        check_index("noteheads.onset", self.noteheads.onset, len(self.onsets), lowest=-1)
        check_index("notes.onset", self.notes.onset, len(self.onsets))
        check_index("onsets.measure", self.onsets.measure, len(self.measures))
        for order in self.orders:
            check_index("orders", np.array([*order.measures, *order.endings]), len(self.measures))
        if np.any(np.diff(self.onsets.x_px) <= 0):
            raise ScoreError("Onset positions must increase strictly along the strip; drop onsets that go back.")
        if np.any(np.diff(self.onsets.quarter) < 0) or np.any(np.diff(self.onsets.time_s) < 0):
            raise ScoreError("Onset times must not go back.")


@dataclass(frozen=True)
class Printed:
    """The parts of a score that a picture shows: where its music is on the strip and, if they were found, its bars.

    Attributes:
        begin_px: The strip px where the music begins: the first head after the clef.
        end_px: The strip px where it ends: the final barline.
        bars: The bars, or None where they are unknown.

    Raises:
        ScoreError: The music ends before it begins, or ``bars`` is empty (give None) or doubted beyond 0 to 1.
    """

    begin_px: float
    end_px: float
    bars: Bars | None = None

    def __post_init__(self) -> None:
        if not self.begin_px < self.end_px:
            raise ScoreError(f"The music must begin before it ends, but does at {self.begin_px} and {self.end_px} px.")
        if self.bars is not None:
            check_filled("bars", self.bars)
            check_doubt("bars.doubt", self.bars.doubt)


@dataclass(frozen=True, order=True)
class PrintedJump:
    """A jump that the signs of a score allow: to the beginning of a repeat, over an ending, da capo and its like.

    Attributes:
        source_px: The strip px where the music leaves: the right end of a measure.
        target_px: The strip px where it goes on: the left end of a measure.
    """

    source_px: float
    target_px: float


@dataclass(frozen=True)
class Place:
    """Strip positions mapped to the pages; every array has the shape of the given positions.

    ``page``, ``system`` and ``measure`` count from 0; ``measure`` is -1 where the score's bars are unknown.
    """

    page: Ints
    system: Ints
    page_x_px: Floats
    page_y_px: Floats
    measure: Ints


@dataclass(frozen=True)
class Score:
    """A score as images and tables.

    ``noteheads``, ``onsets``, ``measures`` and ``notes`` are those of its notation; asking for them raises a ScoreError
    if the score is a picture.

    Attributes:
        title: The title, which may be empty.
        strip: All systems cut at their staves and laid left to right, uint8 (160, width), 255 is white.
        pages: The page images, uint8 (height, width), 255 is white.
        page_scale: The page px per strip px.
        systems: The boxes of the systems on pages and strip.
        music: The known music: all of it from notation, or the parts that a picture shows.

    Raises:
        ScoreError: The images have another shape or type, or the tables do not fit them or each other.
    """

    title: str
    strip: Image
    pages: tuple[Image, ...]
    page_scale: float
    systems: Systems
    music: Notation | Printed

    def __post_init__(self) -> None:
        _check_images(self)
        _check_systems(self)
        if isinstance(self.music, Notation):
            check_index("onsets.system", self.onsets.system, len(self.systems))
        bars = _bars(self.music)
        if bars is not None:
            check_index("measures.system", bars.system, len(self.systems))
            if np.any(np.diff(bars.strip_left_px) < 0):
                raise ScoreError("Measures must be in the order of the strip.")
        if self.begin_px < 0 or self.end_px > self.width_px:
            raise ScoreError(f"The music must lie on the strip, 0 to {self.width_px} px.")

    @property
    def width_px(self) -> int:
        """The width of the strip in px."""
        return int(self.strip.shape[1])

    @property
    def begin_px(self) -> float:
        """The strip px where the music begins."""
        return self.music.begin_px if isinstance(self.music, Printed) else float(self.music.onsets.x_px[0])

    @property
    def end_px(self) -> float:
        """The strip px where the music ends: the last onset, or the final barline of a picture."""
        return self.music.end_px if isinstance(self.music, Printed) else float(self.music.onsets.x_px[-1])

    @property
    def has_notation(self) -> bool:
        """Whether the notes of the score are known."""
        return isinstance(self.music, Notation)

    @property
    def notation(self) -> Notation:
        """The tables of the score's notation.

        Raises:
            ScoreError: The score is a picture.
        """
        if isinstance(self.music, Printed):
            name = f'"{self.title}"' if self.title else "The score"
            raise ScoreError(
                f"{name} is a picture, but this needs the notes of the score; give its notation file (MusicXML, MEI, "
                "Humdrum, ABC or LilyPond)."
            )
        return self.music

    @property
    def noteheads(self) -> Noteheads:
        """The drawn heads; see `notation`."""
        return self.notation.noteheads

    @property
    def onsets(self) -> Onsets:
        """The score times with their strip positions; see `notation`."""
        return self.notation.onsets

    @property
    def measures(self) -> Measures:
        """The measures of the notation; see `notation`."""
        return self.notation.measures

    @property
    def notes(self) -> Notes:
        """The sounding notes; see `notation`."""
        return self.notation.notes

    @property
    def bars(self) -> Measures | Bars | None:
        """The measures as far as they are known: those of the notation, those of a picture, or None.

        Both kinds of table have ``label``, ``strip_left_px``, ``strip_right_px`` and ``system``.
        """
        return _bars(self.music)

    @property
    def printed_jumps(self) -> tuple[PrintedJump, ...]:
        """The jumps that the score's signs allow, by where they leave; none where no signs are known."""
        if isinstance(self.music, Printed):
            return ()
        left_px, right_px = self.measures.strip_left_px, self.measures.strip_right_px
        jumps = {jump for order in self.music.orders for jump in order.jumps()}
        return tuple(sorted(PrintedJump(float(right_px[before]), float(left_px[after])) for before, after in jumps))

    def measure_number(self, measure: int) -> int | str | None:
        """Return the printed number of a measure, counted from 0 as in `Place`; None for -1 or unknown bars."""
        return None if self.bars is None or measure < 0 else printed_measure(str(self.bars.label[measure]))

    def place(self, x_px: ArrayLike) -> Place:
        """Map strip positions to the pages.

        Args:
            x_px: The position or array of positions in strip px, clipped to the strip.

        Returns:
            The page, system and measure (each counted from 0) and the page position, at the system's vertical centre.
        """
        x = np.minimum(np.maximum(np.asarray(x_px, dtype=np.float64), 0.0), float(self.width_px))
        systems, bars = self.systems, self.bars
        system = _last_not_after(systems.strip_left_px, x)
        within = (x - systems.strip_left_px[system]) / (systems.strip_right_px - systems.strip_left_px)[system]
        return Place(
            page=systems.page[system],
            system=system,
            page_x_px=systems.page_left_px[system] + within * (systems.page_right_px - systems.page_left_px)[system],
            page_y_px=(systems.page_top_px[system] + systems.page_bottom_px[system]) / 2,
            measure=np.full_like(system, -1) if bars is None else _last_not_after(bars.strip_left_px, x),
        )


def printed_measure(label: str) -> int | str:
    """Return a measure's printed label, as a number where it is one."""
    return int(label) if label.isdecimal() else label


def _bars(music: Notation | Printed) -> Measures | Bars | None:
    return music.bars if isinstance(music, Printed) else music.measures


def _last_not_after(starts: Floats, x: Floats) -> Ints:
    return np.maximum(np.searchsorted(starts, x, side="right") - 1, 0).astype(np.int64, copy=False)


def _check_images(score: Score) -> None:
    if score.strip.ndim != 2 or score.strip.shape[0] != STRIP_HEIGHT_PX or score.strip.dtype != np.uint8:
        raise ScoreError(
            f"A strip must be uint8 of shape ({STRIP_HEIGHT_PX}, width), not {score.strip.dtype} {score.strip.shape}."
        )
    if not score.pages or any(page.ndim != 2 or page.dtype != np.uint8 for page in score.pages):
        raise ScoreError("Pages must be one or more uint8 images of shape (height, width).")
    if not (np.isfinite(score.page_scale) and score.page_scale > 0):
        raise ScoreError(f"page_scale must be a positive number, not {score.page_scale}.")


def _check_systems(score: Score) -> None:
    systems = score.systems
    check_filled("systems", systems)
    check_index("systems.page", systems.page, len(score.pages))
    check_doubt("systems.doubt", systems.doubt)
    if systems.strip_left_px[0] != 0 or systems.strip_right_px[-1] != score.width_px:
        raise ScoreError("The systems must cover the strip from its first to its last column.")
    if np.any(systems.strip_left_px[1:] != systems.strip_right_px[:-1]) or np.any(np.diff(systems.strip_left_px) <= 0):
        raise ScoreError("The systems must follow each other on the strip without gap.")
    if np.any(systems.staves < 0):
        raise ScoreError(f"A system has some number of staves, 0 if unknown, not {systems.staves.min()}.")
