"""Measures how systems, bars and onsets lie on the strip and on the pages, for `standpartner.corpus.verify.checks`.

Nothing here uses how a piece was made, so an error in an engraver, a reader of print or a join shows.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image as PilImage

from standpartner.constants import STAFF_SPACING_PX, STRIP_HEIGHT_PX
from standpartner.score import Score

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STAFF_LINES: Final = 5
_LINE_INK: Final = 0.4  # the least darkness of two rows that hold a staff line, all along a system
_STAVES_ON_STRIP: Final = 2  # the most staves of a system that are sure to be on the strip
_SLACK_PX: Final = 1.0
_ON_PAGE: Final = 0.8


def onsets_in_systems(score: Score) -> Bools:
    """Tell for each onset whether it lies within its system on the strip; (onsets,)."""
    systems, onsets = score.systems, score.onsets
    left, right = systems.strip_left_px[onsets.system], systems.strip_right_px[onsets.system]
    return (onsets.x_px >= left) & (onsets.x_px <= right)


def bars_in_order(score: Score) -> Bools:
    """Tell for each measure whether it has a width, is in its system and does not overlap the one before; (measures,).

    A measure may begin 1 px before the end of the one before, and end 1 px beside its system.
    """
    systems, measures = score.systems, score.measures
    left, right = systems.strip_left_px[measures.system], systems.strip_right_px[measures.system]
    inside = (measures.strip_left_px >= left - _SLACK_PX) & (measures.strip_right_px <= right + _SLACK_PX)
    before = np.append(-np.inf, measures.strip_right_px[:-1])
    return inside & (measures.strip_right_px > measures.strip_left_px) & (measures.strip_left_px >= before - _SLACK_PX)


def onsets_in_bars(score: Score) -> Bools:
    """Tell for each onset whether it lies in its measure on the strip; (onsets,)."""
    measures, onsets = score.measures, score.onsets
    left, right = measures.strip_left_px[onsets.measure], measures.strip_right_px[onsets.measure]
    return (onsets.x_px >= left - _SLACK_PX) & (onsets.x_px <= right + _SLACK_PX)


def bars_with_onsets(score: Score) -> Bools:
    """Tell for each measure in which a head begins a sound whether it has an onset; (such measures,)."""
    measures, heads = score.measures, score.noteheads
    begins = (heads.onset >= 0) & ~heads.grace
    of_head = np.searchsorted(measures.strip_left_px, heads.x_px[begins], side="right") - 1
    return np.isin(np.unique(np.maximum(of_head, 0)), score.onsets.measure)


def staves_shown(score: Score) -> Bools:
    """Tell for each system whether the strip shows its staves: one, or two of several; (systems,).

    Staves are found by their lines in the image.
    """
    shown = np.array([len(staves_on_strip_px(score, system)) for system in range(len(score.systems))], int)
    return shown >= np.clip(score.systems.staves, 1, _STAVES_ON_STRIP)


def strip_scale(score: Score) -> Floats:
    """Return how far each system of notation is scaled down on the strip, (systems,); 1 where its staves fit."""
    if not score.has_notation:
        return np.ones(len(score.systems))
    height_px = score.systems.page_bottom_px - score.systems.page_top_px
    return np.minimum(1.0, STRIP_HEIGHT_PX * score.page_scale / height_px)


def staves_on_strip_px(score: Score, system: int) -> Floats:
    """Find the row on the strip of the bottom line of each staff of a system, from the top one down, (staves,)."""
    left, right = int(score.systems.strip_left_px[system]), int(score.systems.strip_right_px[system])
    scale = float(strip_scale(score)[system])
    strip = PilImage.fromarray(score.strip[:, left:right])
    if scale < 1:
        strip = strip.resize((right - left, round(STRIP_HEIGHT_PX / scale)), PilImage.Resampling.BICUBIC)
    return _bottom_lines_px(1 - np.asarray(strip).mean(axis=1) / 255, least_ink=_LINE_INK * scale) * scale


def _bottom_lines_px(rows: Floats, *, least_ink: float = _LINE_INK) -> Floats:
    """Find the bottom line of each staff by the darkness of rows, 0 to 1, at the strip's usual size."""
    pairs = rows[:-1] + rows[1:]  # a line may lie across two rows
    spacing = int(STAFF_SPACING_PX)
    height = (STAFF_LINES - 1) * spacing
    faintest = sliding_window_view(pairs, height + 1)[:, ::spacing].min(axis=1)  # of five lines; by the top one's row
    bottoms: list[float] = []
    for top in np.argsort(-faintest, kind="stable"):
        if faintest[top] < least_ink:
            break
        bottom = float(top + height + 1)
        if all(abs(bottom - other) > height for other in bottoms):
            bottoms.append(bottom)
    return np.sort(bottoms)


