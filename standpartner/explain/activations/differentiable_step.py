"""One step of the game as a function of pixels and spectrogram that can be differentiated."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from standpartner.game.rules import IntArray

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class NetworkOutput:
    """What a network puts out for n frames.

    Attributes:
        action: (n, 3) The logits of the actions.
        value: (n,) The value.
        locate: (n, places) The logits of where in the window the music is; None if the network does not say.
    """

    action: Tensor
    value: Tensor
    locate: Tensor | None


@dataclass(frozen=True)
class DifferentiableStep:
    """The inputs of a network at n frames, which can be changed, and the functions from them to its output.

    Attributes:
        score: (n, c, h, w) The ink that is seen; 1 is black. With c = 2 the second channel is the difference to the
            state before.
        spectrogram: (n, c, frames, 78) The frames that are heard, the newest last.
        fixed: Inputs that stay as they were, each (n, ...), such as what the network remembered.
        encode: The encoders, which are convolutions and simple nonlinearities: score, spectrogram -> encoded, each
            (n, ...).
        heads: All that stands on the encoders: encoded, fixed -> output.
        left_px: (n,) The strip px of the score's first column.
        downscale: How many strip px a column or row of ``score`` stands for.
    """

    score: Tensor
    spectrogram: Tensor
    fixed: Tensors
    encode: Callable[[Tensor, Tensor], Tensors]
    heads: Callable[[Tensors, Tensors], NetworkOutput]
    left_px: IntArray
    downscale: int

    def select(self, which: IntArray) -> "DifferentiableStep":
        """Keep some of the frames."""
        rows = torch.from_numpy(which)
        return replace(
            self,
            score=self.score[rows],
            spectrogram=self.spectrogram[rows],
            fixed=tuple(values[rows] for values in self.fixed),
            left_px=self.left_px[which],
        )

    def output(self) -> NetworkOutput:
        """Compute the output for the inputs as they are."""
        with torch.no_grad():
            return self.heads(self.encode(self.score, self.spectrogram), self.fixed)
