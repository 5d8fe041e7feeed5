"""Plays with window networks, which see a window of the score in every frame and act or locate the music in it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Decision, WindowAgent
from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.agent_player import AgentPlayer, DecisionMaker, in_parts, joined
from standpartner.evaluate.players.localisation import localisation_episodes
from standpartner.evaluate.players.player import PlayConfig
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows


class WindowDecisions:
    """Decides with a window agent in one game.

    Args:
        agent: The agent.
        windows: The object that cuts windows of the game's tracks.
    """

    def __init__(self, agent: WindowAgent, windows: Windows) -> None:
        self.agent, self.windows = agent, windows
        self._before_px: NDArray[np.float64] | None = None  # the positions in the state before

    def decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        """Decide for running episodes without ``locate``; see `DecisionMaker.decide`."""
        before_px = game.position_px if self._before_px is None else self._before_px
        decided = [self._decide(game, some, before_px[some]) for some in in_parts(episodes)]
        self._before_px = game.position_px.copy()
        return joined(decided)

    def _decide(self, game: BatchedGame, episodes: IntArray, before_px: NDArray[np.float64]) -> Decision:
        first = game.frame[episodes] == game.start_frame[episodes]
        views = Views.of(game, episodes, before_px=before_px, first=first)
        action, value = self.agent.decide(*self.windows.cut(views))
        nothing = np.zeros((len(episodes), 0), np.float32)
        return Decision(action, value, locate=nothing, track=nothing, memory=nothing)


class WindowPlayer(AgentPlayer):
    """Plays the game with a window agent.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: WindowAgent) -> None:
        self.agent, self.name = agent, agent.name

    def decision_maker(self, tracks: Sequence[Track], *, game: GameConfig, episodes: int) -> DecisionMaker:
        """Put the agent into a game of the rules that it was trained on; see `AgentPlayer.decision_maker`."""
        _check_windows(self.agent, game)
        return WindowDecisions(self.agent, Windows(tracks, game, differences=self.agent.config.differences))

    def seen_px(self, game: GameConfig) -> tuple[int, int]:
        """Return the size of the agent's window; see `AgentPlayer.seen_px`."""
        return game.window_width_px, game.window_height_px


class LocatingPlayer(WindowPlayer):
    """Follows with a window agent that takes no actions but says where in the window the music is."""

    def decision_maker(self, tracks: Sequence[Track], *, game: GameConfig, episodes: int) -> DecisionMaker:
        """Raise an error, as the agent takes no actions.

        Raises:
            AgentError: The agent takes no actions; this is always raised.
        """
        raise AgentError(f"agent {self.name} says where the music is but takes no actions; choose one that acts")

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Follow once; see `Player.play`."""
        _check_windows(self.agent, config.game)
        return [localisation_episodes(self.agent.locate, tracks, game=config.game)]


def window_player(agent: WindowAgent) -> WindowPlayer:
    """Return the player for a window agent: one that acts or one that locates."""
    return LocatingPlayer(agent) if agent.config.bins else WindowPlayer(agent)


def _check_windows(agent: WindowAgent, game: GameConfig) -> None:
    """Raise a ConfigError if the agent sees other windows than those of some rules."""
    if agent.config.game != game.name:
        raise ConfigError(
            f"agent {agent.name} sees windows of {agent.config.game!r}, these rules are {game.name!r}; "
            f"use it with --game {agent.config.game}"
        )
