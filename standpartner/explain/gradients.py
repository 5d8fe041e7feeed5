"""Integrated gradients: how much each pixel and each spectrogram band spoke for what an agent made of a frame.

Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv 1703.01365, computed by Captum.
Between a baseline, in which nothing is seen and heard, and what was seen and heard lies a straight path; the gradients
along it, times the whole way, add up to how much the outcome changed. How nearly they do is the completeness error.

These networks normalise what they encode, so most happens in the first few hundredths of the path, and in many small
steps. The path is therefore cut into stretches, short ones first, each with a few Gauss-Legendre points, and the
stretches with the greatest errors of their own are halved until the whole error is small enough.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from standpartner.agent.bundle import Floats
from standpartner.agent.checkpoint import AnyNetwork
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.agent.networks import ReadOnceNetwork
from standpartner.errors import ConfigError
from standpartner.explain.baselines import BASELINES, make_baselines
from standpartner.explain.looks import Look, Outcome, look_at
from standpartner.explain.moments import Moments
from standpartner.game.rules import IntArray

TARGETS: Final = ("action", "other", "value", "locate")
_POINTS: Final = 4  # of the Gauss-Legendre rule on each stretch of the path
_FIRST_STRETCHES: Final = 8
_HALVED_AT_ONCE: Final = 0.25  # share of a frame's stretches
_FRAMES_AT_ONCE: Final = 8  # bounds the memory of the stretches' attributions
_LEAST_CHANGE: Final = {"action": 0.1, "other": 0.1, "value": 0.01, "locate": 0.1}  # nat, and of the value 0 to 1


@dataclass(frozen=True)
class AttributionConfig:
    """What is attributed, against what, and how exactly.

    Attributes:
        target: "action", the log-probability of the action that was taken; "other", that of the runner-up; "value";
            or "locate", the log-probability of the column that ``locate`` gives most.
        baseline: "silence", white paper and silent audio, or "blur", both blurred until no note can be told.
        tolerance: completeness error that is aimed at, as a share of the change of the target. A change of less than
            0.1 nat, or 0.01 of the value, counts as that much.
        most_points: gradients that are computed for a frame at most.
        batch: gradients computed at once, which bounds the memory.

    Raises:
        ConfigError: a value is out of range.
    """

    target: str = "action"
    baseline: str = "silence"
    tolerance: float = 0.01
    most_points: int = 2048
    batch: int = 16

    def __post_init__(self) -> None:
        if self.target not in TARGETS or self.baseline not in BASELINES:
            raise ConfigError(
                f"expected a target of {', '.join(TARGETS)} and a baseline of {', '.join(BASELINES)}, "
                f"got {self.target!r} and {self.baseline!r}"
            )
        if self.tolerance <= 0 or self.batch < 1 or self.most_points < _FIRST_STRETCHES * _POINTS:
            raise ConfigError(
                f"expected a tolerance above 0, a batch of 1 or more and at least {_FIRST_STRETCHES * _POINTS} points, "
                f"got {self.tolerance}, {self.batch} and {self.most_points}"
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
        points: int64 (n,) gradients computed.
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
    parts = [
        _attribute(network, moments.part(slice(k, k + _FRAMES_AT_ONCE)), config)
        for k in range(0, max(len(moments), 1), _FRAMES_AT_ONCE)
    ]
    columns = [[getattr(part, name) for part in parts] for name in Attribution.__dataclass_fields__]
    return Attribution(*(None if column[0] is None else np.concatenate(column) for column in columns))


def _attribute(network: AnyNetwork, moments: Moments, config: AttributionConfig) -> Attribution:
    look = look_at(network, moments)
    target = choose_target(look.outcome(), config.target)
    path = _Path(look, torch.from_numpy(target), config)
    while path.halve_worst():
        pass
    score, spectrogram = path.total()
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
        target=target,
        change=path.change.astype(np.float32),
        error=path.error.astype(np.float32),
        points=path.points,
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
        raise ConfigError("a window network has no locate to explain; choose --target action, other or value")
    return outcome.locate


def _judged(look: Look, name: str) -> Callable[..., Tensor]:
    """Function of score, spectrogram, held inputs and index: (n,) what the target says."""

    def target(score: Tensor, spectrogram: Tensor, *others: Tensor) -> Tensor:
        outcome = look.judge(score, spectrogram, *others[:-1])
        if name == "value":
            return outcome.value
        logits = _located(outcome) if name == "locate" else outcome.action
        return logits.log_softmax(1).gather(1, others[-1].unsqueeze(1)).squeeze(1)

    return target


class _Path:
    """The straight paths of n frames from baseline to input, in stretches that are made shorter where it matters."""

    def __init__(self, look: Look, target: Tensor, config: AttributionConfig) -> None:
        self.config, count = config, len(target)
        self.inputs = look.score, look.spectrogram
        self.baselines = make_baselines(*self.inputs, kind=config.baseline, px_each=look.px_each)
        self.others = (*look.held, target)
        self.judge = _judged(look, config.target)
        self.method = IntegratedGradients(self.judge)
        with torch.no_grad():
            ends = self.judge(*self.inputs, *self.others), self.judge(*self.baselines, *self.others)
        self.change: npt.NDArray[np.float64] = (ends[0] - ends[1]).double().numpy()
        self.points = np.zeros(count, np.int64)
        edges = np.linspace(0, 1, _FIRST_STRETCHES + 1) ** 3
        self.frame = np.repeat(np.arange(count), _FIRST_STRETCHES)
        self.low, self.high = np.tile(edges[:-1], count), np.tile(edges[1:], count)
        self.parts, self.gaps = self._integrate(self.frame, self.low, self.high)

    @property
    def gap(self) -> npt.NDArray[np.float64]:
        """(n,) how much the attributions miss of the change."""
        return np.bincount(self.frame, self.gaps, minlength=len(self.change))

    @property
    def error(self) -> npt.NDArray[np.float64]:
        """(n,) completeness errors."""
        least = _LEAST_CHANGE[self.config.target]
        return np.asarray(np.abs(self.gap) / np.maximum(np.abs(self.change), least))

    def halve_worst(self) -> bool:
        """Halve the stretches that miss most, of frames whose error is still too great; False when there are none."""
        open_frames = (self.error > self.config.tolerance) & (self.points < self.config.most_points)
        worst = np.concatenate([self._worst(frame) for frame in np.flatnonzero(open_frames)] or [np.zeros(0, int)])
        if not len(worst):
            return False
        middle = (self.low[worst] + self.high[worst]) / 2
        frame = np.tile(self.frame[worst], 2)
        low, high = np.concatenate([self.low[worst], middle]), np.concatenate([middle, self.high[worst]])
        parts, gaps = self._integrate(frame, low, high)
        kept = np.setdiff1d(np.arange(len(self.frame)), worst)
        self.parts = [self.parts[k] for k in kept] + parts
        self.frame, self.gaps = np.concatenate([self.frame[kept], frame]), np.concatenate([self.gaps[kept], gaps])
        self.low, self.high = np.concatenate([self.low[kept], low]), np.concatenate([self.high[kept], high])
        return True

    def _worst(self, frame: int) -> IntArray:
        own = np.flatnonzero(self.frame == frame)
        return own[np.argsort(-np.abs(self.gaps[own]))[: max(1, int(len(own) * _HALVED_AT_ONCE))]]

    def total(self) -> tuple[Floats, Floats]:
        """Attributions of score and spectrogram, in the shapes of the inputs."""
        totals = [np.zeros(values.shape, np.float32) for values in self.inputs]
        for frame, parts in zip(self.frame, self.parts, strict=True):
            for total, part in zip(totals, parts, strict=True):
                total[frame] += part
        return totals[0], totals[1]

    def _integrate(self, frame: IntArray, low: Floats, high: Floats) -> tuple[list[tuple[Floats, Floats]], Floats]:
        """Attributions of stretches of the path, one pair each, and how much each misses."""
        self.points += np.bincount(frame, minlength=len(self.points)) * _POINTS
        made = [
            self._integrate_some(*(values[k : k + self.config.batch] for values in (frame, low, high)))
            for k in range(0, len(frame), self.config.batch)
        ]
        parts = [pair for score, spectrogram, _ in made for pair in zip(score, spectrogram, strict=True)]
        return parts, np.concatenate([gaps for _, _, gaps in made])

    def _integrate_some(self, frame: IntArray, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
        rows = torch.from_numpy(frame)
        (score, spectrogram), gaps = self.method.attribute(
            self._between(rows, high),
            self._between(rows, low),
            additional_forward_args=tuple(values[rows] for values in self.others),
            n_steps=_POINTS,
            internal_batch_size=self.config.batch,
            return_convergence_delta=True,
        )
        return score.detach().float().numpy(), spectrogram.detach().float().numpy(), gaps.detach().double().numpy()

    def _between(self, rows: Tensor, share: Floats) -> tuple[Tensor, ...]:
        along = torch.from_numpy(share.astype(np.float32)).view(-1, 1, 1, 1)
        return tuple(
            torch.lerp(baseline[rows], values[rows], along)
            for values, baseline in zip(self.inputs, self.baselines, strict=True)
        )


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


