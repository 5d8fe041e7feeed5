"""Plays one round: an episode of the game, step by step, and its measures."""

from typing import Any

import numpy as np

from standpartner.errors import GameError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import error_cm, r_on
from standpartner.evaluate.sound import AudibleTrack
from standpartner.game.batched import BatchedGame
from standpartner.game.policies import Policy


class Round:
    """An episode from the first onset on, by the rules of the game.

    Attributes:
        music: The music that is followed.
        game: The game in its present state, with one episode.
        state: The state of the round: "following", "lost", "finished" or "out of time".
        reward: The reward of the last step; None before the first.
        score: The sum of the rewards.
    """

    def __init__(self, music: AudibleTrack) -> None:
        """Start at the first onset of the music."""
        self.music = music
        self.game = BatchedGame([music.track], music.config)
        self.game.reset(0, 0)
        self.state = "following"
        self.reward: float | None = None
        self.score = 0.0
        self._positions_px = [float(self.game.position_px[0])]

    @property
    def running(self) -> bool:
        """Whether there is a step left to play."""
        return bool(self.game.running[0])

    def step(self, action: int) -> dict[str, Any]:
        """Play one frame.

        Args:
            action: The index of the change of speed.

        Returns:
            The state of the game after the step; see `view`.

        Raises:
            GameError: The round has ended, or the action is out of range.
        """
        if not self.running:
            raise GameError(f"the round has ended ({self.state}); start another one")
        result = self.game.step(np.array([action]))
        self.state = result.state(0)
        self.reward = float(result.reward[0])
        self.score += self.reward
        self._positions_px.append(float(self.game.position_px[0]))
        return self.view()

    def view(self) -> dict[str, Any]:
        """Return the state of the game, ready for JSON. The speed is in strip px a frame."""
        game = self.game
        return {
            "frame": int(game.frame[0]),
            "position_px": float(game.position_px[0]),
            "target_px": float(game.target_px[0]),
            "error_px": float(game.error_px[0]),
            "speed": float(game.speed[0]),
            "reward": self.reward,
            "score": self.score,
            "state": self.state,
        }

    def measures(self) -> dict[str, Any]:
        """Measure the round, ready for JSON.

        Returns:
            The keys are ``state``; ``score``, the sum of rewards; ``best``, the score without any error; ``r_on``, the
            share of onsets reached; and ``error_cm``, the mean error at them, which is None if none was reached.

        Raises:
            GameError: The round has not ended.
        """
        if self.running:
            raise GameError("the round is still going on; play it to its end first")
        track, lost_frame = self.music.track, int(self.game.lost_frame[0])
        episode = Episode(
            name=track.name,
            onset_s=track.onset_s,
            onset_x_px=track.onset_x_px,
            position_px=np.array(self._positions_px),
            lost_frame=lost_frame if lost_frame >= 0 else None,
        )
        error = error_cm([episode])[0]
        return {
            "state": self.state,
            "score": self.score,
            "best": track.last_frame - track.first_frame,
            "r_on": r_on([episode]),
            "error_cm": None if np.isnan(error) else error,
        }


def play_round(policy: Policy, music: AudibleTrack) -> Round:
    """Play a round to its end by a policy."""
    played = Round(music)
    while played.running:
        played.step(int(policy.act(played.game)[0]))
    return played
