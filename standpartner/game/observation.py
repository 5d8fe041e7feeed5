"""What the agent sees and hears: score windows and spectrogram excerpts, without their differences."""

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT
from standpartner.errors import GameError
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track

_WHITE = 255


def score_windows(track: Track, position_px: npt.ArrayLike, *, config: GameConfig) -> npt.NDArray[np.float32]:
    """Score windows centred at positions, at shown size; paper beyond the strip's ends.

    The window is cut at the position rounded half up, so that strip px ``round(position)`` becomes window column
    ``width // 2``, and shrunk by averaging blocks.

    Args:
        track: whose strip.
        position_px: (n,) strip px.
        config: window size and downscale.

    Returns:
        float32 (n, shown height, shown width), 0 = white paper, 1 = black ink.

    Raises:
        GameError: a position is not finite.
    """
    positions = np.atleast_1d(np.asarray(position_px, dtype=np.float64))
    if not np.all(np.isfinite(positions)):
        raise GameError(f"positions must be finite strip px, got {positions}")
    width, height = config.window_width_px, config.window_height_px
    top = (track.strip.shape[0] - height) // 2
    centre = np.floor(positions + 0.5).astype(np.int64)
    columns = centre[:, None] - width // 2 + np.arange(width)
    on_strip = (columns >= 0) & (columns < track.strip.shape[1])
    band = track.strip[top : top + height]
    windows = band[:, np.clip(columns, 0, track.strip.shape[1] - 1)].transpose(1, 0, 2)
    windows = np.where(on_strip[:, None, :], windows, np.uint8(_WHITE))
    return shrink(_WHITE - windows, config.downscale)


def spectrogram_excerpts(track: Track, frame: npt.ArrayLike, *, config: GameConfig) -> npt.NDArray[np.float32]:
    """The last frames up to and including the given ones; zero before the recording starts.

    Args:
        track: whose spectrogram.
        frame: (n,) current frames, each on the spectrogram.
        config: how many frames are in view.

    Returns:
        float32 (n, 78, frames in view), the current frame last.

    Raises:
        GameError: a frame is off the spectrogram.
    """
    frames = np.atleast_1d(np.asarray(frame, dtype=np.int64))
    if frames.size and (frames.min() < 0 or frames.max() >= len(track.spectrogram)):
        raise GameError(f"frames must be from 0 to {len(track.spectrogram) - 1}, got {frames.min()} to {frames.max()}")
    seen = frames[:, None] - np.arange(config.frames_in_view - 1, -1, -1)
    excerpts = track.spectrogram[np.maximum(seen, 0)]
    excerpts = np.where((seen >= 0)[:, :, None], excerpts, np.float32(0.0))
    return excerpts.transpose(0, 2, 1).reshape(len(frames), BAND_COUNT, config.frames_in_view)


def shrink(ink: npt.NDArray[np.uint8], factor: int) -> npt.NDArray[np.float32]:
    """Average blocks of factor x factor and bring 0..255 to 0..1; adding slices is far faster than a mean over axes.

    Args:
        ink: (n, height, width), 255 is black.
        factor: whole divisor of height and width.
    """
    rows = ink[:, ::factor].astype(np.min_scalar_type(_WHITE * factor**2))
    for row in range(1, factor):
        rows += ink[:, row::factor]
    total = rows[:, :, ::factor].copy()
    for column in range(1, factor):
        total += rows[:, :, column::factor]
    return np.divide(total, _WHITE * factor**2, dtype=np.float32)
