"""Finds where in the score a performance begins."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import ScoreError
from standpartner.score import Score

ANYWHERE: Final = "auto"
_SAME_ONSET_PX: Final = 12.0  # the follower is about as exact as this


@dataclass(frozen=True)
class Beginning:
    """The place in the score where a performance begins.

    Attributes:
        x_px: The place on the strip in px.
        pitch: The MIDI pitches that start there; empty where the score is a picture or the place is unknown.
        known: Whether the music is known to begin there; if not, it may begin anywhere.
        bar_px: The left and right end on the strip in px of the bar of that place; the whole strip where no bars are
            known.
    """

    x_px: float
    pitch: NDArray[np.int64]
    bar_px: tuple[float, float]
    known: bool = True


def find_beginning(score: Score, from_measure: int | str | None = None) -> Beginning:
    """Find where a performance begins.

    Args:
        score: The score that is played.
        from_measure: The printed number of its first measure; None stands for the first note, `ANYWHERE` for any place.

    Returns:
        The first onset in or after the measure; in a picture, the measure's left barline.

    Raises:
        ScoreError: There is no such measure, no note starts in or after it, or a picture's measures are unknown.
    """
    if from_measure == ANYWHERE:
        return begin_at(score, score.begin_px, known=False)
    if score.has_notation:
        return _at_onset(score, 0 if from_measure is None else _first_onset(score, from_measure))
    return begin_at(score, score.begin_px if from_measure is None else _left_of_bar(score, from_measure))


def begin_at(score: Score, x_px: float, *, known: bool = True) -> Beginning:
    """Return a beginning at a place on the strip in px, whose pitches are not looked up."""
    return Beginning(x_px, np.zeros(0, np.int64), _bar_px(score, x_px), known)


def next_beginning(score: Score, x_px: float) -> Beginning:
    """Find where a performance goes on after a pause.

    Args:
        score: The score that is played.
        x_px: The place on the strip in px of the last note before the pause.

    Returns:
        The first onset beyond that place; in a picture, the place itself.
    """
    if not score.has_notation:
        return begin_at(score, x_px)
    beyond = int(np.searchsorted(score.onsets.x_px, x_px + _SAME_ONSET_PX, side="right"))
    onset = min(beyond, len(score.onsets) - 1)
    return _at_onset(score, onset)


def _at_onset(score: Score, onset: int) -> Beginning:
    x_px = float(score.onsets.x_px[onset])
    return Beginning(x_px, score.notes.pitch[score.notes.onset == onset], _bar_px(score, x_px))


def _bar_px(score: Score, x_px: float) -> tuple[float, float]:
    """Return the first and last px of the strip that belong to the bar of a place."""
    if score.bars is None:
        return 0.0, score.width_px - 1.0
    edges_px = [0.0, *score.bars.strip_left_px[1:].tolist(), float(score.width_px)]
    bar = int(np.searchsorted(edges_px, x_px, side="right")) - 1
    return edges_px[bar], edges_px[bar + 1] - 1.0


def _first_onset(score: Score, label: int | str) -> int:
    """Return the index of the first onset in or after the measure with a printed label."""
    onset = int(np.searchsorted(score.onsets.measure, _measure(score, label)))
    if onset == len(score.onsets):
        raise ScoreError(f"no note starts in measure {label} or after it; begin earlier")
    return onset


def _left_of_bar(score: Score, label: int | str) -> float:
    if score.bars is None:
        raise ScoreError(
            f"the measures of {_name(score)} are unknown, for it is a picture; begin at its first note, or let the "
            f'follower find the place by listening (from_measure="{ANYWHERE}")'
        )
    return max(score.begin_px, float(score.bars.strip_left_px[_measure(score, label)]))


def _measure(score: Score, label: int | str) -> int:
    labels = [] if score.bars is None else [str(name) for name in score.bars.label]
    try:
        return labels.index(str(label).strip())
    except ValueError:
        raise ScoreError(
            f"there is no measure {label} in {_name(score)}: its measures are {labels[0]} to {labels[-1]}"
        ) from None


def _name(score: Score) -> str:
    return score.title or "the score"
