"""The activations of a network at frames of an episode."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Floats
from standpartner.game.rules import IntArray
from standpartner.game.tracks import Track


@dataclass(frozen=True, eq=False)
class Activations:
    """The activations of a network at n frames, all or chosen ones, of an episode of one track.

    Attributes:
        track: The track that was followed.
        frame: The frames of the performance, int64 (n,).
        position_px: The agent's position in strip px, float64 (n,).
        speed: The reading speed before the action in strip px a frame, float64 (n,).
        memory: The state that the network kept from the frame before, float (n, memory_size). A read-once network keeps
            the states of its policy and of its tracker. A window network keeps its position in the state before, and 1
            if there was one.
        embedding: The input of the policy and value heads, float32 (n, size).
        logits: The logits of the speed changes, float32 (n, 3).
        value: The reward that the network expects, float32 (n,). A read-once network gives the mean reward to come, a
            window network its discounted sum.
    """

    track: Track
    frame: IntArray
    position_px: npt.NDArray[np.float64]
    speed: npt.NDArray[np.float64]
    memory: npt.NDArray[np.floating]
    embedding: Floats
    logits: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def error_px(self) -> npt.NDArray[np.float64]:
        """The position minus the true position in strip px, (n,)."""
        return self.position_px - self.track.targets[self.frame]

    def select(self, which: IntArray | slice) -> "Activations":
        """Keep some of the frames."""
        columns = [field.name for field in fields(self) if field.name != "track"]
        return Activations(self.track, *(getattr(self, name)[which] for name in columns))
