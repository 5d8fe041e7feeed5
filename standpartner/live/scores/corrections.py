"""Checks corrections of a score that came from outside, and stores them."""

import json
from typing import Any, Final

from standpartner.errors import ConfigError, ScoreError
from standpartner.live.scores.library import Library, ScoreRecord
from standpartner.live.scores.links import check_links
from standpartner.live.scores.pages import in_order
from standpartner.live.scores.reading import load_read, next_layout, read_json
from standpartner.score.print.layout import read_layout
from standpartner.support.files import replacing, write_text

_LONGEST_TITLE: Final = 200
_NAMES: Final = ("title", "page_order", "links", "first_measure")


def checked_changes(library: Library, record: ScoreRecord, values: Any) -> tuple[dict[str, Any], bool]:
    """Check changes of a score.

    Args:
        library: The library.
        record: The score.
        values: The changes as they came.

    Returns:
        The changes for `Library.change_score`, and whether the score is to be read again.

    Raises:
        ConfigError: They are no changes of a score.
        ScoreError: The order of pages does not fit the score.
    """
    if not isinstance(values, dict) or not values or not set(values) <= set(_NAMES):
        raise ConfigError(f"expected an object with some of {', '.join(_NAMES)}")
    changes: dict[str, Any] = {}
    if "title" in values:
        changes["title"] = _title(values["title"])
    if "page_order" in values:
        changes["page_order"] = _order(library, record, values["page_order"])
    if "links" in values:
        changes["links"] = check_links(values["links"], bars=_bars(library, record))
    again = "first_measure" in values
    if again:
        first = values["first_measure"]
        if type(first) is not int or not 0 <= first <= 9_999 or record.kind != "print":
            raise ConfigError(f"expected the number of the first bar of a printed score, 0 to 9999, got {first!r}")
        changes |= {"first_measure": first, "state": "reading"}
    return changes, again


def corrected(library: Library, record: ScoreRecord, layout: Any) -> None:
    """Store a corrected layout, by which the score is read again.

    Args:
        library: The library.
        record: The score.
        layout: The layout as it came, with its pages in the order shown.

    Raises:
        ConfigError: The score is not ready or is notation.
        ScoreError: The layout says what cannot be.
    """
    before = read_json(library, record, "layout.json")
    if before is None or record.state != "ready":
        raise ConfigError("only a printed score that is ready can be corrected; wait until it is read")
    pages = layout.get("pages") if isinstance(layout, dict) else None
    if not isinstance(pages, list) or len(pages) != len(record.page_order):
        raise ScoreError(f'expected a layout with "pages", {len(record.page_order)} of them as before')
    every = list(before["pages"])
    for read, page in zip(record.page_order, pages, strict=True):
        known = every[read - 1]
        if not isinstance(page, dict):
            raise ScoreError("expected each page of the layout to be an object")
        every[read - 1] = page | {key: known.get(key) for key in ("file", "picture", "part")}
    with replacing(next_layout(library, record.id)) as draft:
        write_text(draft, json.dumps({"pages": every}))
        read_layout(draft)  # raises for a layout that says what cannot be
        write_text(draft, json.dumps({"pages": every, "page_order": _order_of_kept(record.page_order, every)}))
    library.change_score(record.id, state="reading", sentence="")


def _order_of_kept(order: list[int], pages: list[dict[str, Any]]) -> list[int]:
    """The order of the pages that have systems, once those without are gone."""
    kept = [read for read, page in enumerate(pages, start=1) if page["systems"]]
    new = [kept.index(read) + 1 for read in order if read in kept]
    if not new:
        raise ScoreError("a score needs a system on one page at least")
    return new


def _title(title: Any) -> str:
    if not isinstance(title, str) or not title.strip() or len(title) > _LONGEST_TITLE:
        raise ConfigError(f"expected a title of at most {_LONGEST_TITLE} characters")
    return " ".join(title.split())


def _order(library: Library, record: ScoreRecord, order: Any) -> list[int]:
    if not isinstance(order, list) or not all(type(page) is int for page in order):
        raise ConfigError("expected page_order to be a list of page numbers")
    in_order(load_read(library, record), order)
    return order


def _bars(library: Library, record: ScoreRecord) -> int:
    bars = load_read(library, record).bars
    return 0 if bars is None else len(bars)
