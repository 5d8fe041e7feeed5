"""Whether attributions are what they claim to be: complete, made by what was learned, and about the music."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from standpartner.errors import ConfigError
from standpartner.explain.gradients.attribution import LEAST_CHANGE, Attribution, AttributionConfig, attribute
from standpartner.explain.replay import Moments, play_moments
from standpartner.game.rules import GameConfig
from standpartner.networks.checkpoint import AnyNetwork, build_network
from standpartner.piece import Piece

_HEAD_PX = 8  # half the side of the square around a notehead
COMPLETE = 0.01  # completeness error that is asked for


@dataclass(frozen=True)
class CheckReport:
    """Numbers of a check, over ``frames`` random frames.

    Attributes:
        target: what was explained.
        frames: how many.
        complete: share of them whose completeness error is under 1 %.
        error_median: completeness error, a share of the target's change.
        error_max: the greatest.
        small_changes: frames whose target changed less than counts as a change (``AttributionConfig.tolerance``).
        random_correlation: mean rank correlation of the inked pixels' attributions with those of the same network with
            random weights; near 0 if the map shows what was learned.
        random_correlation_abs: the same of their sizes.
        randomised: frames that were compared so.
        now_ratio: attribution, in size, around a notehead that starts now or sounds, over that around another one.
        notes: frames in which both are in the window.
        frames_per_s: frames explained in a second.
    """

    target: str
    frames: int
    complete: float
    error_median: float
    error_max: float
    small_changes: int
    random_correlation: float
    random_correlation_abs: float
    randomised: int
    now_ratio: float
    notes: int
    frames_per_s: float

    def to_json(self) -> dict[str, float | int | str]:
        """Plain dictionary for a JSON file."""
        return asdict(self)


@dataclass(frozen=True)
class CheckConfig:
    """How much a check looks at.

    Attributes:
        frames: drawn at random.
        randomised: how many of them are explained with random weights too.
        seed: of the drawing and of the random weights.
    """

    frames: int = 100
    randomised: int = 10
    seed: int = 0


def check_attributions(
    network: AnyNetwork,
    pieces: Sequence[Piece],
    *,
    game: GameConfig,
    config: AttributionConfig,
    check: CheckConfig,
    progress: Callable[[int], object] = lambda done: None,
) -> CheckReport:
    """Explain random frames of greedy episodes and measure.

    Args:
        network: of an agent that acts.
        pieces: one episode of the first performance of each.
        game: the rules.
        config: what is explained.
        check: how much.
        progress: called with the number of frames that were explained.
    """
    tracks = [(piece, piece.tracks()[0]) for piece in pieces]
    played = play_moments(network, [track for _, track in tracks], game=game)
    owners = {track.name: piece for piece, track in tracks}
    found, correlations, notes, seconds, left = [], [], [], 0.0, check.randomised
    for moments in random_moments(list(played), check.frames, seed=check.seed):
        start_s = time.monotonic()
        explained = attribute(network, moments, config)
        seconds += time.monotonic() - start_s
        found.append(explained)
        notes += list(around_heads(owners[moments.track.name], moments, explained))
        some = moments.part(slice(0, left))
        left -= len(some)
        if len(some):
            correlations += list(random_correlations(network, some, explained, config=config, seed=check.seed))
        progress(len(moments))
    error, change = (np.concatenate([getattr(part, name) for part in found]) for name in ("error", "change"))
    signed, sizes = np.mean(correlations, axis=0) if correlations else (np.nan, np.nan)
    now, others = np.mean(notes, axis=0) if notes else (np.nan, np.nan)
    return CheckReport(
        target=config.target,
        frames=len(error),
        complete=float((error < COMPLETE).mean()),
        error_median=float(np.median(error)),
        error_max=float(error.max()),
        small_changes=int((np.abs(change) < LEAST_CHANGE[config.target]).sum()),
        random_correlation=float(signed),
        random_correlation_abs=float(sizes),
        randomised=len(correlations),
        now_ratio=float(now / others),
        notes=len(notes),
        frames_per_s=len(error) / seconds,
    )


def random_moments(played: Sequence[Moments], count: int, *, seed: int) -> list[Moments]:
    """Draw frames of some episodes, all alike probable.

    Raises:
        ConfigError: there are not so many.
    """
    sizes = [len(moments) for moments in played]
    if count > sum(sizes):
        raise ConfigError(f"expected at least {count} frames to draw from, got {sum(sizes)}; give more pieces")
    drawn = np.sort(np.random.default_rng(seed).choice(sum(sizes), count, replace=False))
    starts = np.cumsum([0, *sizes])
    parts = [drawn[(drawn >= a) & (drawn < b)] - a for a, b in pairwise(starts)]
    return [moments.part(part) for moments, part in zip(played, parts, strict=True) if len(part)]


def randomised(network: AnyNetwork, *, seed: int) -> AnyNetwork:
    """A network of the same shape with freshly drawn weights."""
    torch.manual_seed(seed)
    fresh = build_network(network.config).eval().requires_grad_(False)
    for module in fresh.modules():  # what begins at zero says nothing about a map
        if isinstance(module, nn.Linear | nn.Conv1d) and not module.weight.any():
            module.reset_parameters()
    return fresh


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: of two (n,) arrays without regard to ties."""
    first, second = (np.argsort(np.argsort(values)) - (len(values) - 1) / 2 for values in (a, b))
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def random_correlations(
    network: AnyNetwork, moments: Moments, found: Attribution, *, config: AttributionConfig, seed: int
) -> Iterator[tuple[float, float]]:
    """Of each frame: rank correlation of its inked pixels with those of random weights, and that of their sizes."""
    fresh = randomised(network, seed=seed)
    other = attribute(fresh, moments, config)
    for a, b in zip(found.score, other.score, strict=False):
        inked = (np.abs(a) > 0) | (np.abs(b) > 0)  # white paper is 0 in both, whatever the weights
        yield rank_correlation(a[inked], b[inked]), rank_correlation(np.abs(a[inked]), np.abs(b[inked]))


def around_heads(piece: Piece, moments: Moments, found: Attribution) -> Iterator[tuple[float, float]]:
    """Of each frame: mean size of attribution around the noteheads of the last onset played, and around others.

    Frames without either in the window are left out.
    """
    heads = piece.score.noteheads
    height, width = found.score.shape[1:]
    onset = np.searchsorted(moments.track.onset_frames, moments.frame, side="right") - 1
    middle = moments.track.strip.shape[0] // 2
    for image, position_px, now in zip(np.abs(found.score), moments.position_px, onset, strict=True):
        x = heads.x_px - (np.floor(position_px + 0.5) - width // 2)
        y = heads.y_px - (middle - height // 2)
        inside = np.flatnonzero((x > _HEAD_PX) & (x < width - _HEAD_PX) & (y > 0) & (y < height))
        sums = np.array([_square(image, int(x[k]), int(y[k])) for k in inside])
        sounding = heads.onset[inside] == now
        if sounding.any() and not sounding.all():
            yield float(sums[sounding].mean()), float(sums[~sounding].mean())


def _square(image: np.ndarray, x: int, y: int) -> float:
    return float(image[max(y - _HEAD_PX, 0) : y + _HEAD_PX, max(x - _HEAD_PX, 0) : x + _HEAD_PX].sum())
