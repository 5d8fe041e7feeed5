"""A self-contained web page that shows the score with a cursor moving along with the recording."""

import base64
import html
import io
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.follow.files import write_text
from standpartner.follow.position import Position, printed_measure
from standpartner.game.rules import target_x_px
from standpartner.score import Score

_GREYS = 16  # enough for anti-aliased notation, and four bits a pixel
_BLOCK_SAMPLES = 1 << 18


def write_page(
    path: str | Path,
    score: Score,
    *,
    positions: Sequence[Position],
    audio: NDArray[np.float32],
    truth: ArrayLike | None = None,
    start_frame: int = 0,
) -> None:
    """Write one HTML file that needs nothing else: pages, sound and positions are inside.

    Args:
        path: of the file; replaced only when the new one is complete.
        score: what was followed.
        positions: one a frame, from the recording's beginning.
        audio: (n,) mono samples at 22 050 Hz.
        truth: (onsets of the score,) second at which each was played, where that is known.
        start_frame: frame in which the first note was heard; until then the page says that it waits.

    Raises:
        ConfigError: there are no positions, or ``truth`` is not one number an onset.
        OutputError: the file cannot be written.
    """
    if not positions:
        raise ConfigError("expected at least one position to show, got none")
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    data = {
        "title": score.title or "Untitled",
        "frameRate": FRAME_RATE_HZ,
        "cmPerPx": CM_PER_STRIP_PX,
        "audio": _data_uri(_vorbis(audio), "audio/ogg"),
        "pages": [_page(page) for page in score.pages],
        "systems": _systems(score),
        "measures": _measures(score),
        "startFrame": start_frame,
        "x": [round(position.strip_x_px, 1) for position in positions],
        "confidence": [round(100 * position.confidence) for position in positions],
        "lost": [int(position.lost) for position in positions],
        "truth": None if truth is None else _truth(score, truth, len(positions)),
    }
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    page = template.replace("{{title}}", html.escape(str(data["title"]))).replace("{{data}}", text)
    write_text(path, page)


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _vorbis(audio: NDArray[np.float32]) -> bytes:
    """Compressed sound, written block by block: libsndfile's Vorbis encoder overflows its stack on one long write."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as sound:
        for first in range(0, len(audio), _BLOCK_SAMPLES):
            sound.write(np.clip(audio[first : first + _BLOCK_SAMPLES], -1.0, 1.0))
    return stream.getvalue()


def _page(page: NDArray[np.uint8]) -> dict[str, Any]:
    """A page as a small grey PNG with its size."""
    step = 255 / (_GREYS - 1)
    image = Image.fromarray(np.rint(page / step).astype(np.uint8), mode=None)
    indexed = Image.frombytes("P", image.size, image.tobytes())
    indexed.putpalette([round(level * step) for level in range(_GREYS) for _ in range(3)])
    stream = io.BytesIO()
    indexed.save(stream, "PNG", optimize=True, bits=4)
    return {"image": _data_uri(stream.getvalue(), "image/png"), "width": image.width, "height": image.height}


def _systems(score: Score) -> list[dict[str, float]]:
    table = score.systems
    return [
        {
            "page": int(table.page[k]),
            "left": float(table.page_left_px[k]),
            "top": float(table.page_top_px[k]),
            "right": float(table.page_right_px[k]),
            "bottom": float(table.page_bottom_px[k]),
            "stripLeft": float(table.strip_left_px[k]),
            "stripRight": float(table.strip_right_px[k]),
        }
        for k in range(len(table))
    ]


def _measures(score: Score) -> list[dict[str, Any]]:
    measures = score.measures
    return [
        {"label": printed_measure(str(label)), "stripLeft": float(left)}
        for label, left in zip(measures.label, measures.strip_left_px, strict=True)
    ]


def _truth(score: Score, onset_s: ArrayLike, frames: int) -> list[float]:
    times = np.asarray(onset_s, dtype=np.float64)
    if times.shape != score.onsets.x_px.shape:
        raise ConfigError(f"expected {len(score.onsets)} onset times as truth, got an array of shape {times.shape}")
    target = target_x_px(np.arange(frames), times, onset_x_px=score.onsets.x_px)
    return [round(float(x), 1) for x in target]
