"""Window networks' bundles in the game, many episodes side by side, without PyTorch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import WindowAgent
from standpartner.errors import ConfigError
from standpartner.evaluate.measures.episodes import Episode, play_runs
from standpartner.evaluate.players.agents import drawn_noise
from standpartner.evaluate.players.localisation import localisation_episodes
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.game.windows import Floats, Views, Windows

SEEN_AT_ONCE = 128  # episodes, which bounds the memory of their windows


class WindowPlayer:
    """A window agent that plays; greedy, or drawing its actions.

    Args:
        agent: that acts.
        game: whose windows it sees.
        tracks: of the game, in their order.
        seeds: one for each run of drawn actions, as `AgentPlayer` has them; without any the most
            probable action is taken.
    """

    def __init__(
        self, agent: WindowAgent, game: GameConfig, *, tracks: Sequence[Track], seeds: Sequence[int] = ()
    ) -> None:
        self.agent = agent
        self.windows = Windows(tracks, game, differences=agent.config.differences)
        self.rngs = [np.random.default_rng(seed) for seed in seeds]
        self._before_px: NDArray[np.float64] | None = None  # positions in the state before

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        """Choose an action for every running episode."""
        running = np.flatnonzero(game.running)
        scores = np.zeros((game.n_episodes, len(game.config.actions)))
        scores[running], _ = self.decide(game, running)
        return np.argmax(scores + drawn_noise(self.rngs, scores.shape), axis=1)

    def decide(self, game: BatchedGame, running: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Action logits (n, actions) and values (n,) for the n running episodes; once a frame."""
        first = game.frame[running] == game.start_frame[running]
        before = game.position_px if self._before_px is None else self._before_px
        views = Views.of(game, running, before_px=before[running], first=first)
        self._before_px = game.position_px.copy()
        parts = [slice(start, start + SEEN_AT_ONCE) for start in range(0, len(running), SEEN_AT_ONCE)]
        action, value = zip(*(self.agent.decide(*self.windows.cut(views.part(some))) for some in parts), strict=True)
        return np.concatenate(action), np.concatenate(value)


def check_windows(agent: WindowAgent, game: GameConfig) -> None:
    """Check that an agent knows the windows of some rules.

    Raises:
        ConfigError: it sees others.
    """
    if agent.config.game != game.name:
        raise ConfigError(
            f"agent {agent.name} sees windows of {agent.config.game!r}, these rules are {game.name!r}; "
            f"use it with --game {agent.config.game}"
        )


def window_runs(
    agent: WindowAgent, tracks: Sequence[Track], *, game: GameConfig, seeds: Sequence[int] = ()
) -> list[list[Episode]]:
    """Runs over all tracks: one for each seed, or a greedy one without seeds; localisation always has one.

    Args:
        agent: that acts or locates.
        tracks: one episode each.
        game: the rules; the agent must know their windows.
        seeds: of drawn actions.

    Raises:
        ConfigError: the agent sees other windows than the game shows.
    """
    check_windows(agent, game)
    if agent.config.bins:
        return [localisation_episodes(agent.locate, tracks, game=game)]
    return play_runs(WindowPlayer(agent, game, tracks=tracks, seeds=seeds), tracks, config=game, runs=len(seeds) or 1)
