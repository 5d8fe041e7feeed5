"""Computes integrated gradients: how much each pixel and spectrogram band contributed to a network's output.

The method is that of Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv 1703.01365,
computed by Captum. A straight path leads from a baseline, in which nothing is seen and heard, to what was seen and
heard. The gradients along it, times its length, add up to the change of the output. The part of the change that they
miss is the completeness error.

These networks turn thousands of rectifiers on and off along the path, and normalise the result, so plain integration
needs a thousand gradients through convolutions a frame. Here the path is cut into stretches, short ones first. The
inputs of the encoders' nonlinearities go a nearly straight way on a stretch, so their mean slope there is known without
sampling (`rescale_rule`). The small heads behind the encoders are integrated by Captum with the Gauss-Legendre rule, on
as many parts of each stretch as their error asks for. More stretches come nearer to the integral; the sum is complete
with few.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from standpartner.agent.bundle import Floats
from standpartner.errors import ConfigError
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.differentiable_step import DifferentiableStep, NetworkOutput, Tensors
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.gradients.baselines import BASELINES, make_baselines
from standpartner.explain.gradients.rescale_rule import RescaleRule
from standpartner.game.rules import IntArray

TARGETS: Final = ("action", "other", "value", "locate")
_POINTS: Final = 8  # Gauss-Legendre points on each part of a stretch
_HALVED: Final = 0.125  # the share of the parts that are halved at once
_LEAST_HALVED: Final = 4
_HEADS_AT_ONCE: Final = 128  # bounds the memory
LEAST_CHANGE: Final = {"action": 0.1, "other": 0.1, "value": 0.01, "locate": 0.1}  # in nat; the value is from 0 to 1


@dataclass(frozen=True)
class AttributionConfig:
    """The target, the baseline and the accuracy of attributions.

    Attributes:
        target: The output that is explained: "action" is the log-probability of the action that was taken, "other" that
            of the runner-up, "value" the value, and "locate" the log-probability of locate's likeliest column.
        baseline: The baseline with which the frame is compared: "silence" is white paper and silent audio, "blur" is
            both blurred until no note can be told.
        stretches: The number of stretches into which the path is cut. Each costs a gradient through the encoders.
        tolerance: The completeness error that is aimed at, as a share of the change of the target. A change of less
            than 0.1 nat, or 0.01 of the value, counts as that much.
        most_points: The largest number of Gauss-Legendre points through the heads. The stretches that miss most are
            halved until the error is small enough or there are so many points.

    Raises:
        ConfigError: A value is out of range.
    """

    target: str = "action"
    baseline: str = "silence"
    stretches: int = 16
    tolerance: float = 0.01
    most_points: int = 8192

    def __post_init__(self) -> None:
        if self.target not in TARGETS or self.baseline not in BASELINES:
            raise ConfigError(
                f"expected a target of {', '.join(TARGETS)} and a baseline of {', '.join(BASELINES)}, "
                f"got {self.target!r} and {self.baseline!r}"
            )
        if self.tolerance <= 0 or self.stretches < 1 or self.most_points < 1:
            raise ConfigError(
                f"expected a tolerance above 0, a stretch or more and a point or more, "
                f"got {self.tolerance}, {self.stretches} and {self.most_points}"
            )


@dataclass(frozen=True, eq=False)
class Attribution:
    """Attributions for n frames. Positive parts contributed to the target, negative parts opposed it.

    All attributions of a frame, the two differences included, add up to ``change``, but for the completeness error.

    Attributes:
        score: The attributions of the window's pixels in strip px, float32 (n, height, width), around the position
            rounded half up and the strip's middle row. A read-once network has (n, 160, 512).
        spectrogram: The attributions of the spectrogram, the newest frame last, float32 (n, frames, 78).
        score_beyond: The sum over all pixels around the window that the strip encoder sees, float32 (n,).
        score_difference: The attributions of the difference to the state before, float32, shaped like ``score``; None
            for networks that see no difference.
        spectrogram_difference: The attributions of the spectrogram's difference, float32, shaped like ``spectrogram``;
            None for networks that see no difference.
        target: The index of the action or column, int64 (n,); 0 for the value.
        change: The target minus its value at the baseline, float32 (n,).
        error: The completeness error, float32 (n,); see ``AttributionConfig.tolerance``.
        points: The number of Gauss-Legendre points through the heads over all stretches, int64 (n,).
    """

    score: Floats
    spectrogram: Floats
    score_beyond: Floats
    score_difference: Floats | None
    spectrogram_difference: Floats | None
    target: IntArray
    change: Floats
    error: Floats
    points: IntArray


def attribute(
    network: ExplainedNetwork, activations: Activations, config: AttributionConfig | None = None
) -> Attribution:
    """Compute integrated gradients of a network's output at some frames, with its memory held fixed.

    Args:
        network: The network that played (``load_network``).
        activations: The activations of n frames of one track (``record_activations``).
        config: The settings; see `AttributionConfig`.

    Raises:
        ConfigError: There is no frame, or the network has no ``locate``.
    """
    if not len(activations):
        raise ConfigError("expected at least one frame to explain, got none; choose others with --frames")
    config = config or AttributionConfig()
    step = network.step(activations)
    paths = [_Path(step.select(np.array([k])), config) for k in range(len(activations))]
    made = [path.integrate() for path in paths]
    score, spectrogram, change, error, points = (np.stack(column) for column in zip(*made, strict=True))
    differences = score.shape[1] == 2
    left_px = np.floor(activations.position_px + 0.5).astype(np.int64) - network.seen_width_px // 2
    shown = _in_strip_px(score, step.downscale)
    windows = cut_windows(shown, left_px - step.left_px, width_px=network.seen_width_px)
    return Attribution(
        score=windows[:, 0],
        spectrogram=spectrogram[:, 0],
        score_beyond=score.sum((1, 2, 3)) - windows.sum((1, 2, 3)),
        score_difference=windows[:, 1] if differences else None,
        spectrogram_difference=spectrogram[:, 1] if differences else None,
        target=np.concatenate([path.target for path in paths]),
        change=change.astype(np.float32),
        error=error.astype(np.float32),
        points=points,
    )


def choose_target(output: NetworkOutput, target: str) -> IntArray:
    """Return the index, (n,), of the action or column that is explained; it is 0 for the value.

    Raises:
        ConfigError: The network has no ``locate``.
    """
    if target == "action":
        return output.action.argmax(1).numpy()
    if target == "other":
        return output.action.topk(2).indices[:, 1].numpy()
    if target == "value":
        return np.zeros(len(output.value), np.int64)
    return _located(output).argmax(1).numpy()


def _located(output: NetworkOutput) -> Tensor:
    if output.locate is None:
        raise ConfigError("a window network has no locate to explain; choose action, other or value")
    return output.locate


def _target_function(step: DifferentiableStep, name: str, encoded: int) -> Callable[..., Tensor]:
    """Make the function of ``encoded`` tensors, fixed inputs and index to the target (n,)."""

    def target(*inputs: Tensor) -> Tensor:
        output = step.heads(inputs[:encoded], inputs[encoded:-1])
        if name == "value":
            return output.value
        logits = _located(output) if name == "locate" else output.action
        return logits.log_softmax(1).gather(1, inputs[-1].unsqueeze(1)).squeeze(1)

    return target


class _Path:
    """The straight path of one frame from baseline to input, cut into stretches."""

    def __init__(self, step: DifferentiableStep, config: AttributionConfig) -> None:
        self.step, self.config = step, config
        self.inputs = step.score, step.spectrogram
        self.baselines = make_baselines(*self.inputs, kind=config.baseline, downscale=step.downscale)
        self.knots = torch.linspace(0, 1, config.stretches + 1) ** 3
        self.target = choose_target(step.output(), config.target)

    def integrate(self) -> tuple[Floats, Floats, float, float, int]:
        """Return the attributions of score (c, h, w) and spectrogram (c, frames, 78), change, error and points."""
        knots = [(b + (x - b) * self.knots.view(-1, 1, 1, 1)).requires_grad_() for x, b in self._ends()]
        with RescaleRule():
            encoded = self.step.encode(knots[0], knots[1])
        through, change, points = self._through_heads(tuple(values.detach() for values in encoded))
        gradients = torch.autograd.grad(encoded, knots, through)
        steps = (self.knots[1:] - self.knots[:-1]).view(-1, 1, 1, 1)
        score, spectrogram = (
            ((x - b)[0] * (gradient[:-1] * steps).sum(0)).numpy()
            for (x, b), gradient in zip(self._ends(), gradients, strict=True)
        )
        missed = float(score.sum(dtype=np.float64) + spectrogram.sum(dtype=np.float64)) - change
        return score, spectrogram, change, self._error(missed, change), points

    def _ends(self) -> Iterator[tuple[Tensor, Tensor]]:
        return zip(self.inputs, self.baselines, strict=True)

    def _error(self, gap: float, change: float) -> float:
        return abs(gap) / max(abs(change), LEAST_CHANGE[self.config.target])

    def _through_heads(self, encoded: Tensors) -> tuple[Tensors, float, int]:
        """Return the mean gradients (knots, ...) from each knot to the next, the change, and the points.

        No stretch begins at the last knot, so its gradient is 0.
        """
        integral = _HeadsIntegral(self.step, self.config.target, encoded, torch.from_numpy(self.target))
        while self._is_open(integral):
            integral.halve_worst()
        return integral.means(), integral.change, integral.points

    def _is_open(self, integral: "_HeadsIntegral") -> bool:
        error = self._error(integral.missed, integral.change)
        return error > self.config.tolerance and integral.points < self.config.most_points


class _HeadsIntegral:
    """The integral through the heads along one frame's path. Its parts, from knot to knot, are halved where it bends.

    Args:
        step: The step at the frame.
        target: The target, see `AttributionConfig`.
        encoded: The outputs of the encoders at the knots, each (knots, ...).
        index: The index of the action or column, (1,).
    """

    def __init__(self, step: DifferentiableStep, target: str, encoded: Tensors, index: Tensor) -> None:
        self.encoded, self.others = encoded, (*step.fixed, index)
        self.target = _target_function(step, target, len(encoded))
        self.method = IntegratedGradients(self.target, multiply_by_inputs=False)
        ends = self._target_at(tuple(values[[0, -1]] for values in encoded))
        self.change, self.points = float(ends[1] - ends[0]), 0
        self.low = torch.arange(len(encoded[0]) - 1, dtype=torch.float64)  # of parts, counted in knots
        self.high = self.low + 1
        self.gradients, self.gaps = self._integrate(self.low, self.high)

    @property
    def missed(self) -> float:
        """The part of the change that the gradients along the path miss."""
        return float(self.gaps.sum())

    def halve_worst(self) -> None:
        """Halve the parts that miss most of the change."""
        order = self.gaps.abs().argsort(descending=True)
        count = max(_LEAST_HALVED, int(len(order) * _HALVED))
        worst, kept = order[:count], order[count:]
        middle = (self.low[worst] + self.high[worst]) / 2
        low, high = torch.cat([self.low[worst], middle]), torch.cat([middle, self.high[worst]])
        gradients, gaps = self._integrate(low, high)
        self.low, self.high = torch.cat([self.low[kept], low]), torch.cat([self.high[kept], high])
        self.gaps = torch.cat([self.gaps[kept], gaps])
        self.gradients = tuple(torch.cat([old[kept], new]) for old, new in zip(self.gradients, gradients, strict=True))

    def means(self) -> Tensors:
        """Return the mean gradients (knots, ...) from each knot to the next; that of the last knot is 0."""
        shares, knots = (self.high - self.low).float(), self.low.long()
        return tuple(
            torch.zeros_like(values).index_add(0, knots, gradients * _as_column(shares, gradients))
            for values, gradients in zip(self.encoded, self.gradients, strict=True)
        )

    def _integrate(self, low: Tensor, high: Tensor) -> tuple[Tensors, Tensor]:
        """Return the mean gradients, (parts, ...), on parts of the path, and the change that each misses, (parts,)."""
        self.points += _POINTS * len(low)
        starts, ends = self._between(low, low), self._between(low, high)
        gradients = self.method.attribute(
            ends,
            starts,
            additional_forward_args=self._repeated(len(low)),
            n_steps=_POINTS,
            internal_batch_size=max(_HEADS_AT_ONCE, len(low)),
        )
        way = [(g * (b - a)).double().flatten(1).sum(1) for g, a, b in zip(gradients, starts, ends, strict=True)]
        missed = sum(way, torch.zeros(len(low))) - (self._target_at(ends) - self._target_at(starts))
        return tuple(g.detach().float() for g in gradients), missed.detach()

    def _between(self, knot: Tensor, place: Tensor) -> Tensors:
        """Interpolate what is encoded at places between the knots and the next ones; both (parts,), in knots."""
        first = knot.long()
        share = (place - first).float()
        return tuple(torch.lerp(values[first], values[first + 1], _as_column(share, values)) for values in self.encoded)

    def _target_at(self, encoded: Tensors) -> Tensor:
        with torch.no_grad():
            return self.target(*encoded, *self._repeated(len(encoded[0]))).double()

    def _repeated(self, count: int) -> Tensors:
        return tuple(values.expand(count, *values.shape[1:]) for values in self.others)


def _as_column(numbers: Tensor, like: Tensor) -> Tensor:
    """Reshape numbers, (n,), to as many axes as another tensor has."""
    return numbers.view(-1, *[1] * (like.ndim - 1))


def _in_strip_px(score: Floats, downscale: int) -> Floats:
    """Share each pixel's attribution among the strip px that it was shrunk from: (n, c, h, w) -> (n, c, h k, w k)."""
    spread: Floats = np.repeat(np.repeat(score, downscale, axis=2), downscale, axis=3) / np.float32(downscale**2)
    return spread


def cut_windows(images: Floats, left_px: IntArray, *, width_px: int) -> Floats:
    """Cut windows out of images. A window is zero beyond the image's ends.

    Args:
        images: The images, (n, c, h, w).
        left_px: The column at which each window begins, (n,); it may lie beyond the ends.
        width_px: The width of the windows.

    Returns:
        The windows, (n, c, h, width_px).
    """
    cut = np.zeros((*images.shape[:3], width_px), np.float32)
    for window, image, left in zip(cut, images, left_px.tolist(), strict=True):
        low, high = max(left, 0), min(left + width_px, image.shape[-1])
        if high > low:
            window[..., low - left : high - left] = image[..., low:high]
    return cut
