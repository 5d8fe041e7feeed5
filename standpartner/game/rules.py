"""The rules of the score following game as pure functions and two frozen configurations.

One step from frame t, in this order:

1. speed += action, position += speed (kept on the strip, as the original does), t += 1;
2. error = position - target(t);
3. lost if ``|error| > bound``: reward 0, terminated;
4. finished if not lost and t is at or after the frame of the last onset: terminated;
5. neither, and the time limit is reached: truncated.

Anything that changes a result bumps ``GameConfig.version`` and the version suffix of the Gymnasium environment.

Rules after Henkel, Balke, Dorfer, Widmer, "Score Following as a Multi-Modal Reinforcement Learning Problem",
TISMIR 2019, doi 10.5334/tismir.31.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from standpartner.constants import FRAME_RATE_HZ, FRAMES_IN_VIEW, STRIP_HEIGHT_PX
from standpartner.errors import ConfigError

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GameConfig:
    """The rules of one named variant of the game.

    Attributes:
        name: The name that tables and checkpoints give it.
        window_height_px: The height of the score window in strip px, cut around the strip's middle row.
        window_width_px: The width of the score window in strip px, cut around the agent's position.
        downscale: The whole number by which the window is shrunk before it is shown.
        bound_px: The distance from the target in strip px beyond which the agent is lost.
        frames_in_view: The number of spectrogram frames that the agent sees, the current one included.
        actions: The changes of speed that the agent may choose from, in strip px per frame.
        time_limit_frames: The number of steps after which an episode is truncated; None plays to the end.
        version: The version of the rules.

    Raises:
        ConfigError: A value is out of range.
    """

    name: str
    window_height_px: int
    window_width_px: int
    downscale: int
    bound_px: int
    frames_in_view: int = FRAMES_IN_VIEW
    actions: tuple[int, ...] = (-1, 0, 1)
    time_limit_frames: int | None = None
    version: int = 0

    def __post_init__(self) -> None:
        sizes = (self.window_height_px, self.window_width_px, self.downscale, self.bound_px, self.frames_in_view)
        if min(sizes) < 1:
            raise ConfigError(f"game {self.name!r}: sizes, bound and frames in view must be 1 or more, got {sizes}")
        if self.window_height_px > STRIP_HEIGHT_PX:
            raise ConfigError(f"game {self.name!r}: window height {self.window_height_px} exceeds {STRIP_HEIGHT_PX} px")
        if self.window_height_px % self.downscale or self.window_width_px % self.downscale:
            raise ConfigError(f"game {self.name!r}: window must divide by downscale {self.downscale}; choose another")
        if not self.actions or len(set(self.actions)) != len(self.actions):
            raise ConfigError(f"game {self.name!r}: actions must be distinct and not empty, got {self.actions}")
        if self.time_limit_frames is not None and self.time_limit_frames < 1:
            raise ConfigError(f"game {self.name!r}: time limit must be 1 or more, got {self.time_limit_frames}")

    @property
    def shown_height_px(self) -> int:
        """The height of the window as the agent sees it, in shown px."""
        return self.window_height_px // self.downscale

    @property
    def shown_width_px(self) -> int:
        """The width of the window as the agent sees it, in shown px."""
        return self.window_width_px // self.downscale


PIANO: Final = GameConfig(
    name="piano", window_height_px=160, window_width_px=512, downscale=2, bound_px=512 // 3
)  # shown 80 x 256
NOTTINGHAM: Final = GameConfig(
    name="nottingham", window_height_px=40, window_width_px=150, downscale=1, bound_px=150 // 3
)  # single-line tunes, shown 40 x 150
CONFIGS: Final = {config.name: config for config in (PIANO, NOTTINGHAM)}


def find_config(name: str) -> GameConfig:
    """Return the rules by their name.

    Raises:
        ConfigError: There are no rules of that name.
    """
    if name not in CONFIGS:
        raise ConfigError(f"no game {name!r}; expected one of {', '.join(CONFIGS)}")
    return CONFIGS[name]


def onset_frame(onset_s: npt.ArrayLike) -> IntArray:
    """Return the frame of each onset, rounded half up.

    Args:
        onset_s: The times in seconds, of any shape.

    Returns:
        The frames, int64, of the same shape.
    """
    return np.floor(np.asarray(onset_s, dtype=np.float64) * FRAME_RATE_HZ + 0.5).astype(np.int64)


def target_x_px(frame: npt.ArrayLike, onset_s: npt.ArrayLike, *, onset_x_px: npt.ArrayLike) -> FloatArray:
    """Return the true strip x at each frame: linear between onsets, constant before the first and after the last.

    Args:
        frame: The frames, of any shape.
        onset_s: The times of the onsets in seconds, (n,), never decreasing.
        onset_x_px: The strip x of the onsets, (n,) px.

    Returns:
        The strip x in px, float64, of the shape of ``frame``.
    """
    time_s = np.asarray(frame, dtype=np.float64) / FRAME_RATE_HZ
    return np.asarray(np.interp(time_s, np.asarray(onset_s), np.asarray(onset_x_px)))


def next_speed(speed: npt.ArrayLike, action: npt.ArrayLike) -> FloatArray:
    """Return the speed after a change of speed, both in strip px per frame."""
    return np.asarray(speed, dtype=np.float64) + np.asarray(action)


def next_position(position_px: npt.ArrayLike, speed: npt.ArrayLike) -> FloatArray:
    """Return the strip x one frame later, from strip px and strip px per frame."""
    return np.asarray(position_px, dtype=np.float64) + np.asarray(speed)


def is_lost(error_px: npt.ArrayLike, bound_px: float) -> BoolArray:
    """Tell whether the agent is further than the bound from the target; exactly at the bound it is not lost."""
    return np.abs(np.asarray(error_px)) > bound_px


def reward(error_px: npt.ArrayLike, bound_px: float) -> FloatArray:
    """Return the reward of one step: 1 on the target, falling linearly to 0 at the bound, 0 beyond.

    Args:
        error_px: Position minus target in strip px, of any shape.
        bound_px: The bound of the rules.

    Returns:
        The value of ``(bound - |error|) / bound``, not below 0, of the same shape.
    """
    return np.maximum((bound_px - np.abs(np.asarray(error_px, dtype=np.float64))) / bound_px, 0.0)
