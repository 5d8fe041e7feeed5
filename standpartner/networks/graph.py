"""Describes a part of a network that is exported to ONNX by itself."""

from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass(frozen=True)
class Graph:
    """A module with the inputs and outputs of its export.

    Attributes:
        module: The module.
        inputs: The example inputs by name, in the order in which the module takes them.
        outputs: The names of its outputs.
        free: The names of the dimensions whose sizes are free, by input or output. Without any, the first dimension of
            all is free.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    free: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def dynamic_axes(self) -> dict[str, dict[int, str]]:
        """Return the free dimensions in the form of PyTorch's exporter."""
        return self.free or {name: {0: "n"} for name in (*self.inputs, *self.outputs)}
