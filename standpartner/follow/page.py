"""Writes a self-contained web page that shows the score with a cursor moving along with the recording."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.position import Position
from standpartner.score import Score
from standpartner.score.page_data import measures_table, systems_table
from standpartner.support.embed import embedded_notation, vorbis_uri
from standpartner.support.files import write_text
from standpartner.support.pages import render_page


def write_page(
    path: str | Path,
    score: Score,
    *,
    positions: Sequence[Position],
    audio: NDArray[np.float32],
    truth_x_px: ArrayLike | None = None,
    start_frame: int = 0,
) -> None:
    """Write one HTML file that needs no other files: pages, sound and positions are inside.

    Args:
        path: The place of the file. An existing file is replaced only when the new one is complete.
        score: The score that was followed.
        positions: The positions, one a frame, from the recording's beginning.
        audio: The recording, mono at 22 050 Hz, (n,).
        truth_x_px: The true positions on the strip, (positions,) px, if they are known.
        start_frame: The frame in which the first note was heard. Until then the page says that it waits.

    Raises:
        ConfigError: There are no positions, or ``truth_x_px`` is not one number a position.
        OutputError: The file cannot be written.
    """
    if not positions:
        raise ConfigError("expected at least one position to show, got none")
    data = {
        "frameRate": FRAME_RATE_HZ,
        "cmPerPx": CM_PER_STRIP_PX,
        "audio": vorbis_uri(audio),
        "pages": [embedded_notation(page) for page in score.pages],
        "systems": systems_table(score),
        "measures": measures_table(score),
        "startFrame": start_frame,
        "x": [round(position.strip_x_px, 1) for position in positions],
        "confidence": [round(100 * position.confidence) for position in positions],
        "lost": [int(position.lost) for position in positions],
        "truth": None if truth_x_px is None else _truth(truth_x_px, len(positions)),
    }
    write_text(path, render_page("follow/page.html", {"title": score.title or "Untitled", "data": data}))


def _truth(x_px: ArrayLike, frames: int) -> list[float]:
    target = np.asarray(x_px, dtype=np.float64)
    if target.shape != (frames,):
        raise ConfigError(f"expected {frames} true positions, one a frame, got an array of shape {target.shape}")
    return [round(float(x), 1) for x in target]
