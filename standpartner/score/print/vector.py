"""The straight lines of a vector page: a PDF from an engraver says exactly where it draws them."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pypdfium2
from pypdfium2 import raw

from standpartner.score.print.arrays import Array

_MOST_PATHS: Final = 60_000  # a page of an orchestral score has a few thousand
_MOST_POINTS: Final = 500  # in one path
_PICTURE: Final = 0.5  # of the page: a picture so large is a scan
_SLIM: Final = 0.25  # of its length: the thickest line, the last one of a single staff
_UNITS: Final = 100_000  # a page in device units, which are whole numbers


@dataclass(frozen=True)
class VectorLines:
    """Straight lines of a page, in its unit, from its left upper corner as it is shown.

    Attributes:
        across: Left end, right end and middle height of each line across, (lines, 3).
        upright: Top, bottom, middle and thickness of each upright line, (lines, 4).
    """

    across: Array
    upright: Array

    def placed(self, across: float, down: float, *, left: float) -> "VectorLines":
        """The same lines at another size and measured from another left edge.

        Args:
            across: New units for each unit to the right.
            down: New units for each unit downwards.
            left: Where the new left edge is, in new units.
        """
        lines = self.across * [across, across, down] - [left, left, 0]
        return VectorLines(lines, self.upright * [down, down, across, across] - [0, 0, left, 0])


def vector_lines(page: Any) -> VectorLines | None:
    """Read the straight lines of a page of a PDF.

    Args:
        page: A `pypdfium2.PdfPage`.

    Returns:
        The lines, or None if the page shows a picture, is too full or is damaged.
    """
    try:
        lines = list(_lines(page))
    except (pypdfium2.PdfiumError, _NoVectorsError):
        return None
    across = [(left, right, (top + bottom) / 2) for left, right, top, bottom in lines if right - left > bottom - top]
    upright = [
        (top, bottom, (left + right) / 2, right - left)
        for left, right, top, bottom in lines
        if right - left <= bottom - top
    ]
    return VectorLines(np.array(across).reshape(-1, 3), np.array(upright).reshape(-1, 4))


class _NoVectorsError(Exception):
    """The page is not to be read from its vectors."""


def _lines(page: Any) -> Iterator[tuple[float, float, float, float]]:
    """Left, right, top and bottom of each line, its thickness counted."""
    shown = _shown(page)
    width, height = page.get_size()
    kinds = [raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE]
    for number, item in enumerate(page.get_objects(filter=kinds, max_depth=8)):
        if number >= _MOST_PATHS:
            raise _NoVectorsError
        to_page = _matrix(item) @ shown
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            if abs(np.linalg.det(to_page[:2, :2])) > _PICTURE * width * height:
                raise _NoVectorsError
            continue
        pen = _pen(item) * abs(np.linalg.det(to_page[:2, :2])) ** 0.5
        for corners in _polygons(item):
            x, y = (np.array(corners) @ to_page[:2, :2] + to_page[2, :2]).T
            across, down = float(np.ptp(x)), float(np.ptp(y))
            if not np.isfinite(across + down) or max(across, down) * _SLIM < min(across, down):
                continue
            wider = pen / 2 if across < down else 0.0
            higher = pen / 2 if across >= down else 0.0
            yield float(x.min()) - wider, float(x.max()) + wider, float(y.min()) - higher, float(y.max()) + higher


def _shown(page: Any) -> Array:
    """The matrix from a page's own coordinates to the page as it is shown, for rows (x, y, 1)."""
    width, height = page.get_size()
    corners = []
    for x, y in ((0.0, 0.0), (1e3, 0.0), (0.0, 1e3)):
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, _UNITS, _UNITS, 0, x, y, at_x, at_y)
        corners.append((at_x.value * width / _UNITS, at_y.value * height / _UNITS, 1.0))
    origin, right, up = np.array(corners)
    return np.stack([(right - origin) / 1e3, (up - origin) / 1e3, origin])


def _matrix(item: Any) -> Array:
    """The matrix from an object's own coordinates to those of its page."""
    matrix = np.eye(3)
    while item is not None:
        a, b, c, d, e, f = item.get_matrix().get()
        matrix = matrix @ np.array([[a, b, 0.0], [c, d, 0.0], [e, f, 1.0]])
        item = item.container
    return matrix


def _pen(path: Any) -> float:
    """Thickness of a path's outline in its own unit; 0 if it is only filled."""
    fill, stroked, thickness = ctypes.c_int(), ctypes.c_int(), ctypes.c_float()
    raw.FPDFPath_GetDrawMode(path, fill, stroked)
    raw.FPDFPageObj_GetStrokeWidth(path, thickness)
    return thickness.value if stroked.value else 0.0


def _polygons(path: Any) -> Iterator[list[tuple[float, float]]]:
    """The lines and polygons of a path that has no curves."""
    count = raw.FPDFPath_CountSegments(path)
    polygon: list[tuple[float, float]] = []
    polygons = [polygon]
    for number in range(count if count <= _MOST_POINTS else 0):
        segment = raw.FPDFPath_GetPathSegment(path, number)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_BEZIERTO:
            return
        if kind == raw.FPDF_SEGMENT_MOVETO:
            polygon = []
            polygons.append(polygon)
        x, y = ctypes.c_float(), ctypes.c_float()
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        polygon.append((x.value, y.value))
    yield from (polygon for polygon in polygons if 2 <= len(polygon) <= 5)
