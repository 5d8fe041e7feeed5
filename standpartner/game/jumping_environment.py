"""The game in which the agent may jump, as a Gymnasium environment; needs ``pip install "standpartner[game]"``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from standpartner.agent.bundle import Agent, load_agent
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import GameError
from standpartner.game.batched import StepResult
from standpartner.game.environment import Observation, ScoreFollowingEnv
from standpartner.game.pacing import Pacer
from standpartner.game.rules import PIANO, GameConfig
from standpartner.game.tracks import Track
from standpartner.game.whole_score import PLACES, WholeScore

_MOST_ODDS: Final = 30.0
_MOST_SPEED_PX: Final = 24.0
_MOST_S: Final = 10.0


class JumpingScoreFollowingEnv(ScoreFollowingEnv):
    """Follow a performance through an image of its score, in which the player may jump and the agent, too.

    ## Description

    As in ``standpartner/ScoreFollowing-v0``, but an episode goes on when the agent is lost, the performance may hold
    repeats, restarts and stops, and the agent may go where a search of the whole score believes the music to be.

    ## Action Space

    ``Discrete(4)``: 0, 1, 2 change the reading speed by -1, 0, +1 strip px a frame. 3 goes to the first of the other
    places, with the reading speed found there, rounded; then the position moves by that speed. Where a score is too
    short for another place, 3 does what 1 does.

    ## Observation Space

    ``Dict``, all float32: ``score`` and ``spectrogram`` as in v0, and what the search of the whole score believes.

    | key | shape | what |
    |---|---|---|
    | here | 4 | the probability that the music is within 48 px of the position; the seconds for which the first of the other places has been it, at most 10; the seconds since the agent last went elsewhere, at most 10; the notes heard to begin in the last 2 s |
    | places | 3 x 4 | for each of the three most probable places more than 100 px from the position and from each other: the probability of the music being within 48 px of it; the natural logarithm of its ratio to that of the agent's place, from -30 to 30; its distance from the position as a share of the strip; the reading speed there, strip px a frame |

    ## Rewards

    ``(bound - |error|) / bound``, 0 where that is negative; ``jump_cost`` less in a step in which the agent goes
    elsewhere.

    ## Starting State

    As in v0; the search expects the music there.

    ## Episode End

    Termination at the frame of the last onset only, with ``info["finished"]``. ``info["lost"]`` tells whether the agent
    is now further than the bound from the music. Truncation as in v0. Info and the other arguments are those of v0.

    ## Arguments

    * ``agent``: the agent whose search listens, by name or loaded; default: piano.
    * ``jump_cost``: what it costs to go elsewhere; default 1, as much as is won in a frame on the music.

    ## Version History

    * v1: first version with jumps.
    """  # noqa: E501 - rows of a table

    stop_when_lost: ClassVar[bool] = False

    def __init__(
        self,
        tracks: Sequence[Track] | None = None,
        config: GameConfig | str = PIANO,
        *,
        agent: Agent | str = "piano",
        jump_cost: float = 1.0,
        render_mode: str | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        """Prepare the environment; see the class for the arguments.

        Raises:
            ConfigError: There are no rules of that name.
            GameError: There is no track, a spectrogram is out of range, a jump's cost is negative or the render mode
                is unknown.
            AgentError: There is no such agent, or it cannot search.
            MissingExtraError: The package pygame is not installed; this is raised in human mode only.
        """
        super().__init__(tracks, config, render_mode=render_mode, pacer=pacer)
        if jump_cost < 0:
            raise GameError(f"expected a jump's cost of 0 or more, got {jump_cost}")
        self.jump_cost = jump_cost
        self._agent = load_agent(agent) if isinstance(agent, str) else agent
        self._whole: dict[int, WholeScore] = {}  # by track, made when first played
        self.action_space = spaces.Discrete(len(self.config.actions) + 1)
        self.observation_space = spaces.Dict(
            {
                **self.observation_space.spaces,
                "here": _box([0, 0, 0, 0], [1, _MOST_S, _MOST_S, 2 * FRAME_RATE_HZ]),
                "places": _box([[0, -_MOST_ODDS, -1, 0]] * PLACES, [[1, _MOST_ODDS, 1, _MOST_SPEED_PX]] * PLACES),
            }
        )

    @property
    def _search(self) -> WholeScore:
        number = int(self._game.track[0])
        if number not in self._whole:
            self._whole[number] = WholeScore(self._agent, self.tracks[number])
        return self._whole[number]

    def _begin(self, track: int) -> None:
        super()._begin(track)
        self._jumped_frame = int(self._game.frame[0])
        self._search.begin()
        self._listen()

    def _play(self, action: int) -> StepResult:
        goes = action == len(self.config.actions)
        places = self._search.places
        if goes and places:
            self._game.put(0, position_px=places[0].x_px, speed=round(places[0].speed_px))
            self._jumped_frame = int(self._game.frame[0])
        stays = self.config.actions.index(0)
        result = super()._play(stays if goes else action)
        self._listen()
        cost = np.float32(self.jump_cost * (goes and bool(places)))
        return replace(result, reward=result.reward - cost, finished=result.terminated)

    def _listen(self) -> None:
        self._search.take(int(self._game.frame[0]), here_px=float(self._game.position_px[0]))

    def _observe(self) -> Observation:
        search, frame = self._search, int(self._game.frame[0])
        since_s = min((frame - self._jumped_frame) / FRAME_RATE_HZ, _MOST_S)
        here = [search.here, min(search.led_s, _MOST_S), since_s, search.notes(frame)]
        places = np.zeros((PLACES, 4), np.float32)
        places[:, 1] = -_MOST_ODDS  # where there is no such place
        width_px = self.tracks[int(self._game.track[0])].strip.shape[1]
        for row, found in zip(places, search.places, strict=False):
            odds = np.log(max(found.probability, 1e-30)) - np.log(max(search.here, 1e-30))
            away = (found.x_px - float(self._game.position_px[0])) / width_px
            row[:] = found.probability, np.clip(odds, -_MOST_ODDS, _MOST_ODDS), away, found.speed_px
        return {**super()._observe(), "here": np.array(here, np.float32), "places": places}


def _box(low: npt.ArrayLike, high: npt.ArrayLike) -> spaces.Box:
    return spaces.Box(np.array(low, np.float32), np.array(high, np.float32), dtype=np.float32)
