"""How well the network follows pieces that it does not learn from, played with the game's own rules."""

import numpy as np
import torch

from standpartner.agent.networks import ReadOnceNetwork
from standpartner.evaluate.episodes import play_episodes
from standpartner.evaluate.measures import evaluate_episodes
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.learn.data import TrainingSet
from standpartner.learn.features import Features, observe


class NetworkPlayer:
    """Plays with a network whose encoders' features are already there.

    Args:
        network: its locate head and policy.
        features: of the tracks played.
        episodes: how many episodes are played at once.
        rng: draws actions; without it the most probable one is taken.
    """

    def __init__(
        self, network: ReadOnceNetwork, features: Features, *, episodes: int, rng: np.random.Generator | None = None
    ) -> None:
        self.network, self.features, self.rng = network, features, rng
        self.memory = torch.zeros(episodes, network.config.memory_size)

    def act(self, game: BatchedGame) -> np.ndarray:
        """Choose an action for every episode; steps the memory."""
        seen = observe(self.network, self.features, game)
        with torch.no_grad():
            decided = self.network.policy(seen.maps, seen.locate, seen.embedding, seen.speed_px, self.memory)
        self.memory = decided.memory
        noise = 0.0 if self.rng is None else self.rng.gumbel(size=decided.action.shape)
        return np.argmax(decided.action.numpy() + noise, axis=1)


def validate(network: ReadOnceNetwork, data: TrainingSet, features: Features, *, game: GameConfig) -> dict[str, float]:
    """Greedy episodes over all tracks: R_tue, R_on, mean error in cm, share within 0.5 s."""
    tracks = [performance.track for performance in data.performances]
    player = NetworkPlayer(network, features, episodes=len(tracks))
    report = evaluate_episodes(play_episodes(player, tracks, config=game))
    return {
        "valid/r_tue": report["r_tue"],
        "valid/r_on": report["r_on"],
        "valid/error_cm": report["error_cm_mean"],
        "valid/within_0.5_s": report["within_s"]["0.5"],
    }
