"""Mean slopes of simple nonlinearities: gradients for a whole stretch at once instead of at a point of it.

Where the input of an elementwise function goes from z0 straight to z1, the mean of its derivative on the way is
(f(z1) - f(z0)) / (z1 - z0), whatever happens between. With these slopes in the place of derivatives, the gradient
through convolutions times the way is the very difference of what they give at both ends (the rule that Shrikumar,
Greenside, Kundaje, ICML 2017, arXiv 1704.02685, call "rescale").
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_LEAST_WAY = 1e-6  # shorter ways are points: there the derivative is the slope
_FUNCTIONS: dict[Any, Callable[[Tensor], Tensor]] = {functional.relu: torch.relu, functional.elu: functional.elu}


class _Secant(torch.autograd.Function):
    """An elementwise function over a batch of knots: row k's gradient is the mean on the way from knot k to k + 1."""

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


class Secants(TorchFunctionMode):
    """Within it, rectifiers and exponential linear units take a batch as successive knots of one straight path."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Put mean slopes in the place of derivatives."""
        if func in _FUNCTIONS:
            return _Secant.apply(args[0], _FUNCTIONS[func])
        return func(*args, **(kwargs or {}))
