import cv2
import numpy as np
import pytest

from standpartner.score.print.files import PicturePage
from standpartner.score.print.picture import straight_pages
from standpartner.score.print.staves import find_staves


def staves_of(grey):
    (page,) = straight_pages(PicturePage(grey))
    return page, find_staves(page.ink, page.scale)


def curved(grey, depth_px):
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = depth_px * np.sin(2 * np.pi * x / width).astype(np.float32)
    return cv2.remap(grey, x, y + bend, cv2.INTER_LINEAR, borderValue=255)


def seen_from_one_side(grey):
    height, width = grey.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[0.08 * width, 0], [width, 0.05 * height], [0.95 * width, height], [0, 0.97 * height]], np.float32)
    return cv2.warpPerspective(grey, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=255)


def rotated(grey, degrees):
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.9)
    return cv2.warpAffine(grey, matrix, (width, height), borderValue=255)


def test_an_engraved_page_is_left_as_it_is(first_page):
    page, staves = staves_of(first_page)
    assert not page.turning.was_bent
    assert page.turning.degrees == 0
    assert len(staves) == 6
    assert staves[0].spacing_px == pytest.approx(14 * 2000 / first_page.shape[1], rel=0.01)
    assert all(np.ptp(staff.y_px) < 2 for staff in staves)


@pytest.mark.parametrize("degrees", [-9.5, -2, 3.7, 9.5])
def test_rotation_is_measured_and_undone(first_page, degrees):
    page, staves = staves_of(rotated(first_page, degrees))
    assert page.turning.degrees == pytest.approx(-degrees, abs=0.15)
    assert len(staves) == 6
    assert all(np.ptp(staff.y_px) < 5 for staff in staves)


def test_curved_lines_are_made_level(first_page):
    page, staves = staves_of(curved(first_page, 30))
    assert page.turning.was_bent
    assert len(staves) == 6
    assert all(np.ptp(staff.y_px) < 0.8 * staff.spacing_px for staff in staves)


def test_a_page_seen_from_one_side_is_made_level_and_upright(first_page):
    _, staves = staves_of(seen_from_one_side(first_page))
    assert len(staves) == 6
    assert all(np.ptp(staff.y_px) < 0.5 * staff.spacing_px for staff in staves)
    lefts = np.array([staff.left_px for staff in staves])
    assert np.ptp(lefts) < 2 * staves[0].spacing_px


@pytest.mark.parametrize("turns", [1, 3])
def test_a_page_that_lies_on_its_side_is_turned(first_page, turns):
    _, staves = staves_of(np.ascontiguousarray(np.rot90(first_page, turns)))
    assert len(staves) == 6


@pytest.mark.parametrize("size", [0.4, 2.5])
def test_staves_of_any_size_are_found(first_page, size):
    grey = cv2.resize(first_page, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    _, staves = staves_of(grey)
    assert len(staves) == 6


def test_two_pages_side_by_side_are_parted(menuet):
    pages = straight_pages(PicturePage(np.concatenate(menuet.pages, axis=1)))
    assert [len(find_staves(page.ink, page.scale)) for page in pages] == [6, 2]


def test_a_single_system_is_not_parted_where_notes_hide_its_lines():
    grey = np.full((200, 2000), 255, np.uint8)
    for row in range(60, 140, 16):
        grey[row : row + 3, 40:1960] = 0
    grey[76:95, 950:1050] = 0  # a beam
    assert len(straight_pages(PicturePage(grey))) == 1


def test_a_straight_place_is_found_again_in_the_file(first_page):
    page, staves = staves_of(np.ascontiguousarray(np.rot90(rotated(first_page, 4), 2)))
    top = staves[0]
    across, down = page.turning.in_file(top.left_px, top.level_px)
    height, width = first_page.shape
    seen = np.rot90(rotated(first_page, 4), 2)
    column, row = round(across * width), round(down * height)
    assert seen[row - 3 : row + 4, column + 4 : column + 12].min() < 128


def test_a_blank_page_has_no_music():
    (page,) = straight_pages(PicturePage(np.full((1400, 1000), 255, np.uint8)))
    assert not page.has_music
