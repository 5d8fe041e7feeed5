"""Players to compare with: an upper bound under the rules, and lower bounds that lack hearing, sight or both."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.agent_player import AgentPlayer
from standpartner.evaluate.players.episodes import play_runs
from standpartner.evaluate.players.player import PlayConfig, Player, TrackPlayer
from standpartner.game.policies import ConstantSpeedPolicy, OraclePolicy, RandomPolicy, constant_speed
from standpartner.game.tracks import Track
from standpartner.piece import Piece


class OraclePlayer(TrackPlayer):
    """Plays with knowledge of the targets: an upper bound."""

    name = "oracle"

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play once; see `Player.play`."""
        return play_runs(OraclePolicy(), tracks, config=config.game)


class RandomPlayer(TrackPlayer):
    """Plays random actions: a lower bound."""

    name = "random"

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play all runs; see `Player.play`."""
        return play_runs(RandomPolicy(config.seed), tracks, config=config.game, runs=config.runs)


class ConstantSpeedPlayer(Player):
    """Reads at the speed of the notated tempo without seeing or hearing: a lower bound."""

    name = "constant"

    def play(self, pieces: Sequence[Piece], config: PlayConfig) -> list[list[Episode]]:
        """Play once; see `Player.play`."""
        tracks = [piece.tracks() for piece in pieces]
        speeds_px = np.repeat([_notated_speed(piece) for piece in pieces], [len(own) for own in tracks])
        return play_runs(ConstantSpeedPolicy(speeds_px), list(chain.from_iterable(tracks)), config=config.game)


class _DeprivedPlayer(TrackPlayer):
    """The base of players that let an agent play without one of its senses, whose games are counted as they are.

    Args:
        agent: The agent.
    """

    sense: str

    def __init__(self, agent: AgentPlayer) -> None:
        self.agent, self.name = agent, f"{self.sense}:{agent.name}"

    @abstractmethod
    def deprived(self, track: Track) -> Track:
        """Return a track as the agent perceives it."""

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play all runs; see `Player.play`."""
        return self.agent.play_tracks([self.deprived(track) for track in tracks], config)


class DeafPlayer(_DeprivedPlayer):
    """Lets an agent play that hears silence: what the score image alone is worth."""

    sense = "deaf"

    def deprived(self, track: Track) -> Track:
        """Return a track without sound."""
        return replace(track, spectrogram=np.zeros_like(track.spectrogram))


class BlindPlayer(_DeprivedPlayer):
    """Lets an agent play that sees white paper: what the sound alone is worth."""

    sense = "blind"

    def deprived(self, track: Track) -> Track:
        """Return a track without print."""
        return replace(track, strip=np.full_like(track.strip, 255))


def _notated_speed(piece: Piece) -> float:
    """Return the speed of the notated tempo in strip px a frame."""
    return constant_speed(piece.score.onsets.time_s, piece.score.onsets.x_px)
