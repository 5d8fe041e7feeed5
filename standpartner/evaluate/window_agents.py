"""Window networks' bundles in the game, many episodes side by side, without PyTorch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import WindowAgent
from standpartner.errors import ConfigError
from standpartner.evaluate.episodes import Episode, play_episodes
from standpartner.evaluate.localisation import localisation_episodes
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows


class WindowPlayer:
    """A window agent that plays; greedy, or drawing its actions.

    Args:
        agent: that acts.
        game: whose windows it sees.
        tracks: of the game, in their order.
        seed: of the drawn actions; None takes the most probable one.
    """

    def __init__(
        self, agent: WindowAgent, game: GameConfig, *, tracks: Sequence[Track], seed: int | None = None
    ) -> None:
        self.agent = agent
        self.windows = Windows(tracks, game, differences=agent.config.differences)
        self.rng = None if seed is None else np.random.default_rng(seed)
        self._before_px: NDArray[np.float64] | None = None  # positions in the state before

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        """Choose an action for every running episode."""
        running = np.flatnonzero(game.running)
        first = game.frame[running] == game.start_frame[running]
        before = game.position_px if self._before_px is None else self._before_px
        views = Views.of(game, running, before_px=before[running], first=first)
        self._before_px = game.position_px.copy()
        logits, _ = self.agent.decide(*self.windows.cut(views))
        noise = 0.0 if self.rng is None else self.rng.gumbel(size=logits.shape)
        actions = np.zeros(game.n_episodes, np.int64)
        actions[running] = np.argmax(logits + noise, axis=1)
        return actions


def window_runs(
    agent: WindowAgent, tracks: Sequence[Track], *, game: GameConfig, seeds: Sequence[int]
) -> list[list[Episode]]:
    """Runs over all tracks: drawn actions if there are several seeds, greedy ones for one; one run of localisation.

    Args:
        agent: that acts or locates.
        tracks: one episode each.
        game: the rules; the agent must know their windows.
        seeds: one for each run.

    Raises:
        ConfigError: the agent sees other windows than the game shows.
    """
    if agent.config.game != game.name:
        raise ConfigError(
            f"agent {agent.name} sees windows of {agent.config.game!r}, these rules are {game.name!r}; "
            f"evaluate it with --game {agent.config.game}"
        )
    if agent.config.bins:
        return [localisation_episodes(agent.locate, tracks, game=game)]
    return [
        play_episodes(
            WindowPlayer(agent, game, tracks=tracks, seed=seed if len(seeds) > 1 else None), tracks, config=game
        )
        for seed in seeds
    ]
