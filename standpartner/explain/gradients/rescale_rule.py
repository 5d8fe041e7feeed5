"""Computes gradients for a whole stretch of a path at once by the rescale rule.

Where the input of an elementwise function goes from z0 straight to z1, the mean of its derivative on the way is
(f(z1) - f(z0)) / (z1 - z0), whatever happens between. With these mean slopes in the place of derivatives, the gradient
through convolutions times the way is exactly the difference of what they give at both ends. The rule is that of
Shrikumar, Greenside, Kundaje, "Learning Important Features Through Propagating Activation Differences" (DeepLIFT),
ICML 2017, arXiv 1704.02685.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_LEAST_WAY = 1e-6  # for shorter ways the derivative is the slope
_FUNCTIONS: dict[Any, Callable[[Tensor], Tensor]] = {functional.relu: torch.relu, functional.elu: functional.elu}


class _MeanSlope(torch.autograd.Function):
    """An elementwise function over a batch of knots. Row k's gradient is the mean slope from knot k to k + 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        with torch.enable_grad():
            inside = x.detach().requires_grad_()
            y = function(inside)
            (slope,) = torch.autograd.grad(y.sum(), inside)
        y = y.detach()
        way = x[1:] - x[:-1]
        long = way.abs() > _LEAST_WAY
        slope[:-1] = torch.where(long, (y[1:] - y[:-1]) / torch.where(long, way, 1.0), slope[:-1])
        ctx.save_for_backward(slope)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


class RescaleRule(TorchFunctionMode):
    """A context in which rectifiers and exponential linear units take a batch as the knots of one straight path."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Put mean slopes in the place of derivatives."""
        if func in _FUNCTIONS:
            return _MeanSlope.apply(args[0], _FUNCTIONS[func])
        return func(*args, **(kwargs or {}))
