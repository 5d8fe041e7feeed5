"""Feature columns of a strip in numpy: the image they are made of, windows of them, and positions in windows."""

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS


def ink(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Make the ink image of a strip at half size.

    Args:
        strip: The strip, uint8 (160, width), 255 is white.

    Returns:
        The ink image, float32 (80, 4 * columns), 1 is black, padded with white to whole feature columns.
    """
    height, width = strip.shape
    padded = np.full((height, -(-width // COLUMN_STRIDE_PX) * COLUMN_STRIDE_PX), 255, np.uint8)
    padded[:, :width] = strip
    halves = padded.reshape(height // 2, 2, -1, 2).mean(axis=(1, 3), dtype=np.float32)
    return (1.0 - halves / 255.0).astype(np.float32)


def pad_columns(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add a window of empty columns at both ends: (columns, features) becomes (columns + 128, features)."""
    return np.pad(columns, ((WINDOW_COLUMNS, WINDOW_COLUMNS), (0, 0)))


def window_index(position_px: NDArray[np.float64], column_count: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
    """Return where the 64-column window at a position begins in padded columns.

    Window column j stands at ``position_px + (j - 31.5) * 8`` strip px; feature column i has its centre at ``8 i + 4``.

    Args:
        position_px: The positions of the agents in strip px, (n,), of any fraction.
        column_count: The number of columns of each strip without padding, (n,).

    Returns:
        The index of the first column, int64 (n,), and the fraction of the next one, float32 (n,). The window's column
        j is ``(1 - fraction) * padded[index + j] + fraction * padded[index + j + 1]``.
    """
    first = position_px / COLUMN_STRIDE_PX - 0.5 - (WINDOW_COLUMNS - 1) / 2 + WINDOW_COLUMNS
    first = np.minimum(np.maximum(first, 0), column_count + WINDOW_COLUMNS - 1)
    index = np.floor(first).astype(np.int64)
    return index, (first - index).astype(np.float32)


def window(padded: NDArray[np.float32], index: NDArray, fraction: NDArray) -> NDArray[np.float32]:
    """Cut windows of feature columns.

    Args:
        padded: The feature columns with a window of padding at both ends, (padded columns, features).
        index: The index of each window's first column from `window_index`, (n,).
        fraction: The fraction of the next column from `window_index`, (n,).

    Returns:
        The windows, (n, 64, features).
    """
    windows = np.empty((len(index), WINDOW_COLUMNS, padded.shape[1]), np.float32)
    for cut, first, share in zip(windows, index.tolist(), fraction.tolist(), strict=True):  # stays in the cache
        columns = padded[first : first + WINDOW_COLUMNS + 1]
        np.subtract(columns[1:], columns[:-1], out=cut)
        np.multiply(cut, share, out=cut)
        np.add(cut, columns[:-1], out=cut)
    return windows


def column_offsets_px() -> NDArray[np.float64]:
    """Return the distance of each column's centre from the window's middle in strip px, (64,), negative to the left."""
    return (np.arange(WINDOW_COLUMNS, dtype=np.float64) - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX


def located_px(logits: NDArray[np.float32], width_px: float) -> NDArray[np.float64]:
    """Return the x in a window at which the music is, from the most probable bin and its two neighbours.

    Args:
        logits: The logits of the bins, which share the window evenly from left to right, (..., bins).
        width_px: The width of the window in strip px.

    Returns:
        The strip px from the window's left edge, (...): the mean of the three bins' centres, weighted by their
        probabilities.
    """
    bins = logits.shape[-1]
    near = np.abs(np.arange(bins) - np.argmax(logits, axis=-1)[..., None]) <= 1
    weight = np.where(near, np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64), 0.0)
    place = (weight * (np.arange(bins) + 0.5)).sum(axis=-1) / weight.sum(axis=-1)
    return np.asarray(place * width_px / bins)
