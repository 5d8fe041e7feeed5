"""Follows by localisation alone, as the paper's comparison MM-Loc does: in every frame anew within the window.

The window stands where the last frame's music was found; nothing is expected of tempo, and nothing is remembered.
"""

from collections.abc import Callable, Sequence

import numpy as np

from standpartner.agent.columns import located_px
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import episode_of_positions
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.game.windows import Floats, Views, Windows

Locate = Callable[[Floats, Floats], Floats]  # windows (n, 1, h, w), excerpts (n, 1, 78, frames) -> logits (n, bins)


def localisation_episodes(locate: Locate, tracks: Sequence[Track], *, game: GameConfig) -> list[Episode]:
    """Follow every track to its end, all side by side; a track is lost beyond the game's bound.

    Args:
        locate: The function that gives the logits for where in a window the music is.
        tracks: The tracks, of which each is one episode.
        game: The game, which gives the bound and the windows.
    """
    windows = Windows(tracks, game, differences=False)
    first, last, width = np.array([(t.first_frame, t.last_frame, t.strip.shape[1]) for t in tracks]).T
    position = np.array([track.start_px for track in tracks])
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
        episode_of_positions(track, table[: int(last[k] - first[k]) + 1, k], bound_px=game.bound_px)
        for k, track in enumerate(tracks)
    ]
