"""A part of a network that is exported to ONNX by itself."""

from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass(frozen=True)
class Graph:
    """A module with what its export has to know.

    Attributes:
        module: The module.
        inputs: Example inputs by name, in the order in which the module takes them.
        outputs: The names of its outputs.
        free: The names of the dimensions whose sizes are free, by input or output; without any, the first dimension of
            all is the number of things that are looked at together.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    free: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def dynamic_axes(self) -> dict[str, dict[int, str]]:
        """The free dimensions, as PyTorch's exporter wants them."""
        return self.free or {name: {0: "n"} for name in (*self.inputs, *self.outputs)}
