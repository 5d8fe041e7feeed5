"""What fixed encoders make of a training set: computed once, then episodes cost only the small heads."""

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
    """Everything encoded, laid end to end, in half precision: it is gigabytes.

    Attributes:
        view: (columns of all strips, each padded by 64 at both ends; features + 2) what the agent sees.
        view_start: (pieces,) where each strip's padded columns begin.
        column_count: (pieces,) the columns of each strip without padding.
        embeddings: (frames of all performances, features) what the agent hears.
        frame_start: (performances,) where each performance's frames begin.
        piece: (performances,) the index of the piece.
    """

    view: Tensor
    view_start: np.ndarray
    column_count: np.ndarray
    embeddings: Tensor
    frame_start: np.ndarray
    piece: np.ndarray


class MadeByEncoders(Generic[MadeT]):
    """Keeps what a network's encoders made, as long as their weights stay the same.

    Args:
        make: It encodes with a network as it is.
    """

    def __init__(self, make: Callable[[ReadOnceNetwork], MadeT]) -> None:
        self._make = make
        self._kept: tuple[dict[str, Tensor], MadeT] | None = None

    def by(self, network: ReadOnceNetwork) -> MadeT:
        """Return what a network's encoders make, which is made anew when their weights have changed."""
        weights = network.encoder_weights()
        if self._kept is None or not _same(self._kept[0], weights):
            self._kept = None  # two of them may not fit into memory
            held = {name: weight.clone() for name, weight in weights.items()}
            self._kept = held, self._make(network)
        return self._kept[1]


def _same(before: dict[str, Tensor], now: dict[str, Tensor]) -> bool:
    return before.keys() == now.keys() and all(torch.equal(before[name], now[name]) for name in now)


@dataclass(frozen=True)
class Observation:
    """What N episodes see and hear now.

    Attributes:
        maps: (N, heads + 2, 64) the correlations and the outline in the window.
        locate: (N, 64) the logits of the locate head.
        embedding: (N, features) what sounds.
        speed_px: (N,) the reading speed in strip px a frame.
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
    """Encode all strips and performances with the encoders as they are.

    Args:
        network: The network, whose encoders are used in evaluation mode, without gradients.
        data: What to encode.
        settings: The augmentation of the spectrograms, one draw for each performance.
        seed: The seed of those draws.
        mixed_precision: It is "auto" to encode with bfloat16 where that is faster.
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
    """Look and listen where episodes of the game stand now (no gradients: the encoders are fixed).

    Args:
        network: The network whose locate head looks.
        features: The features of the game's tracks, in their order.
        game: The game as it stands.
        which: (n,) indices of the episodes; None for all.
    """
    episodes = np.arange(game.n_episodes) if which is None else which
    track = game.track[episodes]
    piece = features.piece[track]
    index, fraction = window_index(game.position_px[episodes], features.column_count[piece])
    with torch.no_grad():
        first = torch.as_tensor(features.view_start[piece] + index)
        view = features.view[first[:, None] + torch.arange(WINDOW_COLUMNS + 1)].float()  # (N, 65, features + 2)
        embedding = features.embeddings[torch.as_tensor(features.frame_start[track] + game.frame[episodes])].float()
        seen, located = look_through(network, view, embedding, torch.as_tensor(fraction))
        speed = torch.as_tensor(game.speed[episodes].astype(np.float32))
        return Observation(seen, located, embedding, speed)


def look_through(network: ReadOnceNetwork, view: Tensor, embedding: Tensor, fraction: Tensor) -> tuple[Tensor, Tensor]:
    """See what is in windows now.

    Args:
        network: The network whose locate head looks.
        view: (N, 65, features + 2), the columns that the windows touch.
        embedding: (N, features), what sounds.
        fraction: (N,), how far each window stands beyond its first column.

    Returns:
        Maps (N, heads + 2, 64) and locate logits (N, 64).
    """
    maps = network.look(view, embedding[:, None])  # (N, heads + 2, 1, 65)
    zero = torch.zeros(len(view), 1, dtype=torch.int64)
    seen = interpolate_window(maps, zero, fraction[:, None])[:, :, 0]
    return seen, network.locate(seen, embedding)
