"""Draws batches of stretches of scores, with what is printed in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import KEY_COUNT
from standpartner.degrade import StripLook, print_strip
from standpartner.learn.data import ROWS, TrainingPiece, TrainingSet, ink_between

Stretch = tuple[NDArray, ...]


@dataclass(frozen=True)
class ScoreBatch:
    """Stretches of scores: B stretches, C columns each.

    Attributes:
        ink: The score, float32 (B, 1, 80, 4 C), 1 is black.
        heads: The noteheads, float32 (B, C, 80), 1 where one is.
        pitches: The keys of the piano that the noteheads mean, float32 (B, C, 88), 1 where one is.
        outline: The outline, float32 (B, C, 2); see `TrainingPiece`.
        in_strip: Whether the column is part of the strip, bool (B, C).
        piece: The index of the piece, int64 (B,).
        first_column: The column of the whole score with which the stretch begins, int64 (B,).
    """

    ink: NDArray[np.float32]
    heads: NDArray[np.float32]
    pitches: NDArray[np.float32]
    outline: NDArray[np.float32]
    in_strip: NDArray[np.bool_]
    piece: NDArray[np.int64]
    first_column: NDArray[np.int64]


class StretchMaker:
    """Cuts stretches out of a training set's scores.

    Args:
        data: The set.
        columns: The number of columns of a stretch.
        printed: The share of stretches that look like print from a scanner; see `StripLook`.
    """

    def __init__(self, data: TrainingSet, *, columns: int, printed: float) -> None:
        self.data, self.columns, self.printed = data, columns, printed

    def stretch(self, number: int, first: int, rng: np.random.Generator) -> Stretch:
        """Cut the columns from ``first`` on out of a piece, white and masked outside; return a row of `ScoreBatch`."""
        piece, stop = self.data.pieces[number], first + self.columns
        image = ink_between(piece, first, stop)
        if rng.random() < self.printed:
            image = print_strip(image, StripLook(), rng=rng)
        columns = np.arange(first, stop)
        in_strip = (columns >= 0) & (columns < piece.column_count)
        return (image[None], *self._truth(piece, first), in_strip, np.asarray(number), np.asarray(first))

    def _truth(self, piece: TrainingPiece, first: int) -> Stretch:
        """Return heads, pitches and outline of the columns from ``first`` on."""
        count = self.columns
        heads, pitches = np.zeros((count, ROWS), np.float32), np.zeros((count, KEY_COUNT), np.float32)
        outline = np.zeros((count, piece.outline.shape[1]), np.float32)
        low, high = max(first, 0), min(first + count, piece.column_count)
        if high > low:
            outline[low - first : high - first] = piece.outline[low:high]
        a, b = np.searchsorted(piece.head_column, (low, high))
        column = piece.head_column[a:b] - first
        heads[column, piece.head_row[a:b]] = 1.0
        pitches[column, piece.head_key[a:b]] = 1.0
        return heads, pitches, outline


def score_batch(stretches: list[Stretch]) -> ScoreBatch:
    """Put stretches of equal length into one batch."""
    return ScoreBatch(*(np.stack(column) for column in zip(*stretches, strict=True)))
