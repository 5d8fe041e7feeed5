"""Gives one step of the game as a differentiable function of pixels and spectrogram."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from standpartner.game.rules import IntArray

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class NetworkOutput:
    """The output of a network for n frames.

    Attributes:
        action: The logits of the actions, (n, 3).
        value: The value, (n,).
        locate: The logits of where in the window the music is, (n, places); None if the network does not say.
    """

    action: Tensor
    value: Tensor
    locate: Tensor | None


@dataclass(frozen=True)
class DifferentiableStep:
    """The inputs of a network at n frames, which can be changed, and the functions from them to its output.

    Attributes:
        score: The ink that is seen, (n, c, h, w); 1 is black. With c = 2 the second channel is the difference to the
            state before.
        spectrogram: The frames that are heard, the newest last, (n, c, frames, 78).
        fixed: The inputs that stay as they were, each (n, ...), such as the network's memory.
        encode: The encoders, which are convolutions and simple nonlinearities. They map score and spectrogram to
            encoded tensors, each (n, ...).
        heads: The layers behind the encoders. They map encoded tensors and fixed inputs to the output.
        left_px: The strip px of the score's first column, (n,).
        downscale: The number of strip px that a column or row of ``score`` stands for.
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
        """Compute the output for the unchanged inputs."""
        with torch.no_grad():
            return self.heads(self.encode(self.score, self.spectrogram), self.fixed)
