"""Measures where on a printed strip the heads of an engraved score may stand, by looking for their engraved pictures.

Both strips have staff lines 7 px apart, so that a head of the engraving looks much like the same head in print, at the
same distance from its staff.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from standpartner.constants import STAFF_SPACING_PX, STRIP_HEIGHT_PX
from standpartner.score.model import Image, Score
from standpartner.score.tables import Floats, Ints, Systems

HALF_PX: Final = 5  # half the side of the picture of a head
_LOOSE_PX: Final = 2  # by which a head may stand higher or lower than on the engraving
_STAFF_PX: Final = 4 * STAFF_SPACING_PX
_EDGE: Final = HALF_PX + _LOOSE_PX
_SPACINGS_PX: Final = STAFF_SPACING_PX * np.linspace(0.9, 1.1, 9)  # of staves whose systems were scaled as a whole
_FAINT: Final = 12.0  # the spread of grey below which a picture shows nothing


def staff_rows(strip: Image, systems: Systems, staves: Ints) -> list[Floats]:
    """Find the row of the middle line of each staff.

    Args:
        strip: The strip, uint8 (160, width).
        systems: Its systems.
        staves: The number of staves that each system shows on the strip.

    Returns:
        For each system the rows in strip px, downwards.
    """
    rows = []
    for left, right, count in zip(systems.strip_left_px, systems.strip_right_px, staves, strict=True):
        ink = 1 - strip[:, round(left) : max(round(right), round(left) + 1)].astype(np.float64) / 255
        rows.append(_combs(np.percentile(ink, 40, axis=1), int(count)))
    return rows


def _combs(profile: Floats, count: int) -> Floats:
    """Find the middles of some combs of five lines in a profile of the rows' ink; staves differ a little in size."""
    middle = np.arange(_STAFF_PX / 2, STRIP_HEIGHT_PX - _STAFF_PX / 2, 0.25)
    places = np.arange(STRIP_HEIGHT_PX) + 0.5
    fits = []
    for spacing in _SPACINGS_PX:
        lines = sum(np.interp(middle + k * spacing, places, profile) for k in range(-2, 3))
        gaps = sum(np.interp(middle + (k + 0.5) * spacing, places, profile) for k in range(-2, 2))
        fits.append(lines - gaps)
    fit = np.max(fits, axis=0)
    found: list[float] = []
    for _ in range(count):
        best = float(middle[int(np.argmax(fit))])
        found.append(best)
        fit = np.where(np.abs(middle - best) < _STAFF_PX, -np.inf, fit)
    return np.sort(np.array(found))


@dataclass(frozen=True)
class Strip:
    """A strip on which heads are looked for, with the rows of its staves; see `staff_rows`."""

    grey: Image
    left_px: Floats
    right_px: Floats
    rows: list[Floats]


@dataclass(frozen=True)
class EngravedHeads:
    """The pictures of the heads of an engraved score.

    Attributes:
        onset: The onset of each head.
        offset_px: The distance of each head from the place of its onset.
        staff: The staff nearest to each head, counted from 0.
        below_px: The distance of each head below the middle line of that staff.
        pictures: The picture around each head, float32 (heads, 11, 11).
    """

    onset: Ints
    offset_px: Floats
    staff: Ints
    below_px: Floats
    pictures: np.ndarray

    def of_onset(self, onset: int) -> slice:
        """The heads of an onset."""
        return slice(*np.searchsorted(self.onset, (onset, onset + 1)))


def nearest_staff(y_px: Floats, rows: list[Floats]) -> tuple[Ints, Floats]:
    """Find for each head the nearest staff of its system and the distance below that staff's middle line.

    Args:
        y_px: The row of each head.
        rows: The rows of the staves of the system of each head.
    """
    staff = np.array([int(np.argmin(np.abs(own - y))) for y, own in zip(y_px, rows, strict=True)], np.int64)
    return staff, y_px - np.array([own[index] for index, own in zip(staff, rows, strict=True)])


def engraved_heads(score: Score, rows: list[Floats]) -> EngravedHeads:
    """Cut the pictures of the heads that start a note out of an engraved strip.

    Args:
        score: The engraved score.
        rows: The rows of the staves of its systems.
    """
    heads, onsets = score.noteheads, score.onsets
    inside = (heads.y_px > HALF_PX) & (heads.y_px < STRIP_HEIGHT_PX - HALF_PX)
    kept = np.flatnonzero((heads.onset >= 0) & ~heads.grace & inside)
    kept = kept[np.argsort(heads.onset[kept], kind="stable")]
    onset = heads.onset[kept]
    staff, below = nearest_staff(heads.y_px[kept], [rows[system] for system in onsets.system[onset]])
    framed = np.pad(score.strip, HALF_PX, constant_values=255)
    size = (2 * HALF_PX + 1, 2 * HALF_PX + 1)
    pictures = [
        cv2.getRectSubPix(framed, size, (float(x) + HALF_PX - 0.5, float(y) + HALF_PX - 0.5))
        for x, y in zip(heads.x_px[kept], heads.y_px[kept], strict=True)
    ]
    return EngravedHeads(
        onset=onset,
        offset_px=heads.x_px[kept] - onsets.x_px[onset],
        staff=staff,
        below_px=below,
        pictures=np.array(pictures, np.float32).reshape(-1, *size),
    )


def likeness(strip: Strip, heads: EngravedHeads, onset: int, *, system: int) -> Floats | None:
    """Measure how well the heads of an onset fit each place of a system in print.

    Args:
        strip: The printed strip.
        heads: The engraved heads.
        onset: The onset.
        system: The system.

    Returns:
        The mean correlation of the heads' pictures with the print, -1 to 1, for each column of the system; None if the
        onset has no head that can be looked for.
    """
    left, right = int(strip.left_px[system]), int(strip.right_px[system])
    own = heads.of_onset(onset)
    curves = []
    for picture, staff, below, offset in zip(
        heads.pictures[own], heads.staff[own], heads.below_px[own], heads.offset_px[own], strict=True
    ):
        rows = strip.rows[system]
        middle = round(float(rows[min(int(staff), len(rows) - 1)] + below) - 0.5)
        if middle - _EDGE < 0 or middle + _EDGE >= STRIP_HEIGHT_PX:
            continue
        band = strip.grey[middle - _EDGE : middle + _EDGE + 1, left:right]
        curves.append(_slid(_best_fit(band, picture), float(offset)))
    return np.mean(curves, axis=0) if curves else None


def _best_fit(band: Image, picture: np.ndarray) -> Floats:
    framed = cv2.copyMakeBorder(band, 0, 0, HALF_PX, HALF_PX, cv2.BORDER_CONSTANT, value=255)
    if picture.std() < _FAINT:
        return np.zeros(band.shape[1])
    fits = cv2.matchTemplate(framed.astype(np.float32), picture, cv2.TM_CCOEFF_NORMED)
    return np.nan_to_num(fits, posinf=0.0, neginf=0.0).clip(-1, 1).max(axis=0).astype(np.float64)


def _slid(curve: Floats, offset_px: float) -> Floats:
    """Return the curve over places of the onset, from one over places of the head."""
    places = np.arange(len(curve)) + offset_px
    return np.interp(places, np.arange(len(curve)), curve)
