"""Points of a page go where its pixels go, and back."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from standpartner.degrade.geometry import CAMERA_HEIGHT, Curl, rotation, tilt
from standpartner.degrade.photo import PhotoLook, PhotoRanges, page_map, photograph

SIZE = (600, 840)
SLANTED = PhotoLook(rotation_deg=7, pitch_deg=6, yaw_deg=-5, curl=0.03, eye=0.3, margin=0.05, background=255)


def grid() -> np.ndarray:
    return np.stack(np.meshgrid(np.linspace(0, 600, 13), np.linspace(0, 840, 17)), axis=-1)


def centres_of_dots(image: np.ndarray) -> np.ndarray:
    _, _, stats, centres = cv2.connectedComponentsWithStats((image < 50).astype(np.uint8))  # darker than any gutter
    return centres[1:][stats[1:, cv2.CC_STAT_AREA] > 20] + 0.5


def test_a_look_as_it_stands_is_the_identity(dots: tuple[np.ndarray, np.ndarray]) -> None:
    page, _ = dots
    photo = photograph(page, PhotoLook())
    np.testing.assert_array_equal(photo.image, np.repeat(page[..., None], 3, axis=2))
    np.testing.assert_array_equal(photo.page_map.forward(grid()), grid())
    assert photo.page_map.identity


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_move_pixels_exactly(dots: tuple[np.ndarray, np.ndarray], turns: int) -> None:
    page, _ = dots
    photo = photograph(page, PhotoLook(quarter_turns=turns))
    np.testing.assert_array_equal(photo.image[..., 0], np.rot90(page, -turns))


def test_a_quarter_turn_takes_the_upper_left_corner_to_the_right() -> None:
    where = page_map(SIZE, PhotoLook(quarter_turns=1))
    np.testing.assert_allclose(where.forward(np.array([[0.0, 0], [600, 0], [0, 840]])), [[840, 0], [840, 600], [0, 0]])


@pytest.mark.parametrize("seed", range(12))
def test_the_way_back_undoes_the_way_there(seed: int) -> None:
    look = PhotoRanges(quarter_turns=(0, 1, 2, 3), rotation_deg=(-10, 10)).draw(seed)
    where = page_map(SIZE, look)
    np.testing.assert_allclose(where.back(where.forward(grid())), grid(), atol=1e-6)
    inside = where.forward(grid()).reshape(-1, 2)
    assert (inside >= 0).all()
    assert (inside <= where.picture_size_px).all()


@pytest.mark.parametrize(
    "look",
    [
        PhotoLook(rotation_deg=10, margin=0.05),
        PhotoLook(pitch_deg=8, yaw_deg=5, margin=0.05),
        PhotoLook(curl=0.04, margin=0.05),
        PhotoLook(curl=0.04, spine_right=True, eye=-0.2, margin=0.05),
        replace(SLANTED, quarter_turns=2),
        replace(SLANTED, page_width_px=450),
    ],
)
def test_points_map_where_pixels_go(dots: tuple[np.ndarray, np.ndarray], look: PhotoLook) -> None:
    page, centres = dots
    photo = photograph(page, look)
    expected = photo.page_map.forward(centres)
    found = centres_of_dots(photo.image[..., 1])
    assert len(found) == len(expected)
    distance = np.linalg.norm(expected[:, None] - found[None], axis=-1).min(axis=1)
    assert distance.max() < 0.5, distance.max()


def test_a_curl_bends_the_upper_edge_by_its_share_of_half_the_height() -> None:
    curl = Curl((2000, 2800), rise=0.03)
    top = curl.forward(np.stack([np.linspace(0, 2000, 201), np.zeros(201)], axis=-1))
    assert np.ptp(top[:, 1]) == pytest.approx(1400 * (1 / (1 - 0.03) - 1), rel=1e-3)
    assert top[:, 1].argmin() in range(60, 80)  # highest at a third of the way from the spine
    middle = curl.forward(np.array([[0.0, 1400], [700, 1400], [2000, 1400]]))
    np.testing.assert_allclose(middle[:, 1], 1400)
    assert np.all(np.diff(curl.forward(np.stack([np.linspace(0, 2000, 99), np.zeros(99)], -1))[:, 0]) > 0)


def test_a_tilt_is_the_picture_of_a_turned_camera() -> None:
    homography = tilt(SIZE, pitch_deg=0, yaw_deg=10)
    distance = CAMERA_HEIGHT * 600
    angle = np.arctan2(300, distance)  # the right edge's middle is seen at this angle from the axis
    moved = homography @ [600, 420, 1]
    expected = 300 + distance * np.tan(angle - np.radians(10))
    assert moved[0] / moved[2] == pytest.approx(expected)


def test_turning_by_nothing_is_exact() -> None:
    np.testing.assert_allclose(rotation(SIZE, 0), np.eye(3), atol=1e-12)
