"""Searches the whole score while a game is played: where else than at the agent's place the music may be."""

from typing import Final

import numpy as np

from standpartner.agent.bundle import Agent
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.follow.search import Found, ScoreSearch
from standpartner.game.tracks import Track

AWAY_PX: Final = 100.0
PLACES: Final = 3
_STEADY_PX: Final = 64.0
_RECENT_FRAMES: Final = 2 * FRAME_RATE_HZ
_STARTS: Final = 3.0  # the logit above which a key is taken for starting


class WholeScore:
    """The search of one track's score, beside an agent who plays on it.

    Args:
        agent: The agent whose search listens.
        track: The track that is played; its score is read and its sound heard once, here.

    Attributes:
        here: The probability that the music is within reach of the agent.
        places: The most probable other places, the most probable one first.
        led_s: The seconds for which the first of them has been the first one, moving on at its speed.

    Raises:
        AgentError: The agent cannot search.
    """

    def __init__(self, agent: Agent, track: Track) -> None:
        self._track = track
        self._embeddings, pressed = hear_recording(agent, track.spectrogram[: track.last_frame + 1])
        heard = pressed.max(axis=1) > _STARTS
        self._notes = np.cumsum(heard & ~np.append(False, heard[:-1]))
        self._search = ScoreSearch(agent, agent.read(track.strip), start_px=track.start_px)
        self.begin()

    def begin(self) -> None:
        """Expect the music at the track's first onset, whatever was heard before."""
        self._search.begin_anew(self._track.start_px)
        self.here, self.places, self._led_frames = 1.0, list[Found](), 0

    def take(self, frame: int, *, here_px: float) -> None:
        """Hear a frame of the performance while the agent is at a place on the strip in px."""
        before = self.places[:1]
        self._search.take(self._embeddings[frame : frame + 1], agent_px=here_px)
        self.here = self._search.probability_near(here_px)
        self.places = self._search.found_elsewhere(here_px, away_px=AWAY_PX, most=PLACES)
        same = [
            abs(now.x_px - then.x_px - then.speed_px) <= _STEADY_PX
            for now, then in zip(self.places[:1], before, strict=False)
        ]
        self._led_frames = self._led_frames + 1 if any(same) else 0

    @property
    def led_s(self) -> float:
        """The seconds for which the first of the other places has been the first one."""
        return self._led_frames / FRAME_RATE_HZ

    def notes(self, frame: int) -> int:
        """Return the number of notes that were heard to begin in the two seconds up to a frame."""
        before = frame - _RECENT_FRAMES
        return int(self._notes[frame] - (self._notes[before] if before >= 0 else 0))
