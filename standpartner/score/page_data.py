"""Makes the tables of a score for pages in a browser, ready for JSON."""

from typing import Any

from standpartner.score.model import Score, printed_measure


def pages_table(score: Score) -> list[dict[str, int]]:
    """Return the size of each page image in px."""
    return [{"width_px": page.shape[1], "height_px": page.shape[0]} for page in score.pages]


def systems_table(score: Score) -> list[dict[str, float]]:
    """Return each system's page, box in page px, and extent on the strip."""
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


def measures_table(score: Score) -> list[dict[str, Any]]:
    """Return each measure's printed number and left edge on the strip; empty if the score's bars are unknown."""
    bars = score.bars
    if bars is None:
        return []
    return [
        {"label": printed_measure(str(label)), "stripLeft": float(left)}
        for label, left in zip(bars.label, bars.strip_left_px, strict=True)
    ]
