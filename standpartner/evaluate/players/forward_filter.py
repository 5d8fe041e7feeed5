"""Follows by an agent's ``locate`` with a forward filter over position and speed, which needs no learning.

Each frame the belief (`standpartner.follow.hidden_markov`) moves every cell by its speed, lets the speed change a
little, and multiplies with how well ``locate`` says the music fits each place in the window around the present
estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent
from standpartner.agent.columns import column_offsets_px
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import episode_of_positions
from standpartner.evaluate.players.player import PlayConfig, TrackPlayer
from standpartner.follow.hidden_markov import Belief, normal_mixing
from standpartner.game.encoded import EncodedTracks
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track

CELL_PX = 4
NEAR_PX = 256  # half a window


@dataclass(frozen=True)
class FilterConfig:
    """The filter's settings, chosen on the validation split of the tunes (``benchmarks/tune_filter.py``).

    Attributes:
        max_speed_px: The highest speed of the grid 0, 0.5, ..., in strip px a frame.
        speed_spread_px: The standard deviation of the change of speed in a frame, in strip px a frame.
        jump: The share of the belief that is spread along the window each frame (line ends, surprises).
        trust: The exponent of ``locate``'s probabilities, as frames are not independent of each other.
        floor: The number that is added to the probabilities, so that one wrong frame does not rule a place out.
    """

    max_speed_px: float = 24.0
    speed_spread_px: float = 0.4
    jump: float = 0.0
    trust: float = 0.4
    floor: float = 0.003


class ForwardFilter:
    """Filters the position on one strip.

    Args:
        width_px: The width of the strip in px.
        start_px: The strip x at which the music begins in px.
        config: The settings of the filter.
    """

    def __init__(self, width_px: int, *, start_px: float, config: FilterConfig) -> None:
        self.config = config
        speeds_px = np.arange(0, config.max_speed_px + 0.5, 0.5)
        mixing = normal_mixing(speeds_px, config.speed_spread_px)
        self.belief = Belief(width_px // CELL_PX + 1, CELL_PX, speeds_px=speeds_px, mixing=mixing, keep_end=True)
        self.belief.begin(start_px)
        self.position_px = start_px

    def predict(self) -> None:
        """Advance the belief by one frame of motion."""
        moved = self.belief.moved()
        near = np.abs(self.belief.centres_px - self.position_px) < NEAR_PX
        jumped = near / (near.sum() * len(moved))
        self.belief.take((1 - self.config.jump) * moved / moved.sum() + self.config.jump * jumped)

    def correct(self, locate: NDArray[np.float32]) -> float:
        """Weight the belief by the sound of the frame.

        Args:
            locate: The logits of the window at the present estimate, (64,).

        Returns:
            The new estimate in strip px.
        """
        probabilities = np.exp(locate - locate.max())
        probabilities /= probabilities.sum()
        columns_px = self.position_px + column_offsets_px()
        fit = np.interp(self.belief.centres_px, columns_px, probabilities, left=0.0, right=0.0) + self.config.floor
        self.belief.take(self.belief.table * fit**self.config.trust)
        self.position_px = self.belief.peak().x_px
        return self.position_px


class ForwardFilterPlayer(TrackPlayer):
    """Follows with the filter over an agent's ``locate``. It plays no game.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, f"filter:{agent.name}"

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Follow once; see `Player.play`."""
        return [filter_episodes(EncodedTracks(self.agent, tracks), tracks, game=config.game)]


def filter_episodes(
    encoded: EncodedTracks, tracks: Sequence[Track], *, game: GameConfig, config: FilterConfig | None = None
) -> list[Episode]:
    """Follow every track to its end with the filter; it is lost beyond the game's bound."""
    config = config or FilterConfig()
    return [_filter_episode(encoded, number, track, game, config) for number, track in enumerate(tracks)]


def _filter_episode(
    encoded: EncodedTracks, number: int, track: Track, game: GameConfig, config: FilterConfig
) -> Episode:
    place = ForwardFilter(track.strip.shape[1], start_px=track.start_px, config=config)
    agent, which = encoded.agent, np.array([number])
    nothing, silent = np.zeros(1, np.float32), agent.empty_memory(1)
    positions = [place.position_px]
    for frame in range(track.first_frame + 1, track.last_frame + 1):
        place.predict()
        heard = encoded.embeddings(which, np.array([frame]))
        seen = encoded.windows(which, np.array([place.position_px]))
        located = agent.decide(seen, heard, speed_px=nothing, memory=silent).locate[0]
        positions.append(place.correct(located))
    return episode_of_positions(track, np.array(positions), bound_px=game.bound_px)
