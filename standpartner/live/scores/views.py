"""Tells of scores and takes as JSON, as docs/reference/live-protocol.md shows them."""

from typing import Any

from standpartner.live.scores.library import Library, ScoreRecord, TakeRecord
from standpartner.live.scores.pages import bars_table, in_order, systems_table
from standpartner.live.scores.reading import load_read, read_json
from standpartner.score.page_data import pages_table


def short_score(record: ScoreRecord) -> dict[str, Any]:
    """Return the short form of a score."""
    return {
        "id": record.id,
        "title": record.title,
        "kind": record.kind,
        "state": record.state,
        "sentence": record.sentence,
        "progress": {"pages_read": record.pages_read, "pages": record.page_count},
        "page_count": len(record.page_order),
        "page_order": record.page_order,
        "first_measure": record.first_measure,
        "last_position": record.last_position,
        "added_s": record.added_s,
        "played_s": record.played_s,
        "thumbnail": f"/api/scores/{record.id}/thumbnail.png?v={picture_version(record)}",
    }


def score_view(library: Library, record: ScoreRecord) -> dict[str, Any]:
    """Return all that is told of a score."""
    view = {**short_score(record), "pages": [], "systems": [], "bars": [], "layout": None, "links": record.links}
    if record.state != "ready":
        return view
    score = in_order(load_read(library, record), record.page_order)
    layout, crops = read_json(library, record, "layout.json"), read_json(library, record, "crops.json")
    version = picture_version(record)
    view["pages"] = [
        {
            "page": number,
            **size,
            "image": f"/api/scores/{record.id}/pages/{number}.png?v={version}",
            "crop": crops[read - 1],
        }
        for number, (read, size) in enumerate(zip(record.page_order, pages_table(score), strict=True), start=1)
    ]
    view["systems"], view["bars"] = systems_table(score), bars_table(score)
    if layout is not None:
        view["layout"] = {"pages": [layout["pages"][read - 1] for read in record.page_order]}
    return view


def picture_version(record: ScoreRecord) -> str:
    """Return a word that changes whenever the pictures of a score's pages do."""
    return f"{record.revision}-{'.'.join(map(str, record.page_order))}" if record.page_order else str(record.revision)


def short_take(take: TakeRecord, record: ScoreRecord) -> dict[str, Any]:
    """Return the short form of a take."""
    return {
        "id": take.id,
        "score": take.score,
        "title": record.title,
        "state": take.state,
        "sentence": take.sentence,
        "started_s": take.started_s,
        "duration_s": take.summary.get("duration_s", 0.0),
        "finished": take.summary.get("finished", False),
        "jumps": take.summary.get("jumps", 0),
        "lost_share": take.summary.get("lost_share", 0.0),
        "has_audio": take.summary.get("has_audio", False),
    }
