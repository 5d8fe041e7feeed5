"""Defines the positions that a follower gives, one for every frame."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.constants import FRAME_RATE_HZ
from standpartner.score import Score
from standpartner.support.files import write_parts


@dataclass(frozen=True, slots=True)
class Position:
    """A followed position; ``to_json`` has exactly these keys but the last.

    A follower gives the position of a moment before that moment is over. If the sound of the moment itself then changes
    the position, it is given again, with the same time: the later one counts, see `settled_positions`.

    Attributes:
        time_s: The second of the recording, a multiple of 1 / 20.
        strip_x_px: The position on the strip in px.
        page: The page of the score, from 1; pages without staves do not count.
        system: The system of the score, from 1.
        measure: The printed number, a string where it is not a plain number, None where the score's bars are unknown.
        page_x_px: The x of the position on the page image in px.
        page_y_px: The y of the system's middle on the page image in px.
        page_x: The same x as a fraction of the page's width, 0 to 1.
        page_y: The same y as a fraction of the page's height, 0 to 1.
        confidence: The probability, 0 to 1, that the position is right, by what was heard before it was given.
        lost: Whether the follower does not know where the music is.
        jumped_from_px: The position on the strip that it left in this frame, having found the music here; None if it
            did not jump.
    """

    time_s: float
    strip_x_px: float
    page: int
    system: int
    measure: int | str | None
    page_x_px: float
    page_y_px: float
    page_x: float
    page_y: float
    confidence: float
    lost: bool
    jumped_from_px: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary with rounded values."""
        return {
            "time_s": round(self.time_s, 3),
            "strip_x_px": round(self.strip_x_px, 2),
            "page": self.page,
            "system": self.system,
            "measure": self.measure,
            "page_x_px": round(self.page_x_px, 2),
            "page_y_px": round(self.page_y_px, 2),
            "page_x": round(self.page_x, 5),
            "page_y": round(self.page_y, 5),
            "confidence": round(self.confidence, 4),
            "lost": self.lost,
        }


@dataclass(frozen=True, slots=True)
class FramePosition:
    """The result of one frame before it is looked up on the pages."""

    frame: int
    strip_x_px: float
    confidence: float
    lost: bool
    jumped_from_px: float | None = None


def place_all(score: Score, frames: Sequence[FramePosition]) -> list[Position]:
    """Look many frames up on the pages at once."""
    if not frames:
        return []
    place = score.place(np.array([frame.strip_x_px for frame in frames]))
    columns = (place.page, place.system, place.measure, place.page_x_px, place.page_y_px)
    positions = list[Position]()
    for frame, page, system, measure, x_px, y_px in zip(frames, *(column.tolist() for column in columns), strict=True):
        height_px, width_px = score.pages[page].shape
        positions.append(
            Position(
                time_s=frame.frame / FRAME_RATE_HZ,
                strip_x_px=frame.strip_x_px,
                page=page + 1,
                system=system + 1,
                measure=score.measure_number(measure),
                page_x_px=x_px,
                page_y_px=y_px,
                page_x=x_px / width_px,
                page_y=y_px / height_px,
                confidence=frame.confidence,
                lost=frame.lost,
                jumped_from_px=frame.jumped_from_px,
            )
        )
    return positions


def settled_positions(given: Iterable[Position]) -> Iterator[Position]:
    """Yield the final position of every moment, once the moment has been heard.

    The position is the last one given for the moment. Confidence, and whether the follower is lost, are by the sound up
    to and with that moment, as the next position tells them.

    Args:
        given: The positions that a follower gives, in that order, all of them or as they come.

    Yields:
        One position a moment, but none for the moment after the last one heard.
    """
    last: Position | None = None
    for position in given:
        if last is not None and position.time_s != last.time_s:
            yield replace(last, confidence=position.confidence, lost=position.lost)
        last = position


def write_positions(path: str | Path, positions: Iterable[Position]) -> None:
    """Write positions as JSON lines, one object a position.

    Raises:
        OutputError: The file cannot be written.
    """
    write_parts(path, (json.dumps(position.to_json()) + "\n" for position in positions))
