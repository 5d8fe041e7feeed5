"""Plays with read-once networks: strip and sound are encoded once, and a small graph decides in every frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Decision, Floats
from standpartner.agent.columns import window, window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.listening import hear_recording
from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.evaluate.players.agent_player import AgentPlayer, in_parts, joined
from standpartner.evaluate.players.follower import follow_performance
from standpartner.evaluate.players.player import FollowedFrames, HeardPerformance
from standpartner.follow.pursuit import PursuitConfig
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track


class EncodedTracks:
    """The strips and the sound of some tracks, encoded once by an agent.

    Args:
        agent: The agent whose encoders are used.
        tracks: The tracks; those of one strip share its reading.
    """

    def __init__(self, agent: Agent, tracks: Sequence[Track]) -> None:
        self.agent = agent
        strips = {id(track.strip): track.strip for track in tracks}
        views = [agent.read(strip) for strip in strips.values()]
        heard = [hear_recording(agent, track.spectrogram[: track.last_frame + 1])[0] for track in tracks]
        which = [list(strips).index(id(track.strip)) for track in tracks]
        self._views, self._view_starts = np.concatenate(views), _starts(views)[which]
        self._counts = np.array([len(view) - 2 * WINDOW_COLUMNS for view in views])[which]
        self._embeddings, self._embedding_starts = np.concatenate(heard), _starts(heard)

    def windows(self, tracks: IntArray, position_px: NDArray[np.float64]) -> Floats:
        """Cut windows, (n, 64, features + 2), of strips by track numbers, (n,), and positions, (n,) strip px."""
        index, fraction = window_index(position_px, self._counts[tracks])
        return window(self._views, self._view_starts[tracks] + index, fraction)

    def embeddings(self, tracks: IntArray, frame: IntArray) -> Floats:
        """Return the embeddings, (n, features), by track numbers, (n,), and frames, (n,)."""
        heard: Floats = self._embeddings[self._embedding_starts[tracks] + frame]
        return heard


def _starts(parts: Sequence[Floats]) -> NDArray[np.int64]:
    """Return the index at which each part begins when all are joined."""
    return np.cumsum([0, *map(len, parts)])[:-1]


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

    def follow(self, performance: HeardPerformance) -> FollowedFrames:
        """Follow one performance without the search's help; see `Player.follow`."""
        return follow_performance(self.agent, performance, config=PursuitConfig(jump=False))
