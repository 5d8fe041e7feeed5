"""Read-once networks as players: strip and sound are encoded once, and a small graph decides in every frame."""

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
    """Everything an agent reads and hears of some tracks, encoded once.

    Args:
        agent: The agent whose encoders are used.
        tracks: The performances; those of one strip share its reading.
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
        """Cut (n, 64, features + 2) windows of strips: (n,) track numbers, (n,) positions in strip px."""
        index, fraction = window_index(position_px, self._counts[tracks])
        return window(self._views, self._view_starts[tracks] + index, fraction)

    def embeddings(self, tracks: IntArray, frame: IntArray) -> Floats:
        """Return (n, features) embeddings: (n,) track numbers, (n,) frames."""
        heard: Floats = self._embeddings[self._embedding_starts[tracks] + frame]
        return heard


def _starts(parts: Sequence[Floats]) -> NDArray[np.int64]:
    """Return where each part begins when all stand one after the other."""
    return np.cumsum([0, *map(len, parts)])[:-1]


class ReadOnceDecisions:
    """A read-once agent in one game.

    Args:
        encoded: The game's tracks, in their order, as the agent reads and hears them.
        episodes: How many episodes the game has.
    """

    def __init__(self, encoded: EncodedTracks, *, episodes: int) -> None:
        self.encoded = encoded
        self.memory = encoded.agent.empty_memory(episodes)

    def decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        """See `DecisionMaker.decide`."""
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
    """A read-once agent that plays the game.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self.name = agent, agent.name

    def decision_maker(self, tracks: Sequence[Track], *, game: GameConfig, episodes: int) -> ReadOnceDecisions:
        """See `AgentPlayer.decision_maker`; the agent plays by any rules."""
        return ReadOnceDecisions(EncodedTracks(self.agent, tracks), episodes=episodes)

    def seen_px(self, game: GameConfig) -> tuple[int, int]:
        """See `AgentPlayer.seen_px`."""
        return WINDOW_COLUMNS * COLUMN_STRIDE_PX, STRIP_HEIGHT_PX

    def follow(self, performance: HeardPerformance) -> FollowedFrames:
        """Follow one performance without the search's help; see `Player.follow`."""
        return follow_performance(self.agent, performance, config=PursuitConfig(jump=False))
