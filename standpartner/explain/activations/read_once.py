"""Prepares read-once networks for explanations.

A read-once network encodes a strip once for all frames. To ask which pixels mattered for one frame, the frame's own
stretch of the strip is encoded here: the window and as much around it as the encoder looks at from there, so that the
output is the same as in the game. What the network remembered from the frame before stays as it was, and so does what
it carries along the strip from further left, such as the key.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.bundle import Floats
from standpartner.agent.columns import ink, window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS, NetworkConfig
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.differentiable_step import DifferentiableStep, NetworkOutput, Tensors
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.learn.data import frames_between
from standpartner.learn.features import Features, look_through
from standpartner.learn.fixed_encoders import FixedEncoders
from standpartner.learn.rollout import Actor
from standpartner.networks.read_once import ReadOnceNetwork

_IMAGE_COLUMNS: Final = 4  # columns on either side that the convolutions before the context see


class ExplainedReadOnceNetwork(ExplainedNetwork):
    """A read-once network, for explanations.

    Args:
        network: The network, in evaluation mode.
    """

    acts = True
    seen_width_px = WINDOW_COLUMNS * COLUMN_STRIDE_PX

    def __init__(self, network: ReadOnceNetwork) -> None:
        self._network = network
        self._carried: tuple[NDArray[np.uint8], Floats] | None = None  # of the strip that was explained last

    @property
    def network(self) -> ReadOnceNetwork:
        """The network itself."""
        return self._network

    @property
    def action_head(self) -> nn.Module:
        """The layers from the embedding to the logits; see `ExplainedNetwork.action_head`."""
        return self.network.policy.action

    def rules(self, wanted: GameConfig) -> GameConfig:
        """Return the wanted rules, as this network's view does not depend on them; see `ExplainedNetwork.rules`."""
        return wanted

    def actor(self, game: BatchedGame) -> Actor:
        """Make a player of a game; see `ExplainedNetwork.actor`."""
        return FixedEncoders(self.network, _features(self.network, game.tracks))

    def step(self, activations: Activations) -> DifferentiableStep:
        """Return the step at some frames; see `ExplainedNetwork.step`."""
        strip, count = activations.track.strip, len(activations)
        columns = -(-strip.shape[1] // COLUMN_STRIDE_PX)
        index, fraction = window_index(activations.position_px, np.full(count, columns))
        around = context_columns(self.network.config)
        width = min(WINDOW_COLUMNS + 1 + 2 * around, columns)
        # The crops lie inside the strip, so that its ends look as they do in the game.
        first = np.clip(index - WINDOW_COLUMNS - around, 0, columns - width)
        image = ink(strip)
        per_column = image.shape[1] // columns
        crops = np.stack([image[:, k * per_column : (k + width) * per_column] for k in first])
        lead, heard = self.network.frames.lead_frames, activations.track.spectrogram
        frames = np.stack([frames_between(heard, frame - lead, frame + 1) for frame in activations.frame])
        # Only at the strip's beginning do the first columns of a crop look as they do in the game.
        begin = np.where(first > 0, around, 0)
        held = self._carried_along(strip)[first + begin]
        fixed = (index - first, fraction, activations.speed.astype(np.float32), activations.memory, begin, held)
        return DifferentiableStep(
            score=torch.from_numpy(crops[:, None]),
            spectrogram=torch.from_numpy(frames[:, None]),
            fixed=tuple(torch.from_numpy(values) for values in fixed),
            encode=self._encode,
            heads=self._heads,
            left_px=first * COLUMN_STRIDE_PX,
            downscale=COLUMN_STRIDE_PX // per_column,
        )

    def _encode(self, score: Tensor, spectrogram: Tensor) -> Tensors:
        return self.network.strip.nearby(score), self.network.frames.unnormalised(spectrogram[:, 0])[:, 0]

    def _heads(self, encoded: Tensors, fixed: Tensors) -> NetworkOutput:
        """Apply the heads to windows, whose first columns are counted in crops padded by a window, as in the game."""
        network, (first, fraction, speed_px, memory, begin, held) = self.network, fixed
        view = network.view(self._finished(encoded[0], begin, held))
        view = functional.pad(view, (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS))
        seen = first[:, None] + torch.arange(WINDOW_COLUMNS + 1)
        window = view.gather(1, seen.unsqueeze(-1).expand(-1, -1, view.shape[-1]))
        embedding = network.frames.norm(encoded[1])
        maps, locate = look_through(network, window, embedding, fraction)
        decided = network.policy(maps, locate, embedding, speed_px, memory)
        return NetworkOutput(decided.action, decided.value, locate)

    def _carried_along(self, strip: NDArray[np.uint8]) -> Floats:
        """Return what comes to each column of a strip from the left, (columns, carried)."""
        encoder = self.network.strip
        if encoder.carried is None:
            return np.zeros((-(-strip.shape[1] // COLUMN_STRIDE_PX), 0), np.float32)
        if self._carried is None or self._carried[0] is not strip:
            with torch.no_grad():
                along = encoder.carried.along(encoder.nearby(torch.from_numpy(ink(strip))[None, None]))[0]
            self._carried = strip, functional.pad(along, (0, 0, 1, 0))[:-1].numpy()
        return self._carried[1]

    def _finished(self, columns: Tensor, begin: Tensor, held: Tensor) -> Tensor:
        """Finish the columns of crops; those before ``begin`` are outside of all windows, and stay as they are."""
        strip = self.network.strip
        if strip.carried is None:
            return strip.finished(columns)
        rows, every = torch.arange(len(columns))[:, None], torch.arange(columns.shape[1])
        kept = every[: columns.shape[1] - int(begin.max())] + begin[:, None]
        return columns.index_put((rows, kept), strip.finished(columns[rows, kept], held))


def context_columns(config: NetworkConfig) -> int:
    """Count the columns on either side of a window that the strip encoder sees from the window's outermost columns."""
    return sum(config.column_dilations) + _IMAGE_COLUMNS


def _features(network: ReadOnceNetwork, tracks: Sequence[Track]) -> Features:
    """Encode tracks as the bundle does. Tracks of one strip share its encoding."""
    strips = {id(track.strip): track.strip for track in tracks}
    piece = np.array([list(strips).index(id(track.strip)) for track in tracks])
    with torch.no_grad():
        read = [network.view(network.strip(torch.from_numpy(ink(strip))[None, None]))[0] for strip in strips.values()]
        heard = [network.frames(torch.from_numpy(_heard(network, track))[None])[0] for track in tracks]
    views = [functional.pad(view, (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS)) for view in read]
    return Features(
        view=torch.cat(views),
        view_start=np.cumsum([0, *map(len, views)])[:-1],
        column_count=np.array([len(view) for view in read]),
        embeddings=torch.cat(heard),
        frame_start=np.cumsum([0, *map(len, heard)])[:-1],
        piece=piece,
    )


def _heard(network: ReadOnceNetwork, track: Track) -> Floats:
    return frames_between(track.spectrogram, -network.frames.lead_frames, track.last_frame + 1)
