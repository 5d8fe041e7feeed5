"""Following by localisation alone, as the paper's comparison MM-Loc does: every frame anew, where in the window?

The window stands where the last frame's music was found; nothing is expected of tempo, and nothing is remembered.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.evaluate.measures.episodes import Episode, followed
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.game.windows import Floats, Views, Windows

Locate = Callable[[Floats, Floats], Floats]  # windows (n, 1, h, w), excerpts (n, 1, 78, frames) -> logits (n, bins)


def located_px(logits: Floats, window_width_px: int) -> NDArray[np.float64]:
    """Where the music is: centres of the most probable bin and its two neighbours, weighted by their probabilities.

    Args:
        logits: (n, bins), left to right.
        window_width_px: of the window that the bins share evenly.

    Returns:
        (n,) strip px from the window's left edge.
    """
    bins = logits.shape[1]
    near = np.abs(np.arange(bins) - np.argmax(logits, axis=1)[:, None]) <= 1
    weight = np.where(near, np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64), 0.0)
    place = (weight * (np.arange(bins) + 0.5)).sum(axis=1) / weight.sum(axis=1)
    return place * window_width_px / bins


def localisation_episodes(locate: Locate, tracks: Sequence[Track], *, game: GameConfig) -> list[Episode]:
    """Follow every track, all side by side; being lost is judged by the game's bound, and nothing stops.

    Args:
        locate: says where in a window the music is.
        tracks: one episode each.
        game: bound and windows.
    """
    windows = Windows(tracks, game, differences=False)
    first, last, width = np.array([(t.first_frame, t.last_frame, t.strip.shape[1]) for t in tracks]).T
    position = np.array([track.onset_x_px[0] for track in tracks], np.float64)
    positions = [position.copy()]
    for step in range(1, int((last - first).max()) + 1):
        going = np.flatnonzero(first + step <= last)
        views = Views.alone(going, position[going], first[going] + step)
        left = views.centre_px - game.window_width_px // 2
        found = left + located_px(locate(*windows.cut(views)), game.window_width_px)
        position[going] = np.clip(found, 0.0, width[going] - 1.0)
        positions.append(position.copy())
    table = np.stack(positions)
    return [
        followed(track, table[: int(last[k] - first[k]) + 1, k], bound_px=game.bound_px)
        for k, track in enumerate(tracks)
    ]
