"""A self-contained web page that shows the score with a cursor moving along with the recording."""

import html
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.position import Position
from standpartner.score import Score
from standpartner.score.page_data import measures_table, systems_table
from standpartner.support.embed import page_picture, vorbis_uri
from standpartner.support.files import write_text


def write_page(
    path: str | Path,
    score: Score,
    *,
    positions: Sequence[Position],
    audio: NDArray[np.float32],
    truth_x_px: ArrayLike | None = None,
    start_frame: int = 0,
) -> None:
    """Write one HTML file that needs nothing else: pages, sound and positions are inside.

    Args:
        path: of the file; replaced only when the new one is complete.
        score: what was followed.
        positions: one a frame, from the recording's beginning.
        audio: (n,) mono samples at 22 050 Hz.
        truth_x_px: (positions,) where the music truly was on the strip, where that is known.
        start_frame: frame in which the first note was heard; until then the page says that it waits.

    Raises:
        ConfigError: there are no positions, or ``truth_x_px`` is not one number a position.
        OutputError: the file cannot be written.
    """
    if not positions:
        raise ConfigError("expected at least one position to show, got none")
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    data = {
        "title": score.title or "Untitled",
        "frameRate": FRAME_RATE_HZ,
        "cmPerPx": CM_PER_STRIP_PX,
        "audio": vorbis_uri(audio),
        "pages": [page_picture(page) for page in score.pages],
        "systems": systems_table(score),
        "measures": measures_table(score),
        "startFrame": start_frame,
        "x": [round(position.strip_x_px, 1) for position in positions],
        "confidence": [round(100 * position.confidence) for position in positions],
        "lost": [int(position.lost) for position in positions],
        "truth": None if truth_x_px is None else _truth(truth_x_px, len(positions)),
    }
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    page = template.replace("{{title}}", html.escape(str(data["title"]))).replace("{{data}}", text)
    write_text(path, page)


def _truth(x_px: ArrayLike, frames: int) -> list[float]:
    target = np.asarray(x_px, dtype=np.float64)
    if target.shape != (frames,):
        raise ConfigError(f"expected {frames} true positions, one a frame, got an array of shape {target.shape}")
    return [round(float(x), 1) for x in target]
