"""Writes a self-contained web page that shows the score with a cursor moving along with the recording."""

import secrets
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.position import Position
from standpartner.hear import Resampler, Source
from standpartner.score import Score
from standpartner.score.page_data import measures_table, systems_table
from standpartner.support.embed import embedded_notation, vorbis_uri_parts
from standpartner.support.files import write_parts
from standpartner.support.pages import render_page


def write_page(
    path: str | Path,
    score: Score,
    *,
    positions: Sequence[Position],
    sound: Source,
    truth_x_px: ArrayLike | None = None,
    start_frame: int = 0,
) -> None:
    """Write one HTML file that needs no other files: pages, sound and positions are inside.

    Args:
        path: The place of the file. An existing file is replaced only when the new one is complete.
        score: The score that was followed.
        positions: The positions, one a frame, from the recording's beginning.
        sound: The recording. It is read here, and never in memory as a whole but compressed.
        truth_x_px: The true positions on the strip, (positions,) px, if they are known.
        start_frame: The frame in which the first note was heard. Until then the page says that it waits.

    Raises:
        ConfigError: There are no positions, or ``truth_x_px`` is not one number a position.
        OutputError: The file cannot be written.
    """
    if not positions:
        raise ConfigError("expected at least one position to show, got none")
    sound_place = secrets.token_hex(16)  # a word that is nowhere else on the page
    data = {
        "frameRate": FRAME_RATE_HZ,
        "cmPerPx": CM_PER_STRIP_PX,
        "audio": sound_place,
        "pages": [embedded_notation(page) for page in score.pages],
        "systems": systems_table(score),
        "measures": measures_table(score),
        "startFrame": start_frame,
        "x": [round(position.strip_x_px, 1) for position in positions],
        "confidence": [round(100 * position.confidence) for position in positions],
        "lost": [int(position.lost) for position in positions],
        "truth": None if truth_x_px is None else _truth(truth_x_px, len(positions)),
    }
    page = render_page("follow/page.html", {"title": score.title or "Untitled", "data": data})
    before, _, behind = page.partition(sound_place)
    write_parts(path, chain([before], vorbis_uri_parts(_mono(sound)), [behind]))


def _mono(sound: Source) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of a source as mono sound at 22 050 Hz."""
    resampler = Resampler(sound.rate_hz)
    for chunk in sound:
        yield resampler.push(chunk)
    yield resampler.finish()


def _truth(x_px: ArrayLike, frames: int) -> list[float]:
    target = np.asarray(x_px, dtype=np.float64)
    if target.shape != (frames,):
        raise ConfigError(f"expected {frames} true positions, one a frame, got an array of shape {target.shape}")
    return [round(float(x), 1) for x in target]
