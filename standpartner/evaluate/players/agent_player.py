"""Lets trained agents with any kind of network play many episodes side by side, without PyTorch."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Decision
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import play_runs
from standpartner.evaluate.players.player import PlayConfig, TrackPlayer
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track

DECIDED_AT_ONCE = 128  # episodes; with more, each costs a quarter more, as their arrays outgrow the caches


class DecisionMaker(Protocol):
    """The protocol of an agent in one game, which keeps its state from frame to frame."""

    def decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        """Decide for n running episodes; called once a frame.

        Args:
            game: The game.
            episodes: The numbers of all episodes that run, (n,).
        """
        ...


class AgentPolicy:
    """Acts by an agent's decisions, greedily or with drawn actions.

    Args:
        decisions: The decisions of the agent in the game.
        seeds: The seeds, one for each run of drawn actions. The game's episodes are the runs one after the other, and a
            run does not depend on the others. Without seeds the most probable action is taken.
    """

    def __init__(self, decisions: DecisionMaker, seeds: Sequence[int] = ()) -> None:
        self.decisions = decisions
        self.rngs = [np.random.default_rng(seed) for seed in seeds]

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        """Choose an action for every running episode; see `Policy.act`."""
        scores = np.zeros((game.n_episodes, len(game.config.actions)))
        running = np.flatnonzero(game.running)
        scores[running] = self.decisions.decide(game, running).action
        return np.argmax(scores + self._noise(scores.shape), axis=1)

    def _noise(self, shape: tuple[int, ...]) -> NDArray[np.float64] | float:
        """Return Gumbel noise, with which the greatest of an episode's logits is a drawn action."""
        if not self.rngs:
            return 0.0
        return np.concatenate([rng.gumbel(size=(shape[0] // len(self.rngs), shape[1])) for rng in self.rngs])


class AgentPlayer(TrackPlayer):
    """Plays with a trained agent that acts. A new kind of network is played by a subclass of this one."""

    @abstractmethod
    def decision_maker(self, tracks: Sequence[Track], *, game: GameConfig, episodes: int) -> DecisionMaker:
        """Put the agent into a game.

        Args:
            tracks: The game's tracks in their order.
            game: The rules.
            episodes: The number of episodes in the game.

        Raises:
            AgentError: The agent locates and does not act.
            ConfigError: The agent sees other windows than the game shows.
        """

    @abstractmethod
    def seen_px(self, game: GameConfig) -> tuple[int, int]:
        """Return the width and height in px of the part of the strip around the position that the agent sees."""

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play all runs side by side; see `Player.play`."""
        decisions = self.decision_maker(tracks, game=config.game, episodes=len(tracks) * config.runs)
        policy = AgentPolicy(decisions, config.drawn_seeds)
        return play_runs(policy, tracks, config=config.game, runs=config.runs)


def in_parts(episodes: IntArray) -> list[IntArray]:
    """Split episodes into parts that are decided at once."""
    return [episodes[start : start + DECIDED_AT_ONCE] for start in range(0, len(episodes), DECIDED_AT_ONCE)]


def joined(decisions: Sequence[Decision]) -> Decision:
    """Join the decisions of parts."""
    if len(decisions) == 1:
        return decisions[0]
    columns = ("action", "value", "locate", "track", "memory")
    return Decision(*(np.concatenate([getattr(one, name) for one in decisions]) for name in columns))
