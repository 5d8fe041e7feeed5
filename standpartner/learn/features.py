"""Computes the features of fixed encoders once for a training set, so that episodes cost only the small heads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.columns import window_index
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.learn.data import TrainingPerformance, TrainingSet, frames_between
from standpartner.learn.device import precision
from standpartner.networks.heads import interpolate_window
from standpartner.networks.policy import OUTLINE
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig, augment

MadeT = TypeVar("MadeT")


@dataclass(frozen=True)
class Features:
    """The encoded strips and performances, joined end to end, in half precision, as they take gigabytes.

    Attributes:
        view: The views of all strips, (columns of all strips, each padded by 64 at both ends; features + 2).
        view_start: The index at which each strip's padded columns begin, (pieces,).
        column_count: The number of columns of each strip without padding, (pieces,).
        embeddings: The embeddings of all performances, (frames of all performances, features).
        frame_start: The index at which each performance's frames begin, (performances,).
        piece: The index of the piece, (performances,).
    """

    view: Tensor
    view_start: np.ndarray
    column_count: np.ndarray
    embeddings: Tensor
    frame_start: np.ndarray
    piece: np.ndarray

    def embedding(self, performance: np.ndarray | int, frame: np.ndarray) -> Tensor:
        """Return the embeddings of frames, (N,), of performances, (N,) or one, (N, features)."""
        return self.embeddings[torch.as_tensor(self.frame_start[performance] + frame)].float()


class MadeByEncoders(Generic[MadeT]):
    """Caches the output of a network's encoders while their weights stay the same.

    Args:
        make: The function that encodes with a network.
    """

    def __init__(self, make: Callable[[ReadOnceNetwork], MadeT]) -> None:
        self._make = make
        self._kept: tuple[dict[str, Tensor], MadeT] | None = None

    def by(self, network: ReadOnceNetwork) -> MadeT:
        """Return the output of a network's encoders, which is computed again when their weights have changed."""
        weights = network.encoder_weights()
        if self._kept is None or not _same(self._kept[0], weights):
            self._kept = None  # two outputs may not fit into memory
            held = {name: weight.clone() for name, weight in weights.items()}
            self._kept = held, self._make(network)
        return self._kept[1]


def _same(before: dict[str, Tensor], now: dict[str, Tensor]) -> bool:
    return before.keys() == now.keys() and all(torch.equal(before[name], now[name]) for name in now)


@dataclass(frozen=True)
class Observation:
    """The present observations of N episodes.

    Attributes:
        maps: The correlations and the outline in the window, (N, heads + 2, 64).
        locate: The logits of the locate head, (N, 64).
        embedding: The embedding of the present frame, (N, features).
        speed_px: The reading speed in strip px a frame, (N,).
    """

    maps: Tensor
    locate: Tensor
    embedding: Tensor
    speed_px: Tensor


def _strip_view(network: ReadOnceNetwork, ink: np.ndarray) -> Tensor:
    image = torch.as_tensor(ink)[None, None].float() / 255
    return functional.pad(network.view(network.strip(image))[0], (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS))


def _embeddings(
    network: ReadOnceNetwork, performance: TrainingPerformance, settings: AugmentConfig, rng: np.random.Generator
) -> Tensor:
    spectrogram = performance.track.spectrogram
    frames = frames_between(spectrogram, -network.frames.lead_frames, performance.track.last_frame + 2)
    return network.frames(torch.as_tensor(augment(frames[None], config=settings, rng=rng)))[0]


def encode(
    network: ReadOnceNetwork, data: TrainingSet, *, settings: AugmentConfig, seed: int, mixed_precision: str = "off"
) -> Features:
    """Encode all strips and performances with the present encoders.

    Args:
        network: The network, whose encoders are used in evaluation mode, without gradients.
        data: The set to encode.
        settings: The augmentation of the spectrograms, one draw for each performance.
        seed: The seed of those draws.
        mixed_precision: The precision; "auto" encodes with bfloat16 where that is faster.
    """
    network.eval()
    columns = np.array([piece.column_count for piece in data.pieces])
    view_start = np.cumsum([0, *(columns + 2 * WINDOW_COLUMNS)])
    frame_start = np.cumsum([0, *(performance.track.last_frame + 2 for performance in data.performances)])
    features = network.config.features
    view = torch.empty(view_start[-1], features + OUTLINE, dtype=torch.float16)
    embeddings = torch.empty(frame_start[-1], features, dtype=torch.float16)
    with torch.no_grad(), precision(mixed_precision):
        for number, piece in enumerate(data.pieces):
            view[view_start[number] : view_start[number + 1]] = _strip_view(network, piece.ink)
        for number, performance in enumerate(data.performances):
            heard = _embeddings(network, performance, settings, np.random.default_rng([seed, number]))
            embeddings[frame_start[number] : frame_start[number + 1]] = heard
    return Features(
        view=view,
        view_start=view_start[:-1],
        column_count=columns,
        embeddings=embeddings,
        frame_start=frame_start[:-1],
        piece=np.array([performance.piece for performance in data.performances]),
    )


def observe(
    network: ReadOnceNetwork, features: Features, game: BatchedGame, *, which: np.ndarray | None = None
) -> Observation:
    """Return the observations of episodes in the present state of the game, without gradients.

    Args:
        network: The network, whose locate head is used.
        features: The features of the game's tracks, in their order.
        game: The game as it stands.
        which: The indices of the episodes, (n,); None for all.
    """
    episodes = np.arange(game.n_episodes) if which is None else which
    track = game.track[episodes]
    piece = features.piece[track]
    index, fraction = window_index(game.position_px[episodes], features.column_count[piece])
    with torch.no_grad():
        first = torch.as_tensor(features.view_start[piece] + index)
        view = features.view[first[:, None] + torch.arange(WINDOW_COLUMNS + 1)].float()  # (N, 65, features + 2)
        embedding = features.embedding(track, game.frame[episodes])
        seen, located = look_through(network, view, embedding, torch.as_tensor(fraction))
        speed = torch.as_tensor(game.speed[episodes].astype(np.float32))
        return Observation(seen, located, embedding, speed)


def look_through(network: ReadOnceNetwork, view: Tensor, embedding: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the maps and locate logits of windows.

    Args:
        network: The network, whose locate head is used.
        view: The columns that the windows touch, (N, 65, features + 2).
        embedding: The embeddings of the frames, (N, features).
        fraction: The fraction of a column by which each window begins after its first column, (N,).

    Returns:
        The maps, (N, heads + 2, 64), and the locate logits, (N, 64).
    """
    maps = network.look(view, embedding[:, None])  # (N, heads + 2, 1, 65)
    zero = torch.zeros(len(view), 1, dtype=torch.int64)
    seen = interpolate_window(maps, zero, fraction[:, None])[:, :, 0]
    return seen, network.locate(seen, embedding)
