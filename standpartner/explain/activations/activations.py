"""What a network computed at frames of an episode."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Floats
from standpartner.game.rules import IntArray
from standpartner.game.tracks import Track


@dataclass(frozen=True, eq=False)
class Activations:
    """What a network computed at n frames of an episode of one track, all of them or chosen ones.

    Attributes:
        track: The track that was followed.
        frame: int64 (n,) The frames of the performance.
        position_px: float64 (n,) Where the agent was, in strip px.
        speed: float64 (n,) The reading speed before the action, in strip px a frame.
        memory: float (n, memory_size) All that the network remembered from the frame before. A read-once network
            remembers the state of its policy and of its tracker. A window network remembers its position in the state
            before, and 1 if there was one.
        embedding: float32 (n, size) The input of the policy and value heads.
        logits: float32 (n, 3) The logits of the speed changes.
        value: float32 (n,) The reward that the network expects: a read-once network the mean reward to come, a window
            network its discounted sum.
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
        """The position minus the true position, (n,) in strip px."""
        return self.position_px - self.track.targets[self.frame]

    def select(self, which: IntArray | slice) -> "Activations":
        """Keep some of the frames."""
        columns = [field.name for field in fields(self) if field.name != "track"]
        return Activations(self.track, *(getattr(self, name)[which] for name in columns))
