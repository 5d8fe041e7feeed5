"""Staves and systems where beams run along staves: what scans of the training split taught."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.score.print.files import open_pages
from standpartner.score.print.reading import upright_pages
from standpartner.score.print.staves import Staff
from standpartner.score.print.systems import group_staves
from standpartner.score.print.tablature import is_tablature

SCANS = Path(__file__).parents[4] / "shared" / "data" / "scans"
SPACING_PX = 14


def staff_with(line_from_px, line_to_px, thickness_px=3):
    """Ink of a staff whose middle line is in row 100, and of a sixth line or a beam a spacing below the last."""
    ink = np.zeros((200, 900), np.uint8)
    for line in range(-2, 3):
        ink[99 + line * SPACING_PX : 102 + line * SPACING_PX, 50:850] = 1
    middle = 100 + 3 * SPACING_PX
    ink[middle - thickness_px // 2 : middle + thickness_px // 2 + 1, line_from_px:line_to_px] = 1
    ends = np.array([50.0, 850.0])
    return ink, Staff(ends, np.array([100.5, 100.5]), 50.0, 850.0, float(SPACING_PX), 1.0, 1.0)


def test_six_lines_are_tablature_and_beams_along_a_staff_are_not():
    assert is_tablature(*staff_with(50, 850))
    assert not is_tablature(*staff_with(120, 840, thickness_px=8))
    assert not is_tablature(*staff_with(50, 300))


def test_a_staff_at_the_edge_of_a_picture_is_no_tablature():
    ink, staff = staff_with(0, 0)
    first_line = 100 - 2 * SPACING_PX
    assert not is_tablature(ink[first_line:], replace(staff, y_px=staff.y_px - first_line))


@pytest.mark.skipif(not SCANS.is_dir(), reason="put the data sets that docs/corpus.md names into ../shared/data")
@pytest.mark.parametrize(("piece", "number"), [("sonata02-2", 1), ("sonata05-3", 1)])
def test_dense_beams_hide_no_staff(piece, number):
    sources = open_pages(SCANS / "mozart" / f"{piece}.pdf", max_pages=9)
    page_source = next(source for index, source in enumerate(sources) if index == number)
    ((page, staves),) = upright_pages(page_source)
    groups, left_out = group_staves(page, staves)
    assert {len(group.staves) for group in groups} == {2}
    assert not left_out


@pytest.mark.skipif(not SCANS.is_dir(), reason="put the data sets that docs/corpus.md names into ../shared/data")
def test_a_lone_staff_among_pairs_is_doubtful():
    for source in open_pages(SCANS / "mozart" / "sonata02-2.pdf", max_pages=9):
        ((page, staves),) = upright_pages(source)
        (clear, *_), _ = group_staves(page, staves)
        (lone, *pairs), _ = group_staves(page, staves[1:])
        assert (clear.doubt, len(lone.staves)) == (0.0, 1)
        assert lone.doubt == pytest.approx(0.5)
        assert pairs[-1].doubt < lone.doubt
        break