def pages_without_other_staves(score: Score) -> Bools:
    """Tell for each page whether all its staves are in its systems' boxes; (pages,).

    Staves are found by their lines between the leftmost and the rightmost edge of the page's systems.
    """
    return np.array([not len(_other_staves_px(score, page)) for page in range(len(score.pages))])


def _other_staves_px(score: Score, page: int) -> Floats:
    """Find the rows in page px of staves that are in no system's box."""
    systems, image = score.systems, PilImage.fromarray(score.pages[page])
    here = systems.page == page
    if not here.any():
        return np.zeros(0)
    left, right = systems.page_left_px[here].min(), systems.page_right_px[here].max()
    size = (max(1, round((right - left) / score.page_scale)), max(1, round(image.height / score.page_scale)))
    box = _on_page((left, 0.0, right, float(image.height)), image.size)
    rows = 1 - np.asarray(image.resize(size, PilImage.Resampling.BOX, box=box)).mean(axis=1) / 255
    middles = _bottom_lines_px(rows) - (STAFF_LINES - 1) / 2 * STAFF_SPACING_PX
    middles_px = middles * image.height / size[1]
    top, bottom = systems.page_top_px[here], systems.page_bottom_px[here]
    outside = ((middles_px[:, None] < top) | (middles_px[:, None] > bottom)).all(axis=1)
    return np.asarray(middles_px[outside])


def boxes_inside(score: Score) -> Bools:
    """Tell for each system whether its box is not empty and lies on its page; (systems,).

    The strip is higher than the staves, so a fifth of the box may be above or below a page that was cut close to them.
    """
    systems = score.systems
    height, width = np.array([page.shape for page in score.pages])[systems.page].T
    top, bottom = systems.page_top_px, systems.page_bottom_px
    along = (systems.page_left_px >= 0) & (systems.page_left_px < systems.page_right_px)
    on_page = np.minimum(bottom, height) - np.maximum(top, 0)
    return along & (systems.page_right_px <= width) & (top < bottom) & (on_page >= _ON_PAGE * (bottom - top))


def page_likeness(score: Score) -> Floats:
    """Correlate the ink in the columns of each system on its page with that on the strip; (systems,), -1 to 1."""
    systems = score.systems
    likeness = np.zeros(len(systems))
    for k in range(len(systems)):
        left, right = int(systems.strip_left_px[k]), int(systems.strip_right_px[k])
        box = (systems.page_left_px[k], systems.page_top_px[k], systems.page_right_px[k], systems.page_bottom_px[k])
        if right - left < 2 or box[0] >= box[2] or box[1] >= box[3]:
            continue
        page = PilImage.fromarray(score.pages[systems.page[k]])
        cut = page.resize((right - left, STRIP_HEIGHT_PX), PilImage.Resampling.BOX, box=_on_page(box, page.size))
        columns = np.stack([255.0 - np.asarray(image).mean(axis=0) for image in (cut, score.strip[:, left:right])])
        spread = columns.std(axis=1)
        if spread.all():
            likeness[k] = float(np.corrcoef(columns)[0, 1])
    return likeness


def _on_page(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the part of a box that is on the page, at least a pixel."""
    left, top = (min(max(edge, 0.0), limit - 1) for edge, limit in zip(box[:2], size, strict=True))
    right, bottom = (min(edge, limit) for edge, limit in zip(box[2:], size, strict=True))
    return left, top, max(right, left + 1), max(bottom, top + 1)
