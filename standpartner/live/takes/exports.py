"""Writes takes as tables and pages, and a whole score with its takes as a zip."""

import base64
import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from standpartner.live.scores.library import Library, ScoreRecord, TakeRecord
from standpartner.live.scores.reading import read_folder, score_files
from standpartner.live.scores.views import score_view, short_take
from standpartner.live.takes.takes import played_bars, read_positions, take_content
from standpartner.support.pages import render_page


def take_csv(positions: Sequence[Mapping[str, Any]]) -> str:
    """Return the positions of a take as a table with a head."""
    return _csv(positions)


def bars_csv(positions: Sequence[Mapping[str, Any]]) -> str:
    """Return the bars of a take with their times as a table with a head."""
    return _csv(played_bars(positions))


def take_page(library: Library, take: TakeRecord, record: ScoreRecord) -> str:
    """Return a take as a page that needs no other files: tempo curve, replay with cursor, sound if it was kept."""
    view = score_view(library, record)
    sound = library.take_file(take.id, ".flac")
    data = {
        **short_take(take, record),
        **take_content(read_positions(library.take_file(take.id, ".jsonl"))),
        "systems": view["systems"],
        "scoreBars": view["bars"],
        "pages": [_embedded_page(library, record, number, page) for number, page in enumerate(view["pages"])],
        "sound": _uri("audio/flac", sound.read_bytes()) if sound.is_file() else None,
    }
    return render_page("live/takes/take.html", {"title": record.title or "Untitled", "data": data})


def score_archive(library: Library, record: ScoreRecord) -> bytes:
    """Return a zip of a score: the files as they came, its layout, what is known of it, and its takes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in score_files(library.score_folder(record.id)):
            archive.write(file, f"files/{file.name}")
        view = score_view(library, record)
        archive.writestr("score.json", json.dumps(view, indent=1))
        if view["layout"] is not None:
            archive.writestr("layout.json", json.dumps(view["layout"], indent=1))
        for take in library.takes(record.id):
            content = take_content(read_positions(library.take_file(take.id, ".jsonl")))
            archive.writestr(f"takes/{take.id}.json", json.dumps({**short_take(take, record), **content}))
            sound = library.take_file(take.id, ".flac")
            if sound.is_file():
                archive.write(sound, f"takes/{take.id}.flac")
    return buffer.getvalue()


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _embedded_page(library: Library, record: ScoreRecord, number: int, page: Mapping[str, Any]) -> dict[str, Any]:
    file = read_folder(library, record) / f"page-{record.page_order[number]:03d}.png"
    return {
        "width_px": page["width_px"],
        "height_px": page["height_px"],
        "image": _uri("image/png", file.read_bytes()),
    }


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
