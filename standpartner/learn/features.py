"""What fixed encoders make of a training set: computed once, then episodes cost only the small heads."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.columns import window_index
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.learn.data import TrainingPerformance, TrainingSet, frames_between
from standpartner.learn.device import precision
from standpartner.networks.read_once import OUTLINE, ReadOnceNetwork, interpolate_window
from standpartner.perform import AugmentConfig, augment


@dataclass(frozen=True)
class Features:
    """Everything encoded, laid end to end, in half precision: it is gigabytes.

    Attributes:
        view: (columns of all strips, each padded by 64 at both ends; features + 2).
        view_start: (pieces,) where each strip's padded columns begin.
        column_count: (pieces,) columns of each strip without padding.
        embeddings: (frames of all performances, features).
        frame_start: (performances,) where each performance's frames begin.
        piece: (performances,) index of the piece.
    """

    view: Tensor
    view_start: np.ndarray
    column_count: np.ndarray
    embeddings: Tensor
    frame_start: np.ndarray
    piece: np.ndarray


@dataclass(frozen=True)
class Observation:
    """For N episodes: maps (N, heads + 2, 64), locate (N, 64), embedding (N, features), speed (N,)."""

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
        network: its encoders are used in evaluation mode, without gradients.
        data: what to encode.
        settings: augmentation of the spectrograms, one draw for each performance.
        seed: of those draws.
        mixed_precision: "auto" to encode with bfloat16 where that is faster.
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
        network: whose locate head looks.
        features: of the game's tracks, in their order.
        game: as it stands.
        which: (n,) episodes; None for all.
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
        network: whose locate head looks.
        view: (N, 65, features + 2) the columns that the windows touch.
        embedding: (N, features) what sounds.
        fraction: (N,) how far each window stands beyond its first column.

    Returns:
        Maps (N, heads + 2, 64) and locate logits (N, 64).
    """
    maps = network.look(view, embedding[:, None])  # (N, heads + 2, 1, 65)
    zero = torch.zeros(len(view), 1, dtype=torch.int64)
    seen = interpolate_window(maps, zero, fraction[:, None])[:, :, 0]
    return seen, network.locate(seen, embedding)
