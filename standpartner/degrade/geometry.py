"""Maps points of a page to a photo of it and back, exactly.

An open book's page is a cylinder: it rises from the spine and falls to its edge. A camera that looks straight down
draws each column of it at one x and stretches it about the row below the camera; every other direction of the camera,
turning and resizing are a homography of that picture. So both ways are closed forms but for a table along x.
Points are continuous px: pixel i covers [i, i + 1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from standpartner.score.model import Image
from standpartner.score.tables import Floats

Points = NDArray[np.float64]  # x and y in px, (..., 2)

CAMERA_HEIGHT: Final = 1.6  # the distance of the camera in page widths, at which a page fills the picture
_KNOTS: Final = 512
_MAP_CELL_PX: Final = 8  # the map back is computed on a grid of such cells and interpolated


@dataclass(frozen=True)
class Curl:
    """The cylinder of a page of an open book, seen from straight above.

    Attributes:
        size_px: The (width, height) of the page in px.
        rise: The height to which the page rises above the table, as a share of the camera's height; 0 is flat.
        spine_right: Whether the spine is at the page's right edge.
        eye: The row below the camera, as a share of the page's height. The lines of that row stay straight.
    """

    size_px: tuple[int, int]
    rise: float
    spine_right: bool = False
    eye: float = 0.5

    def forward(self, points: Points) -> Points:
        """Map points of the flat page to the picture from above."""
        if not self.rise:
            return points
        page_x, picture_x, stretch = self._tables()
        x, y = points[..., 0], points[..., 1]
        eye_px = self.eye * self.size_px[1]
        at = np.interp(x, page_x, stretch)
        return np.stack([_interp(x, page_x, picture_x), eye_px + (y - eye_px) * at], axis=-1)

    def back(self, points: Points) -> Points:
        """Map points of the picture from above to the flat page."""
        if not self.rise:
            return points
        page_x, picture_x, stretch = self._tables()
        x = _interp(points[..., 0], picture_x, page_x)
        eye_px = self.eye * self.size_px[1]
        return np.stack([x, eye_px + (points[..., 1] - eye_px) / np.interp(x, page_x, stretch)], axis=-1)

    def _tables(self) -> tuple[Floats, Floats, Floats]:
        """Return knots along the page: x on the page, x in the picture, and the vertical stretch there."""
        width = self.size_px[0]
        camera_px = CAMERA_HEIGHT * width
        share = np.linspace(0.0, 1.0, _KNOTS)  # the share of the way from the spine to the edge, along the table
        height_px = self.rise * camera_px * 6.75 * share * (1 - share) ** 2  # highest at a third of the way
        arc = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(height_px), width / (_KNOTS - 1)))])
        page_x = arc * width / arc[-1]
        stretch = camera_px / (camera_px - height_px)
        picture_x = width / 2 + (share * width - width / 2) * stretch
        if self.spine_right:
            page_x, picture_x, stretch = width - page_x[::-1], width - picture_x[::-1], stretch[::-1]
        return page_x, picture_x, stretch


def _interp(x: Floats, knots: Floats, values: Floats) -> Floats:
    """Interpolate linearly, with slope 1 beyond the ends."""
    beyond = x - np.clip(x, knots[0], knots[-1])
    return np.asarray(np.interp(x, knots, values) + beyond)


@dataclass(frozen=True)
class PageMap:
    """The map from points of a page to a picture of it.

    Attributes:
        page_size_px: The (width, height) of the page in px.
        picture_size_px: The (width, height) of the picture in px.
        curl: The cylinder.
        homography: The homography that follows the cylinder, float64 (3, 3).
    """

    page_size_px: tuple[int, int]
    picture_size_px: tuple[int, int]
    curl: Curl
    homography: Floats

    def forward(self, points: Points) -> Points:
        """Map points of the page, x and y in page px, (..., 2), to picture px."""
        return project(self.homography, self.curl.forward(np.asarray(points, np.float64)))

    def back(self, points: Points) -> Points:
        """Map points of the picture, x and y in picture px, (..., 2), to page px."""
        return self.curl.back(
            project(np.asarray(np.linalg.inv(self.homography), np.float64), np.asarray(points, np.float64))
        )

    @property
    def identity(self) -> bool:
        """Whether the map moves no pixel."""
        same_size = self.page_size_px == self.picture_size_px
        return not self.curl.rise and same_size and np.allclose(self.homography, np.eye(3), rtol=0, atol=1e-9)

    def resized(self, scale: float) -> "PageMap":
        """Return the map into the picture resized to `scale` times its size, in whole px."""
        size = (max(1, round(self.picture_size_px[0] * scale)), max(1, round(self.picture_size_px[1] * scale)))
        stretch = np.diag([size[0] / self.picture_size_px[0], size[1] / self.picture_size_px[1], 1.0])
        return PageMap(self.page_size_px, size, self.curl, stretch @ self.homography)

    def warp(self, page: Image, *, background: int) -> Image:
        """Draw the page as it looks in the picture.

        Args:
            page: The page at any resolution, uint8 (height, width).
            background: The grey around the page.
        """
        height, width = page.shape
        if self.identity and (width, height) == self.page_size_px:
            return page
        x, y = self.source_grid()
        x = x * np.float32(width / self.page_size_px[0]) - np.float32(0.5)
        y = y * np.float32(height / self.page_size_px[1]) - np.float32(0.5)
        drawn = cv2.remap(
            page, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(float(background),)
        )
        return np.asarray(drawn, np.uint8)

    def source_grid(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the x and y in page px of the point that the centre of every picture pixel shows."""
        width, height = self.picture_size_px
        columns, rows = -(-width // _MAP_CELL_PX), -(-height // _MAP_CELL_PX)
        xs, ys = ((np.arange(count) + 0.5) * _MAP_CELL_PX for count in (columns, rows))
        coarse = self.back(np.stack(np.meshgrid(xs, ys), axis=-1))
        size = (columns * _MAP_CELL_PX, rows * _MAP_CELL_PX)
        return _enlarged(coarse[..., 0], size)[:height, :width], _enlarged(coarse[..., 1], size)[:height, :width]


def _enlarged(coarse: Floats, size: tuple[int, int]) -> NDArray[np.float32]:
    """Enlarge a smooth grid of values in the middles of cells; beyond the outer values it goes on straight."""
    padded = np.pad(coarse, 1, mode="reflect", reflect_type="odd").astype(np.float32)
    large = cv2.resize(padded, (size[0] + 2 * _MAP_CELL_PX, size[1] + 2 * _MAP_CELL_PX), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[_MAP_CELL_PX:-_MAP_CELL_PX, _MAP_CELL_PX:-_MAP_CELL_PX])


def project(homography: Floats, points: Points) -> Points:
    """Apply a homography to points, (..., 2)."""
    moved = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1) @ homography.T
    return np.asarray(moved[..., :2] / moved[..., 2:])


