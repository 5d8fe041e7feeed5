"""The episode, which holds all that the measures need of one play of one performance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError
from standpartner.game.onsets import PlayedOnsets


@dataclass(frozen=True, eq=False)
class Episode(PlayedOnsets):
    """One play of one piece from its first onset's frame on.

    Attributes:
        name: The name PIECE or PIECE/PERFORMANCE, which is unique within a run.
        onset_s: The second of each onset, (n,), never decreasing; n is at least 1.
        onset_x_px: The true strip x of each onset, (n,) px, never decreasing.
        position_px: The predicted strip x of each frame, (frames,) px. Entry 0 is at the first onset's frame. A run
            that stops when lost ends with the lost frame; one that is cut off ends with the last frame it saw. Entries
            after the last onset's frame are ignored.
        lost_frame: The frame of the performance at which the agent was lost first; None if it never was.
        system_left_px: The left edges of the systems on the strip, (systems,) px, never decreasing; None if not known.
        bar_left_px: The left edges of the bars on the strip, (bars,) px, never decreasing; None if not known.
        jumped: Whether the follower was put elsewhere in each frame, bool (frames,); None if it cannot be.

    Raises:
        ConfigError: An array is empty, of the wrong shape, not finite or out of order, or the lost frame is not one of
            the frames predicted.
    """

    name: str
    onset_s: npt.NDArray[np.floating]
    onset_x_px: npt.NDArray[np.floating]
    position_px: npt.NDArray[np.floating]
    lost_frame: int | None = None
    system_left_px: npt.NDArray[np.floating] | None = None
    bar_left_px: npt.NDArray[np.floating] | None = None
    jumped: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        shapes = np.shape(self.onset_s), np.shape(self.onset_x_px), np.shape(self.position_px)
        if shapes[0] != shapes[1] or any(len(shape) != 1 or shape[0] < 1 for shape in shapes):
            raise ConfigError(
                f"episode {self.name!r}: expected onset_s (n,), onset_x_px (n,) and position_px (frames,), not empty, "
                f"got {shapes}"
            )
        if not all(np.all(np.isfinite(values)) for values in (self.onset_s, self.onset_x_px, self.position_px)):
            raise ConfigError(f"episode {self.name!r}: onsets and positions must be finite; fill in missing positions")
        if np.any(np.diff(self.onset_s) < 0) or np.any(np.diff(self.onset_x_px) < 0):
            raise ConfigError(f"episode {self.name!r}: onset_s and onset_x_px must never decrease; sort the onsets")
        if self.lost_frame is not None and not self.first_frame <= self.lost_frame <= self.end_frame:
            raise ConfigError(
                f"episode {self.name!r}: lost_frame must be one of the frames predicted, {self.first_frame} to "
                f"{self.end_frame}, got {self.lost_frame}; count frames from the start of the recording"
            )
        for label in ("system_left_px", "bar_left_px"):
            edges = getattr(self, label)
            if edges is not None and (np.ndim(edges) != 1 or not len(edges) or np.any(np.diff(edges) < 0)):
                raise ConfigError(f"episode {self.name!r}: {label} must be (places,), not empty, and never decrease")
        if self.jumped is not None and np.shape(self.jumped) != shapes[2]:
            raise ConfigError(f"episode {self.name!r}: jumped must be {shapes[2]}, got {np.shape(self.jumped)}")

    @property
    def piece(self) -> str:
        """The name of the piece, the unit of resampling: its performances are not independent of each other."""
        return piece_of(self.name)

    @property
    def end_frame(self) -> int:
        """The last frame with a prediction."""
        return self.first_frame + len(self.position_px) - 1

    def positions_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the predicted strip x in px at frames that have a prediction."""
        return np.asarray(self.position_px, dtype=np.float64)[frames - self.first_frame]


def piece_of(name: str) -> str:
    """Return the piece of a track's name: before the performance and, behind it, the number of a later passage."""
    before, _, last = name.rpartition("/")
    return before.rpartition("/")[0] if last.isdigit() and "/" in before else before or name
