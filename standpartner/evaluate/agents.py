"""Trained agents as players of the game, many episodes side by side, without PyTorch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Floats, hear_recording
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.views import window, window_index
from standpartner.game.batched import BatchedGame
from standpartner.game.tracks import Track


class Senses:
    """Everything an agent reads and hears of some tracks, encoded once.

    Args:
        agent: whose encoders are used.
        tracks: performances; those of one strip share its reading.
    """

    def __init__(self, agent: Agent, tracks: Sequence[Track]) -> None:
        self.agent = agent
        strips: dict[int, Floats] = {}
        for track in tracks:
            if id(track.strip) not in strips:
                strips[id(track.strip)] = agent.read(track.strip)
        self._views = [strips[id(track.strip)] for track in tracks]
        self._counts = np.array([len(view) - 2 * WINDOW_COLUMNS for view in self._views])
        self._embeddings = [hear_recording(agent, track.spectrogram[: track.last_frame + 1])[0] for track in tracks]

    def look(self, tracks: NDArray, position_px: NDArray) -> Floats:
        """(n,) track numbers, (n,) positions -> (n, 64, features + 2) windows of their strips."""
        index, fraction = window_index(position_px, self._counts[tracks])
        views = [window(self._views[t], index[k : k + 1], fraction[k : k + 1]) for k, t in enumerate(tracks)]
        return np.concatenate(views)

    def listen(self, tracks: NDArray, frame: NDArray) -> Floats:
        """(n,) track numbers, (n,) frames -> (n, features) embeddings."""
        return np.stack([self._embeddings[t][f] for t, f in zip(tracks, frame, strict=True)])


class AgentPlayer:
    """An agent that plays; greedy, or drawing its actions.

    Args:
        senses: of the game's tracks, in their order.
        episodes: how many episodes the game has.
        seed: of the drawn actions; None takes the most probable one.
    """

    def __init__(self, senses: Senses, *, episodes: int, seed: int | None = None) -> None:
        self.senses = senses
        self.memory = senses.agent.empty_memory(episodes)
        self.rng = None if seed is None else np.random.default_rng(seed)

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        """Choose an action for every running episode; steps the memory."""
        running = np.flatnonzero(game.running)
        tracks = game.track[running]
        decision = self.senses.agent.decide(
            self.senses.look(tracks, game.position_px[running]),
            self.senses.listen(tracks, game.frame[running]),
            speed_px=game.speed[running].astype(np.float32),
            memory=self.memory[running],
        )
        self.memory[running] = decision.memory
        noise = 0.0 if self.rng is None else self.rng.gumbel(size=decision.action.shape)
        actions = np.zeros(game.n_episodes, np.int64)
        actions[running] = np.argmax(decision.action + noise, axis=1)
        return actions


def window_positions_px(position_px: float) -> NDArray[np.float64]:
    """(64,) strip px of the columns of the window at a position."""
    columns = np.arange(WINDOW_COLUMNS, dtype=np.float64)
    return position_px + (columns - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX
