"""Integrated gradients: how much each pixel and each spectrogram band spoke for what an agent made of a frame.

Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv 1703.01365, computed by Captum.
Between a baseline, in which nothing is seen and heard, and what was seen and heard lies a straight path; the gradients
along it, times the whole way, add up to how much the outcome changed. How nearly they do is the completeness error.

These networks turn thousands of rectifiers on and off along the path, and normalise what comes of it, so that plain
integration needs a thousand gradients through convolutions a frame. Here the path is cut into stretches, short ones
first. Of the encoders' nonlinearities, whose inputs go a nearly straight way on a stretch, the mean slope there is
known without sampling (`secants`); the small head behind them is integrated by Captum, by Gauss-Legendre, on as many
parts of each stretch as its error asks for. The more stretches, the nearer to the integral; complete it is with few.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from standpartner.agent.bundle import Floats
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.errors import ConfigError
from standpartner.explain.gradients.baselines import BASELINES, make_baselines
from standpartner.explain.gradients.differentiable_step import Look, Outcome, Tensors, look_at
from standpartner.explain.gradients.secants import Secants
from standpartner.explain.replay import Moments
from standpartner.game.rules import IntArray
from standpartner.networks.checkpoint import AnyNetwork
from standpartner.networks.read_once import ReadOnceNetwork

TARGETS: Final = ("action", "other", "value", "locate")
_POINTS: Final = 8  # of the Gauss-Legendre rule on each part of a stretch
_HALVED: Final = 0.125  # share of the parts that are halved at once
_LEAST_HALVED: Final = 4
_HEADS_AT_ONCE: Final = 128  # bounds the memory
LEAST_CHANGE: Final = {"action": 0.1, "other": 0.1, "value": 0.01, "locate": 0.1}  # nat, and of the value 0 to 1


@dataclass(frozen=True)
class AttributionConfig:
    """What is attributed, against what, and how exactly.

    Attributes:
        target: "action", the log-probability of the action that was taken; "other", that of the runner-up; "value";
            or "locate", the log-probability of the column that ``locate`` gives most.
        baseline: "silence", white paper and silent audio, or "blur", both blurred until no note can be told.
        stretches: that the path is cut into, each costs a gradient through the encoders.
        tolerance: completeness error that is aimed at, as a share of the change of the target. A change of less than
            0.1 nat, or 0.01 of the value, counts as that much.
        most_points: Gauss-Legendre points through the head: stretches are halved where most is missed until the error
            is small enough or there are so many.

    Raises:
        ConfigError: a value is out of range.
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
    """Attributions for n frames; all that is positive spoke for the target, all that is negative against it.

    Everything of a frame, the two differences included, adds up to ``change``, but for the completeness error.

    Attributes:
        score: float32 (n, height, width) of the window's pixels in strip px, around the position rounded half up and
            the strip's middle row; (n, 160, 512) for a read-once network.
        spectrogram: float32 (n, frames, 78), the frame's own last.
        score_beyond: float32 (n,) of all pixels around the window that the strip encoder looks at.
        score_difference: like ``score``, of the difference to the state before; None for networks that see none.
        spectrogram_difference: like ``spectrogram``, alike.
        target: int64 (n,) index of the action or column; 0 for the value.
        change: float32 (n,) by how much the target differs from its value at the baseline.
        error: float32 (n,) completeness error, see ``AttributionConfig.tolerance``.
        points: int64 (n,) Gauss-Legendre points through the head, over all stretches.
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


def attribute(network: AnyNetwork, moments: Moments, config: AttributionConfig | None = None) -> Attribution:
    """Integrated gradients of what a network made of some frames, down to the pixels, its memory held as it was.

    Args:
        network: that played the moments (``load_network``), its weights without gradients.
        moments: n frames of one track (``play_moments``).
        config: see `AttributionConfig`.

    Raises:
        ConfigError: there is no frame, or the network has no ``locate``.
    """
    config = config or AttributionConfig()
    look = look_at(network, moments)
    paths = [_Path(look.part(np.array([k])), config) for k in range(len(moments))]
    made = [path.integrate() for path in paths]
    score, spectrogram, change, error, points = (np.stack(column) for column in zip(*made, strict=True))
    differences = score.shape[1] == 2
    windows = _in_strip_px(score, look.px_each)
    if isinstance(network, ReadOnceNetwork):
        left_px = np.floor(moments.position_px + 0.5).astype(np.int64) - WINDOW_COLUMNS * COLUMN_STRIDE_PX // 2
        windows = cut_windows(windows, left_px - look.left_px, width_px=WINDOW_COLUMNS * COLUMN_STRIDE_PX)
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


def choose_target(outcome: Outcome, target: str) -> IntArray:
    """(n,) index of what is explained: of the action or column; 0 for the value.

    Raises:
        ConfigError: the network has no ``locate``.
    """
    if target == "action":
        return outcome.action.argmax(1).numpy()
    if target == "other":
        return outcome.action.topk(2).indices[:, 1].numpy()
    if target == "value":
        return np.zeros(len(outcome.value), np.int64)
    return _located(outcome).argmax(1).numpy()


def _located(outcome: Outcome) -> Tensor:
    if outcome.locate is None:
        raise ConfigError("a window network has no locate to explain; choose action, other or value")
    return outcome.locate


def _judged(look: Look, name: str, encoded: int) -> Callable[..., Tensor]:
    """Function of ``encoded`` tensors, held inputs and index: (n,) what the target says."""

    def target(*inputs: Tensor) -> Tensor:
        outcome = look.judge(inputs[:encoded], inputs[encoded:-1])
        if name == "value":
            return outcome.value
        logits = _located(outcome) if name == "locate" else outcome.action
        return logits.log_softmax(1).gather(1, inputs[-1].unsqueeze(1)).squeeze(1)

    return target


class _Path:
    """The straight path of one frame from baseline to input, cut into stretches."""

    def __init__(self, look: Look, config: AttributionConfig) -> None:
        self.look, self.config = look, config
        self.inputs = look.score, look.spectrogram
        self.baselines = make_baselines(*self.inputs, kind=config.baseline, px_each=look.px_each)
        self.knots = torch.linspace(0, 1, config.stretches + 1) ** 3
        self.target = choose_target(look.outcome(), config.target)

    def integrate(self) -> tuple[Floats, Floats, float, float, int]:
        """Attributions of score (c, h, w) and spectrogram (c, frames, 78), change, error, points."""
        knots = [(b + (x - b) * self.knots.view(-1, 1, 1, 1)).requires_grad_() for x, b in self._ends()]
        with Secants():
            encoded = self.look.encode(knots[0], knots[1])
        through, change, points = self._through_head(tuple(values.detach() for values in encoded))
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

    def _through_head(self, encoded: Tensors) -> tuple[Tensors, float, int]:
        """Mean gradients (knots, ...) on the stretch from each knot to the next, the change, points.

        The last knot begins no stretch: it has gradient 0.
        """
        head = _Head(self.look, self.config.target, encoded, torch.from_numpy(self.target))
        while self._error(head.missed, head.change) > self.config.tolerance and head.points < self.config.most_points:
            head.halve_worst()
        return head.means(), head.change, head.points


class _Head:
    """What stands on the encoders, along one frame's path: from knot to knot, in parts that are halved where it bends.

    Args:
        look: of the frame.
        target: see `AttributionConfig`.
        encoded: of the knots, each (knots, ...).
        index: (1,) of the action or column.
    """

    def __init__(self, look: Look, target: str, encoded: Tensors, index: Tensor) -> None:
        self.encoded, self.others = encoded, (*look.held, index)
        self.judged = _judged(look, target, len(encoded))
        self.method = IntegratedGradients(self.judged, multiply_by_inputs=False)
        ends = self._said(tuple(values[[0, -1]] for values in encoded))
        self.change, self.points = float(ends[1] - ends[0]), 0
        self.low = torch.arange(len(encoded[0]) - 1, dtype=torch.float64)  # of parts, in knots
        self.high = self.low + 1
        self.gradients, self.gaps = self._integrate(self.low, self.high)

    @property
    def missed(self) -> float:
        """By how much the gradients along the path miss the change."""
        return float(self.gaps.sum())

    def halve_worst(self) -> None:
        """Halve the parts that miss most."""
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
        """(knots, ...) mean gradients from each knot to the next; 0 for the last."""
        shares, knots = (self.high - self.low).float(), self.low.long()
        return tuple(
            torch.zeros_like(values).index_add(0, knots, gradients * _as_column(shares, gradients))
            for values, gradients in zip(self.encoded, self.gradients, strict=True)
        )

    def _integrate(self, low: Tensor, high: Tensor) -> tuple[Tensors, Tensor]:
        """Mean gradients (parts, ...) on parts of the path, and how much each misses of its change (parts,)."""
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
        missed = sum(way, torch.zeros(len(low))) - (self._said(ends) - self._said(starts))
        return tuple(g.detach().float() for g in gradients), missed.detach()

    def _between(self, knot: Tensor, place: Tensor) -> Tensors:
        """What is encoded at places on the ways that begin at the knots before; both (parts,), in knots."""
        first = knot.long()
        share = (place - first).float()
        return tuple(torch.lerp(values[first], values[first + 1], _as_column(share, values)) for values in self.encoded)

    def _said(self, encoded: Tensors) -> Tensor:
        with torch.no_grad():
            return self.judged(*encoded, *self._repeated(len(encoded[0]))).double()

    def _repeated(self, count: int) -> Tensors:
        return tuple(values.expand(count, *values.shape[1:]) for values in self.others)


def _as_column(numbers: Tensor, like: Tensor) -> Tensor:
    """(n,) with as many axes as another tensor."""
    return numbers.view(-1, *[1] * (like.ndim - 1))


def _in_strip_px(score: Floats, px_each: int) -> Floats:
    """Share each pixel's attribution among the strip px that it was shrunk from: (n, c, h, w) -> (n, c, h k, w k)."""
    spread: Floats = np.repeat(np.repeat(score, px_each, axis=2), px_each, axis=3) / np.float32(px_each**2)
    return spread


def cut_windows(images: Floats, left_px: IntArray, *, width_px: int) -> Floats:
    """Cut windows out of images; zero beyond their ends.

    Args:
        images: (n, c, h, w).
        left_px: (n,) column where each window begins, also beyond the ends.
        width_px: of the windows.

    Returns:
        (n, c, h, width_px).
    """
    cut = np.zeros((*images.shape[:3], width_px), np.float32)
    for window, image, left in zip(cut, images, left_px.tolist(), strict=True):
        low, high = max(left, 0), min(left + width_px, image.shape[-1])
        if high > low:
            window[..., low - left : high - left] = image[..., low:high]
    return cut
