"""Trained agents as players of the game, many episodes side by side, without PyTorch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, Decision, Floats, hear_recording
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.views import window, window_index
from standpartner.game.batched import BatchedGame
from standpartner.game.tracks import Track

DECIDED_AT_ONCE = 128  # episodes; more cost a quarter more each, as their arrays outgrow the caches


class Senses:
    """Everything an agent reads and hears of some tracks, encoded once.

    Args:
        agent: whose encoders are used.
        tracks: performances; those of one strip share its reading.
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

    def look(self, tracks: NDArray, position_px: NDArray) -> Floats:
        """(n,) track numbers, (n,) positions -> (n, 64, features + 2) windows of their strips."""
        index, fraction = window_index(position_px, self._counts[tracks])
        return window(self._views, self._view_starts[tracks] + index, fraction)

    def listen(self, tracks: NDArray, frame: NDArray) -> Floats:
        """(n,) track numbers, (n,) frames -> (n, features) embeddings."""
        heard: Floats = self._embeddings[self._embedding_starts[tracks] + frame]
        return heard


def _starts(parts: Sequence[Floats]) -> NDArray[np.int64]:
    """Where each part begins when all stand one after the other."""
    return np.cumsum([0, *map(len, parts)])[:-1]


class AgentPlayer:
    """An agent that plays; greedy, or drawing its actions.

    Args:
        senses: of the game's tracks, in their order.
        episodes: how many episodes the game has.
        seeds: one for each run of drawn actions, the game's episodes being the runs one after the other: a run is the
            same in any company. Without any the most probable action is taken.
    """

    def __init__(self, senses: Senses, *, episodes: int, seeds: Sequence[int] = ()) -> None:
        self.senses = senses
        self.memory = senses.agent.empty_memory(episodes)
        self.rngs = [np.random.default_rng(seed) for seed in seeds]

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        """Choose an action for every running episode; steps the memory."""
        scores = np.zeros((game.n_episodes, len(game.config.actions)))
        running = np.flatnonzero(game.running)
        for start in range(0, len(running), DECIDED_AT_ONCE):
            some = running[start : start + DECIDED_AT_ONCE]
            scores[some] = self.decide(game, some).action
        return np.argmax(scores + drawn_noise(self.rngs, scores.shape), axis=1)

    def decide(self, game: BatchedGame, episodes: NDArray[np.int64]) -> Decision:
        """What the agent makes of some running episodes as they stand; steps their memory."""
        tracks = game.track[episodes]
        decision = self.senses.agent.decide(
            self.senses.look(tracks, game.position_px[episodes]),
            self.senses.listen(tracks, game.frame[episodes]),
            speed_px=game.speed[episodes].astype(np.float32),
            memory=self.memory[episodes],
        )
        self.memory[episodes] = decision.memory
        return decision


def drawn_noise(rngs: Sequence[np.random.Generator], shape: tuple[int, int]) -> NDArray[np.float64] | float:
    """Gumbel noise that makes the greatest of (episodes, actions) logits a drawn action; nothing without ``rngs``.

    Args:
        rngs: one for each run; the episodes are the runs one after the other.
        shape: of the logits.
    """
    if not rngs:
        return 0.0
    per_run = (shape[0] // len(rngs), shape[1])
    return np.concatenate([rng.gumbel(size=per_run) for rng in rngs])


def window_positions_px(position_px: float) -> NDArray[np.float64]:
    """(64,) strip px of the columns of the window at a position."""
    columns = np.arange(WINDOW_COLUMNS, dtype=np.float64)
    return position_px + (columns - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX
