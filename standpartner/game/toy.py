"""Makes artificial tracks with clear marks, for tests and for checking that a learner learns at all."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ, STRIP_HEIGHT_PX
from standpartner.errors import GameError
from standpartner.game.rules import onset_frame
from standpartner.game.tracks import JumpingTrack, Track

_MARGIN_PX = 60  # room for the clef on a real strip
_TAIL_FRAMES = 20
_MARK_HALF_HEIGHT_PX, _MARK_HALF_WIDTH_PX = 3, 4
_LEVELS = 13  # the number of pitches: a higher level has a higher mark and a higher band
_JUMPING_ONSETS, _JUMPING_SPACING = 80, 8
_LOUDNESS, _DECAY_PER_FRAME = 1.5, 0.8


def ramp_track(
    px_per_frame: float = 2.0, n_onsets: int = 40, *, frames_per_onset: int = 8, lead_in_frames: int = 10, seed: int = 0
) -> Track:
    """Make a track whose target moves at one constant speed.

    Args:
        px_per_frame: The speed of the target.
        n_onsets: The number of onsets, 2 or more.
        frames_per_onset: The frames between neighbouring onsets.
        lead_in_frames: The silent frames before the first onset.
        seed: The seed of the pitches.

    Returns:
        The track; its name tells speed and seed.

    Raises:
        GameError: There are fewer than two onsets, or the values do not make a track.
    """
    frames = lead_in_frames + frames_per_onset * np.arange(n_onsets)
    x_px = _MARGIN_PX + px_per_frame * frames_per_onset * np.arange(n_onsets)
    return marked_track(f"ramp-{px_per_frame:g}-{seed}", frames / FRAME_RATE_HZ, onset_x_px=x_px, seed=seed)


def random_track(seed: int, n_onsets: int = 80) -> Track:
    """Make a track with uneven rhythm, spacing and tempo, much as in real music.

    Args:
        seed: The seed of all random draws.
        n_onsets: The number of onsets, 2 or more.

    Returns:
        The track.

    Raises:
        GameError: There are fewer than two onsets.
    """
    rng = np.random.default_rng(seed)
    quarters = rng.choice([0.25, 0.5, 1.0], size=max(n_onsets - 1, 0), p=[0.3, 0.5, 0.2])
    tempo = np.exp(np.cumsum(rng.normal(0, 0.03, size=quarters.size)))
    seconds = np.concatenate([[0.0], np.cumsum(quarters * 0.6 * tempo)]) + rng.uniform(0.1, 1.0)
    spacing_px = 14 + 22 * np.sqrt(quarters) + rng.uniform(0, 6, size=quarters.size)
    x_px = _MARGIN_PX + np.concatenate([[0.0], np.cumsum(spacing_px)])
    return marked_track(f"random-{seed}", seconds, onset_x_px=x_px, seed=seed)


def jumping_track(px_per_frame: float = 2.0, *, passages: Sequence[tuple[int, int]], seed: int = 0) -> JumpingTrack:
    """Make a track of 80 onsets, 8 frames apart, whose player jumps.

    Args:
        px_per_frame: The speed of the target within a passage.
        passages: The first and the last onset of each passage that is played, numbered from 0 to 79.
        seed: The seed of the pitches.

    Returns:
        The track.

    Raises:
        GameError: There is no passage, or one is not within the 80 onsets.
    """
    if not passages or any(not 0 <= first <= last < _JUMPING_ONSETS for first, last in passages):
        raise GameError(f"expected passages within {_JUMPING_ONSETS} onsets, at least one, got {passages}")
    x_px = _MARGIN_PX + px_per_frame * _JUMPING_SPACING * np.arange(_JUMPING_ONSETS, dtype=np.float64)
    levels = np.random.default_rng(seed).integers(_LEVELS, size=x_px.size)
    order = np.concatenate([np.arange(first, last + 1) for first, last in passages])
    starts = np.cumsum([0, *[last - first + 1 for first, last in passages]])[:-1]
    onset_s = (10 + _JUMPING_SPACING * np.arange(len(order))) / FRAME_RATE_HZ
    sound = _sound(onset_frame(onset_s), levels[order])
    return JumpingTrack(f"jumping-{seed}", onset_s, x_px[order], _draw_strip(x_px, levels), sound, starts)


def marked_track(name: str, onset_s: npt.NDArray[np.floating], *, onset_x_px: npt.ArrayLike, seed: int) -> Track:
    """Make a track with one mark per onset, whose height on the strip shows the band that sounds.

    Args:
        name: The name of the track.
        onset_s: The second at which each onset is played, (n,).
        onset_x_px: The strip x of each onset, (n,) px.
        seed: The seed of the pitches.

    Returns:
        The track.

    Raises:
        GameError: There are fewer than two onsets, or the values break the rules of a `Track`.
    """
    x_px = np.asarray(onset_x_px, dtype=np.float64)
    if x_px.size < 2:
        raise GameError(f"toy track {name!r}: needs at least 2 onsets, got {x_px.size}; ask for more")
    levels = np.random.default_rng(seed).integers(_LEVELS, size=x_px.size)
    return Track(name, onset_s, x_px, _draw_strip(x_px, levels), _sound(onset_frame(onset_s), levels))


def _draw_strip(x_px: npt.NDArray[np.float64], levels: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    strip = np.full((STRIP_HEIGHT_PX, int(x_px[-1]) + _MARGIN_PX), 255, dtype=np.uint8)
    middle = STRIP_HEIGHT_PX // 2
    strip[middle - 14 : middle + 15 : 7] = 160
    for x, level in zip(np.rint(x_px).astype(int), levels, strict=True):
        y = middle + 3 * (_LEVELS // 2 - int(level))
        rows = slice(y - _MARK_HALF_HEIGHT_PX, y + _MARK_HALF_HEIGHT_PX + 1)
        strip[rows, x - _MARK_HALF_WIDTH_PX : x + _MARK_HALF_WIDTH_PX + 1] = 0
    return strip


def _sound(frames: npt.NDArray[np.integer], levels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    spectrogram = np.zeros((int(frames[-1]) + _TAIL_FRAMES, BAND_COUNT), dtype=np.float32)
    fade = _LOUDNESS * _DECAY_PER_FRAME ** np.arange(_TAIL_FRAMES)
    for frame, level in zip(frames, levels, strict=True):
        band = 5 * int(level) + 4
        heard = spectrogram[frame : frame + _TAIL_FRAMES, band]
        np.maximum(heard, fade[: len(heard)], out=heard)
    return spectrogram
