"""Statistics of drawn lines are what was drawn."""

import numpy as np
import pytest

from standpartner.degrade import ScanLook, ScanRanges, engraved_pages, print_statistics, scan, scan_page
from standpartner.errors import ScoreError
from standpartner.score import Score


def staves(*, thickness: int = 3, spacing: int = 18, gap: int = 0) -> np.ndarray:
    """Four staves of level lines with a beam on each; of one line, `gap` of every 100 columns are missing."""
    page = np.full((900, 1300), 255, np.uint8)
    for staff in range(4):
        for line in range(5):
            top = 120 + staff * 180 + line * spacing
            page[top : top + thickness, 60:1240] = 0
            if line == 2:
                for first in range(0, 1300, 100):
                    page[top : top + thickness, first : first + gap] = 255
        page[60 + staff * 180 : 75 + staff * 180, 100:1000] = 0
    return page


@pytest.mark.parametrize(("thickness", "spacing"), [(2, 14), (3, 18), (5, 25)])
def test_spacing_and_thickness_are_those_drawn(thickness: int, spacing: int) -> None:
    measured = print_statistics(staves(thickness=thickness, spacing=spacing))
    assert measured.spacing_px == pytest.approx(spacing)
    assert measured.line_thickness == pytest.approx(thickness / spacing)
    assert measured.line_spread == 0
    assert (measured.paper_grey, measured.ink_grey, measured.middle_share, measured.broken_share) == (255, 0, 0, 0)
    assert measured.edge_width == pytest.approx(1 / spacing)


def test_gaps_are_counted() -> None:
    assert print_statistics(staves(gap=7)).broken_share == pytest.approx(0.07 / 5, abs=0.003)


def test_blur_widens_edges_and_keeps_thickness() -> None:
    soft = print_statistics(scan(staves(), ScanLook(blur=0.08), spacing_px=18))
    assert soft.edge_width > 2 / 18
    assert soft.line_thickness == pytest.approx(3 / 18, abs=0.03)
    assert soft.middle_share > 0.1


def test_greys_are_measured() -> None:
    measured = print_statistics(scan(staves(), ScanLook(paper=220, ink=50), spacing_px=18))
    assert (measured.paper_grey, measured.ink_grey) == (220, 50)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (np.full((300, 300), 255, np.uint8), "a blank one"),
        (staves()[:190], "staves of five lines"),
        (np.tile(np.uint8([[0], [255]]), (100, 200)), "staves of five lines"),
    ],
)
def test_a_page_without_music_is_refused(page: np.ndarray, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        print_statistics(page)


def test_scans_look_like_scanned_editions(printed: Score) -> None:
    """The 5th to 95th percentiles of scanned editions, docs/print.md, hold most of what is drawn."""
    page = engraved_pages(printed)[0]
    drawn = [
        print_statistics(scan_page(page, ScanRanges(grey_share=0).draw(seed), spacing_px=14).image) for seed in range(6)
    ]
    assert sum(0.11 < one.line_thickness < 0.25 for one in drawn) >= 5
    assert sum(0.08 < one.edge_width < 0.13 for one in drawn) >= 5
    assert sum(one.broken_share < 0.03 for one in drawn) >= 5
    assert sum(0.1 < one.middle_share < 0.55 for one in drawn) >= 5
