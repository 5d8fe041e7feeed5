"""Plays with read-once networks: strip and sound are encoded once, and a small graph decides in every frame."""

from collections.abc import Sequence

import numpy as np

from standpartner.agent.bundle import Agent, Decision
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.evaluate.players.agent_player import AgentPlayer, in_parts, joined
from standpartner.evaluate.players.follower import follow_performance
from standpartner.evaluate.players.player import FollowedFrames, HeardPerformance
from standpartner.follow.pursuit import PursuitConfig
from standpartner.game.batched import BatchedGame
from standpartner.game.encoded import EncodedTracks
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track


class ReadOnceDecisions:
    """Decides with a read-once agent in one game.

    Args:
        encoded: The game's tracks in their order, encoded by the agent.
        episodes: The number of episodes in the game.
    """

    def __init__(self, encoded: EncodedTracks, *, episodes: int) -> None:
        self.encoded = encoded
        self.memory = encoded.agent.empty_memory(episodes)

    def decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        """Decide for running episodes; see `DecisionMaker.decide`."""
        return joined([self._decide(game, some) for some in in_parts(episodes)])

    def _decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        tracks = game.track[episodes]
        decision = self.encoded.agent.decide(
            self.encoded.windows(tracks, game.position_px[episodes]),
            self.encoded.embeddings(tracks, game.frame[episodes]),
            speed_px=game.speed[episodes].astype(np.float32),
            memory=self.memory[episodes],
        )
        self.memory[episodes] = decision.memory
        return decision


class ReadOncePlayer(AgentPlayer):
    """Plays the game with a read-once agent.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, agent.name

    def decision_maker(self, tracks: Sequence[Track], *, game: GameConfig, episodes: int) -> ReadOnceDecisions:
        """Put the agent into a game of any rules; see `AgentPlayer.decision_maker`."""
        return ReadOnceDecisions(EncodedTracks(self.agent, tracks), episodes=episodes)

    def seen_px(self, game: GameConfig) -> tuple[int, int]:
        """Return the size of the agent's window; see `AgentPlayer.seen_px`."""
        return WINDOW_COLUMNS * COLUMN_STRIDE_PX, STRIP_HEIGHT_PX

    def follow(self, performance: HeardPerformance, pursuit: PursuitConfig | None = None) -> FollowedFrames:
        """Follow one performance without the search's help; see `Player.follow`."""
        return follow_performance(self.agent, performance, config=PursuitConfig(jump=False))
