"""Writes pictures and a table of what was found on a score, for checking by eye and for other programs."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.errors import ScoreError
from standpartner.score.model import Image, Score
from standpartner.support import palette
from standpartner.support.files import own_pages

_ROW_WIDTH_PX: Final = 1_000  # the strip px in one row of the overlay
_ZOOM: Final = 2
_GAP_PX: Final = 8


def write_engraving(score: Score, out_dir: str | Path) -> None:
    """Write strip.png, page-001.png..., overlay.png and onsets.json into a folder, which is made if needed.

    Page images of a score that was written there before, and left its onsets.json, are removed.

    On the overlay lines are onsets, thick lines the borders of systems; dots are heads: filled where a note starts,
    a ring for a tied continuation, a diamond for a grace note. onsets.json lists one object an onset: quarter, x_px,
    measure (printed number), page and system (from 1), page_x_px, page_y_px, pitches (MIDI numbers starting there).

    Raises:
        ScoreError: The folder or a file cannot be written.
        OutputError: The folder holds pictures of pages of another origin.
    """
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stale in own_pages(folder, marker="onsets.json"):
            stale.unlink()
        PilImage.fromarray(score.strip).save(folder / "strip.png")
        for number, page in enumerate(score.pages, start=1):
            PilImage.fromarray(page).save(folder / f"page-{number:03d}.png")
    except OSError as error:
        raise ScoreError(f"The engraving cannot be written to {folder}: {error.strerror or error}.") from error
    write_onsets(score, folder)


def write_onsets(score: Score, folder: Path) -> None:
    """Write overlay.png and onsets.json as `write_engraving` does, into a folder that there is.

    Raises:
        ScoreError: The notes of the score are unknown, or a file cannot be written.
    """
    try:
        PilImage.fromarray(draw_overlay(score)).save(folder / "overlay.png")
        text = json.dumps(list_onsets(score), indent=1)
        (folder / "onsets.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ScoreError(f"The engraving cannot be written to {folder}: {error.strerror or error}.") from error


def list_onsets(score: Score) -> list[dict[str, Any]]:
    """List the onsets as one plain object each, with the keys of onsets.json."""
    onsets, notes = score.onsets, score.notes
    place = score.place(onsets.x_px)
    starting = ~notes.grace & np.isclose(notes.quarter, onsets.quarter[notes.onset])
    pitches: list[set[int]] = [set() for _ in range(len(onsets))]
    for onset, pitch in zip(notes.onset[starting], notes.pitch[starting], strict=True):
        pitches[onset].add(int(pitch))
    return [
        {
            "quarter": round(float(onsets.quarter[index]), 4),
            "x_px": round(float(onsets.x_px[index]), 2),
            "measure": score.measure_number(int(onsets.measure[index])),
            "page": int(place.page[index]) + 1,
            "system": int(onsets.system[index]) + 1,
            "page_x_px": round(float(place.page_x_px[index]), 2),
            "page_y_px": round(float(place.page_y_px[index]), 2),
            "pitches": sorted(pitches[index]),
        }
        for index in range(len(onsets))
    ]


def draw_overlay(score: Score) -> Image:
    """Draw the strip in rows with onsets, heads and system borders as an RGB image, uint8 (height, width, 3)."""
    rows = [_draw_row(score, start) for start in range(0, score.width_px, _ROW_WIDTH_PX)]
    return np.concatenate(rows, axis=0)


def _draw_row(score: Score, start: int) -> Image:
    canvas = np.full((STRIP_HEIGHT_PX + _GAP_PX, _ROW_WIDTH_PX), 255, np.uint8)
    part = score.strip[:, start : start + _ROW_WIDTH_PX]
    canvas[:STRIP_HEIGHT_PX, : part.shape[1]] = part
    size = (_ROW_WIDTH_PX * _ZOOM, canvas.shape[0] * _ZOOM)
    image = PilImage.fromarray(canvas).convert("RGB").resize(size, PilImage.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    bottom = STRIP_HEIGHT_PX * _ZOOM
    for x in _inside(score.onsets.x_px, start):
        draw.line((x, 0, x, bottom), fill=palette.ONSET, width=1)
    for x in _inside(score.systems.strip_left_px, start):
        draw.line((x, 0, x, bottom), fill=palette.SYSTEM_BORDER, width=4)
    heads = score.noteheads
    for index in np.flatnonzero((heads.x_px >= start) & (heads.x_px < start + _ROW_WIDTH_PX)):
        x, y = (heads.x_px[index] - start) * _ZOOM, heads.y_px[index] * _ZOOM
        _draw_head(draw, x, y, grace=bool(heads.grace[index]), tied=heads.onset[index] < 0)
    draw.line((0, bottom + _GAP_PX, size[0], bottom + _GAP_PX), fill=palette.LINE)
    return np.asarray(image)


def _inside(x_px: np.ndarray, start: int) -> list[float]:
    kept = x_px[(x_px >= start) & (x_px < start + _ROW_WIDTH_PX)]
    return [float(x) for x in (kept - start) * _ZOOM]


def _draw_head(draw: ImageDraw.ImageDraw, x: float, y: float, *, grace: bool, tied: bool) -> None:
    if grace:
        draw.polygon([(x - 3, y), (x, y - 3), (x + 3, y), (x, y + 3)], fill=palette.GRACE_HEAD)
    elif tied:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), outline=palette.TIED_HEAD, width=2)
    else:
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=palette.NOTEHEAD)
