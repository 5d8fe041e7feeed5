"""Checks whether attributions are complete, depend on what was learned, and are about the music.

Comparing with random weights is the check of Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018,
arXiv 1810.03292.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from standpartner.errors import ConfigError
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.activations.recording import record_activations
from standpartner.explain.activations.registry import explained
from standpartner.explain.gradients.attribution import LEAST_CHANGE, Attribution, AttributionConfig, attribute
from standpartner.game.rules import GameConfig
from standpartner.networks.checkpoint import build_network
from standpartner.piece import Piece

_HEAD_PX = 8  # half the side of the square around a notehead
COMPLETE = 0.01  # a smaller completeness error counts as complete


@dataclass(frozen=True)
class CheckReport:
    """The numbers of a check of random frames.

    Attributes:
        target: The target that was explained.
        frames: The number of frames.
        complete: The share of frames whose completeness error is under 1 %.
        error_median: The median completeness error, as a share of the target's change.
        error_max: The greatest completeness error.
        small_changes: The number of frames whose target changed less than counts as a change
            (``AttributionConfig.tolerance``).
        random_correlation: The mean rank correlation of the inked pixels' attributions with those of the same network
            with random weights. It is near 0 if the map shows what was learned.
        random_correlation_abs: The same for the sizes of the attributions.
        randomised: The number of frames that were compared with random weights.
        now_ratio: The size of the attribution around a notehead that starts now or sounds, over that around another.
        notes: The number of frames in which both kinds of noteheads are in the window.
        frames_per_s: The number of frames that were explained in a second.
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
        """Return a plain dictionary for a JSON file."""
        return asdict(self)


@dataclass(frozen=True)
class CheckConfig:
    """The size of a check.

    Attributes:
        frames: The number of frames that are drawn at random.
        randomised: The number of these frames that are also explained with random weights.
        seed: The seed of the drawing and of the random weights.
    """

    frames: int = 100
    randomised: int = 10
    seed: int = 0


def check_attributions(
    network: ExplainedNetwork,
    pieces: Sequence[Piece],
    *,
    game: GameConfig,
    config: AttributionConfig,
    check: CheckConfig,
    progress: Callable[[int], object] = lambda done: None,
) -> CheckReport:
    """Explain random frames of greedy episodes and measure the attributions.

    Args:
        network: The network of an agent that acts.
        pieces: The pieces; the first performance of each is played.
        game: The rules.
        config: The settings of the attributions.
        check: The size of the check.
        progress: The function that is called with the number of frames that were explained.
    """
    tracks = [piece.tracks()[0] for piece in pieces]
    owners = {track.name: piece for piece, track in zip(pieces, tracks, strict=True)}
    played = list(record_activations(network, tracks, game=game))
    found, correlations, notes, seconds, left = [], [], [], 0.0, check.randomised
    for sampled in sample_frames(played, check.frames, seed=check.seed):
        start_s = time.monotonic()
        attribution = attribute(network, sampled, config)
        seconds += time.monotonic() - start_s
        found.append(attribution)
        notes += list(attribution_at_noteheads(owners[sampled.track.name], sampled, attribution))
        compared = sampled.select(slice(0, left))
        left -= len(compared)
        if len(compared):
            correlations += list(random_correlations(network, compared, attribution, config=config, seed=check.seed))
        progress(len(sampled))
    return _summary(config.target, found, correlations=correlations, notes=notes, seconds=seconds)


def _summary(
    target: str,
    found: Sequence[Attribution],
    *,
    correlations: Sequence[tuple[float, float]],
    notes: Sequence[tuple[float, float]],
    seconds: float,
) -> CheckReport:
    error, change = (np.concatenate([getattr(part, name) for part in found]) for name in ("error", "change"))
    signed, sizes = np.mean(correlations, axis=0) if correlations else (np.nan, np.nan)
    now, others = np.mean(notes, axis=0) if notes else (np.nan, np.nan)
    return CheckReport(
        target=target,
        frames=len(error),
        complete=float((error < COMPLETE).mean()),
        error_median=float(np.median(error)),
        error_max=float(error.max()),
        small_changes=int((np.abs(change) < LEAST_CHANGE[target]).sum()),
        random_correlation=float(signed),
        random_correlation_abs=float(sizes),
        randomised=len(correlations),
        now_ratio=float(now / others),
        notes=len(notes),
        frames_per_s=len(error) / seconds,
    )


