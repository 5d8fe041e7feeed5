"""The game as a Gymnasium environment; needs ``pip install "standpartner[game]"``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ
from standpartner.errors import GameError, MissingExtraError
from standpartner.game.batched import BatchedGame, StepResult
from standpartner.game.pacing import Pacer
from standpartner.game.rendering import GameView, draw_view
from standpartner.game.rules import PIANO, GameConfig, find_config
from standpartner.game.toy import ramp_track, random_track
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise MissingExtraError("Gymnasium", 'pip install "standpartner[game]"') from error

if TYPE_CHECKING:
    from standpartner.game.screen import Window

Observation = dict[str, npt.NDArray[np.float32]]

# A Hann window of 2048 samples in [-1, 1] and area-normalised filters give at most log10(1 + 1024) = 3.01.
SPECTROGRAM_MAX = 4.0


class ScoreFollowingEnv(gymnasium.Env[dict[str, Any], np.int64]):
    """Follow a performance through an image of its score.

    ## Description

    A performance is heard frame by frame (20 a second). The agent looks at the unrolled score through a window and
    keeps that window's centre at the music by changing its reading speed. After Henkel, Balke, Dorfer, Widmer, "Score
    Following as a Multi-Modal Reinforcement Learning Problem", TISMIR 2019.

    ## Action Space

    ``Discrete(3)``: change the reading speed (strip px per frame) before the next frame.

    | num | change |
    |---|---|
    | 0 | -1 |
    | 1 | 0 |
    | 2 | +1 |

    Another configuration may list other changes.

    ## Observation Space

    ``Dict``, all float32; sizes are those of the piano rules. In the nottingham rules the window is 40 x 150. The
    differences are zero after a reset.

    | key | channel | shape | min | max | what |
    |---|---|---|---|---|---|
    | score | 0 | 80 x 256 | 0 | 1 | window at the agent's rounded position; 0 paper, 1 ink, paper beyond the strip |
    | score | 1 | 80 x 256 | -1 | 1 | channel 0 minus that of the previous state |
    | spectrogram | 0 | 78 x 40 | 0 | 4 | log10(1 + magnitude), the current frame last, 0 before the recording |
    | spectrogram | 1 | 78 x 40 | -4 | 4 | channel 0 minus that of the previous state |

    ## Rewards

    ``(bound - |error|) / bound`` after each step, error = position - target in strip px, bound 170 px (nottingham:
    50 px); 0 when lost.

    ## Starting State

    The frame and the strip x of the first onset, speed 0. The track is drawn by the environment's own generator, or
    chosen: ``reset(seed=..., options={"track": index})``.

    ## Episode End

    Termination: *lost*, the absolute error is greater than the bound; *finished*, the last onset's frame is reached
    and the agent is not lost. ``info["lost"]`` and ``info["finished"]`` tell which. Truncation: the configuration's
    time limit, if it has one, is reached and the episode is not terminated by this very step.
    ``info`` also has position_px, target_px, error_px (strip px), speed (strip px per frame), frame and track; and
    late_s after a paced step, the seconds by which it came too late.

    ## Arguments

    * ``tracks``: what to play on; default: a few artificial tracks.
    * ``config``: the rules: ``"piano"``, ``"nottingham"`` (single-line tunes) or a ``GameConfig``; default: piano.
    * ``render_mode``: ``"rgb_array"``, ``"human"`` (a window; needs ``pip install "standpartner[window]"``) or None.
    * ``pacer``: a ``Pacer`` lets steps pass in real time, 20 a second, or at another rate; None, the default, plays as
      fast as it can. Human mode has one by default.

    ```python
    import gymnasium, standpartner.game
    env = gymnasium.make("standpartner/ScoreFollowing-v0", config="nottingham", render_mode="rgb_array")
    ```

    ## Version History

    * v0: first version.
    """

    stop_when_lost: ClassVar[bool] = True
    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium's own way
        "render_modes": ["human", "rgb_array"],
        "render_fps": FRAME_RATE_HZ,
    }

    def __init__(
        self,
        tracks: Sequence[Track] | None = None,
        config: GameConfig | str = PIANO,
        *,
        render_mode: str | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        """Prepare the environment; see the class for the arguments.

        Raises:
            ConfigError: There are no rules of that name.
            GameError: There is no track, a spectrogram is out of range, or the render mode is unknown.
            MissingExtraError: The package pygame is not installed; this is raised in human mode only.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise GameError(f"render_mode must be 'human', 'rgb_array' or None, got {render_mode!r}")
        self.render_mode = render_mode
        self._window = _open_window() if render_mode == "human" else None
        self._pacer = Pacer() if pacer is None and render_mode == "human" else pacer
        self.config = config = find_config(config) if isinstance(config, str) else config
        self.tracks = tuple(toy_tracks() if tracks is None else tracks)
        check_loudness(self.tracks)
        self._game = BatchedGame(self.tracks, config, stop_when_lost=self.stop_when_lost)
        self._rewards: list[float] = []
        self._windows = Windows(self.tracks, config)
        self._before_px: float | None = None  # the position in the state before
        self._state = "not started"
        self.action_space: spaces.Discrete = spaces.Discrete(len(config.actions))
        self.observation_space: spaces.Dict = window_space(config)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: The seed of the environment's generator, as in Gymnasium.
            options: The options; ``{"track": index}`` chooses the track.

        Returns:
            The observation and the info.

        Raises:
            GameError: An option is unknown or the track's index is out of range.
        """
        super().reset(seed=seed)
        unknown = set(options or {}) - {"track"}
        if unknown:
            raise GameError(f"the only reset option is 'track', got {sorted(unknown)}")
        drawn = int(self.np_random.integers(len(self.tracks)))
        track = (options or {}).get("track", drawn)
        self._begin(int(track))
        self._rewards = []
        self._state = "following"
        self._before_px = None
        observation, info = self._observe(), self._info(lost=False, finished=False)
        self._show()
        if self._pacer is not None:
            self._pacer.start()
        return observation, info

    def step(self, action: np.int64 | int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play one frame.

        Args:
            action: The index of the change of speed.

        Returns:
            The observation, the reward, terminated, truncated and the info.

        Raises:
            GameError: The episode has ended or not begun, or the action is out of range.
        """
        if not self._game.running[0]:
            raise GameError("no episode is running; call reset() before step()")
        result = self._play(int(action))
        self._rewards.append(float(result.reward[0]))
        self._state = result.state(0)
        info = self._info(lost=bool(result.lost[0]), finished=bool(result.finished[0]))
        observation = self._observe()
        self._show()
        if self._pacer is not None:
            info["late_s"] = self._pacer.wait()
        return observation, self._rewards[-1], bool(result.terminated[0]), bool(result.truncated[0]), info

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Draw the current state.

        Returns:
            An RGB picture, uint8 (height, width, 3). It is None without a render mode, and in human mode, which shows
            the picture in its own window.

        Raises:
            GameError: There was no reset yet.
        """
        if self.render_mode != "rgb_array":
            return None
        if self._before_px is None:
            raise GameError("there is nothing to draw yet; call reset() before render()")
        return self._draw()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    def _begin(self, track: int) -> None:
        """Start an episode on a track."""
        self._game.reset(0, track)

    def _play(self, action: int) -> StepResult:
        """Play one frame."""
        return self._game.step(np.array([action]))

    def _show(self) -> None:
        if self._window is not None:
            self._window.show(self._draw())

    def _draw(self) -> npt.NDArray[np.uint8]:
        game = self._game
        return draw_view(
            GameView(
                track=self.tracks[int(game.track[0])],
                config=self.config,
                position_px=float(game.position_px[0]),
                target_px=float(game.target_px[0]),
                speed=float(game.speed[0]),
                frame=int(game.frame[0]),
                rewards=self._rewards,
                state=self._state,
            )
        )

    def _observe(self) -> Observation:
        game, first = self._game, self._before_px is None  # reset clears it, so no difference reaches over episodes
        views = Views.of(game, np.array([0]), before_px=[self._before_px or 0.0], first=[first])
        self._before_px = float(game.position_px[0])
        score, spectrogram = self._windows.cut(views)
        return {"score": score[0], "spectrogram": spectrogram[0]}

    def _info(self, *, lost: bool, finished: bool) -> dict[str, Any]:
        game = self._game
        return {
            "track": int(game.track[0]),
            "position_px": float(game.position_px[0]),
            "target_px": float(game.target_px[0]),
            "error_px": float(game.error_px[0]),
            "speed": float(game.speed[0]),
            "frame": int(game.frame[0]),
            "lost": lost,
            "finished": finished,
        }


def window_space(config: GameConfig) -> spaces.Dict:
    """Return the space of the windows that an agent sees and hears, by the rules' sizes."""
    window, excerpt = (config.shown_height_px, config.shown_width_px), (BAND_COUNT, config.frames_in_view)
    return spaces.Dict({"score": _view_space(window, 1.0), "spectrogram": _view_space(excerpt, SPECTROGRAM_MAX)})


def _view_space(shape: tuple[int, int], highest: float) -> spaces.Box:
    """Return the space of a view in [0, highest] stacked with its difference in [-highest, highest]."""
    high = np.full((2, *shape), highest, dtype=np.float32)
    low = np.stack([np.zeros(shape, dtype=np.float32), np.full(shape, -highest, dtype=np.float32)])
    return spaces.Box(low, high, dtype=np.float32)


def check_loudness(tracks: Sequence[Track]) -> None:
    """Check that all spectrograms are in the range of the observation space.

    Raises:
        GameError: A spectrogram is louder than sound within -1 and 1 can be.
    """
    for track in tracks:
        loudest = float(track.spectrogram.max())
        if loudest > SPECTROGRAM_MAX:
            raise GameError(
                f"track {track.name!r}: spectrogram reaches {loudest:.2f}, expected {SPECTROGRAM_MAX} at most; "
                "compute it from audio within -1 and 1"
            )


def _open_window() -> "Window":
    from standpartner.game.screen import Window  # needs pygame

    return Window("standpartner")


def toy_tracks() -> list[Track]:
    """Return the artificial tracks that are played if none are given."""
    return [ramp_track(2.0), ramp_track(3.5, seed=1), random_track(0), random_track(1)]