def tilt(size_px: tuple[int, int], *, pitch_deg: float, yaw_deg: float) -> Floats:
    """Return the homography of a camera above a page's centre that looks to one side of it (keystone).

    Args:
        size_px: The (width, height) of the page in px.
        pitch_deg: The angle by which the camera turns towards the page's lower edge.
        yaw_deg: The angle by which it turns towards the right edge.

    Returns:
        The homography, float64 (3, 3), of a camera turned about its lens.
    """
    pitch, yaw = np.radians([pitch_deg, yaw_deg])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    distance = CAMERA_HEIGHT * size_px[0]
    lens = np.diag([distance, distance, 1.0])
    return _about_centre(lens @ about_x @ about_y @ np.linalg.inv(lens), size_px)


def rotation(size_px: tuple[int, int], angle_deg: float) -> Floats:
    """Return the homography that turns a page about its centre, clockwise as seen, float64 (3, 3)."""
    quarters, rest = divmod(angle_deg, 90.0)
    sine, cosine = np.sin(np.radians(rest)), np.cos(np.radians(rest))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # exact, without rounding
    return _about_centre(np.linalg.matrix_power(quarter, int(quarters)) @ turn, size_px)


def _about_centre(homography: Floats, size_px: tuple[int, int]) -> Floats:
    shift = np.array([[1, 0, size_px[0] / 2], [0, 1, size_px[1] / 2], [0, 0, 1]])
    result = shift @ homography @ np.linalg.inv(shift)
    return np.asarray(result / result[2, 2])


def framed(curl: Curl, homography: Floats, *, margin: float) -> PageMap:
    """Return the map whose picture just holds the whole page with a margin.

    Args:
        curl: The cylinder.
        homography: The homography that follows the cylinder.
        margin: The space at each side, as a share of the page's width.
    """
    bounds = _bounds(lambda points: project(homography, curl.forward(points)), curl.size_px)
    room = margin * curl.size_px[0]
    left, top = np.floor(bounds[0] - room + 1e-6)
    right, bottom = np.ceil(bounds[1] + room - 1e-6)
    shift = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
    return PageMap(curl.size_px, (int(right - left), int(bottom - top)), curl, shift @ homography)


def _bounds(forward: Callable[[Points], Points], size_px: tuple[int, int]) -> Points:
    """Return the lowest and highest x and y, (2, 2), of a page's edge after a map."""
    width, height = size_px
    along = np.linspace(0, 1, 65)
    zero, one = np.zeros_like(along), np.ones_like(along)
    edges = [(along, zero), (along, one), (zero, along), (one, along)]
    edge = forward(np.concatenate([np.stack([x * width, y * height], axis=-1) for x, y in edges]))
    return np.stack([edge.min(axis=0), edge.max(axis=0)])
