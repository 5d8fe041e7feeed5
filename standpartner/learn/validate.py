"""Measures how well a network follows validation pieces, played by the game's own rules."""

from collections.abc import Sequence

import numpy as np

from standpartner.evaluate.measures import Episode, evaluate_episodes
from standpartner.evaluate.players import play_episodes
from standpartner.game.batched import BatchedGame
from standpartner.game.policies import Policy
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.learn.rollout import Actor


class ActorPlayer:
    """Plays the game with any actor, each episode once.

    Args:
        actor: The actor, on the game's tracks.
        episodes: The number of episodes that are played at once.
        rng: The generator of actions; without it the most probable action is taken.
    """

    def __init__(self, actor: Actor, *, episodes: int, rng: np.random.Generator | None = None) -> None:
        self.actor, self.rng = actor, rng
        self.memory = actor.empty_memory(episodes)
        actor.prepare()

    def act(self, game: BatchedGame) -> np.ndarray:
        """Choose an action for every running episode, and step the memory."""
        running = np.flatnonzero(game.running)
        acted = self.actor.act(game, self.memory[running], which=running)
        self.memory[running] = acted.memory
        noise = 0.0 if self.rng is None else self.rng.gumbel(size=acted.logits.shape)
        actions = np.zeros(game.n_episodes, np.int64)
        actions[running] = np.argmax(acted.logits.numpy(force=True) + noise, axis=1)
        return actions


def validate(policy: Policy, tracks: Sequence[Track], game: GameConfig) -> dict[str, float]:
    """Play one episode of each track by a policy, and return the measures."""
    return valid_measures(play_episodes(policy, tracks, config=game))


def valid_measures(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return R_tue, R_on, the mean error in cm and the share within 0.5 s of the truth."""
    report = evaluate_episodes(episodes)
    return {
        "valid/r_tue": report["r_tue"],
        "valid/r_on": report["r_on"],
        "valid/error_cm": report["error_cm_mean"],
        "valid/within_0.5_s": report["within_s"]["0.5"],
    }