def sample_frames(played: Sequence[Activations], count: int, *, seed: int) -> list[Activations]:
    """Draw frames of some episodes at random, each with the same probability.

    Raises:
        ConfigError: The episodes do not have so many frames.
    """
    sizes = [len(episode) for episode in played]
    if count > sum(sizes):
        raise ConfigError(f"expected at least {count} frames to draw from, got {sum(sizes)}; give more pieces")
    drawn = np.sort(np.random.default_rng(seed).choice(sum(sizes), count, replace=False))
    starts = np.cumsum([0, *sizes])
    parts = [drawn[(drawn >= a) & (drawn < b)] - a for a, b in pairwise(starts)]
    return [episode.select(part) for episode, part in zip(played, parts, strict=True) if len(part)]


def with_random_weights(network: ExplainedNetwork, *, seed: int) -> ExplainedNetwork:
    """Make a network of the same shape with freshly drawn weights."""
    torch.manual_seed(seed)
    fresh = build_network(network.network.config)
    for module in fresh.modules():  # a layer that begins at zero says nothing about a map
        if isinstance(module, nn.Linear | nn.Conv1d) and not module.weight.any():
            module.reset_parameters()
    return explained(fresh)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Compute Spearman's rank correlation of two (n,) arrays. Ties are broken by their order."""
    first, second = (np.argsort(np.argsort(values)) - (len(values) - 1) / 2 for values in (a, b))
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def random_correlations(
    network: ExplainedNetwork,
    activations: Activations,
    found: Attribution,
    *,
    config: AttributionConfig,
    seed: int,
) -> Iterator[tuple[float, float]]:
    """Yield each frame's rank correlation of inked pixels with those under random weights, signed and by size."""
    other = attribute(with_random_weights(network, seed=seed), activations, config)
    for a, b in zip(found.score, other.score, strict=False):
        inked = (np.abs(a) > 0) | (np.abs(b) > 0)  # white paper is 0 in both, whatever the weights
        yield rank_correlation(a[inked], b[inked]), rank_correlation(np.abs(a[inked]), np.abs(b[inked]))


def attribution_at_noteheads(
    piece: Piece, activations: Activations, found: Attribution
) -> Iterator[tuple[float, float]]:
    """Yield for each frame the mean size of attribution around noteheads of the last onset played, and around others.

    Frames are left out if the window does not hold noteheads of both kinds.
    """
    heads = piece.score.noteheads
    height, width = found.score.shape[1:]
    onset = np.searchsorted(activations.track.onset_frames, activations.frame, side="right") - 1
    middle = activations.track.strip.shape[0] // 2
    for image, position_px, now in zip(np.abs(found.score), activations.position_px, onset, strict=True):
        x = heads.x_px - (np.floor(position_px + 0.5) - width // 2)
        y = heads.y_px - (middle - height // 2)
        inside = np.flatnonzero((x > _HEAD_PX) & (x < width - _HEAD_PX) & (y > 0) & (y < height))
        sums = np.array([_square(image, int(x[k]), int(y[k])) for k in inside])
        sounding = heads.onset[inside] == now
        if sounding.any() and not sounding.all():
            yield float(sums[sounding].mean()), float(sums[~sounding].mean())


def _square(image: np.ndarray, x: int, y: int) -> float:
    return float(image[max(y - _HEAD_PX, 0) : y + _HEAD_PX, max(x - _HEAD_PX, 0) : x + _HEAD_PX].sum())
