"""From pixels and spectrogram to what an agent makes of a frame, in one differentiable step.

A read-once network encodes a strip once for all frames. To ask which pixels mattered for one frame, the frame's own
stretch of the strip is encoded here: the window and as much around it as the encoder looks at from there, so that the
outcome is the same as in the game. What the agent remembered from the frame before is held as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.columns import ink, window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS, NetworkConfig
from standpartner.errors import ConfigError
from standpartner.explain.replay import Moments
from standpartner.game.rules import IntArray
from standpartner.game.windows import Views, Windows
from standpartner.learn.data import frames_between
from standpartner.learn.features import look_through
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork

Tensors = tuple[Tensor, ...]
_IMAGE_COLUMNS = 4  # columns on either side that the convolutions before the context see


@dataclass(frozen=True)
class Outcome:
    """What an agent makes of n frames: logits (n, 3) of the actions, value (n,), logits (n, places) of ``locate``.

    A window network does not say where in the window the music is: ``locate`` is None.
    """

    action: Tensor
    value: Tensor
    locate: Tensor | None


@dataclass(frozen=True)
class Look:
    """What n frames show an agent, in inputs that can be changed, and the function from them to the outcome.

    Attributes:
        score: (n, c, h, w) ink, 1 is black; c is 2, with the difference to the state before, or 1.
        spectrogram: (n, c, frames, 78), the frame's own last.
        held: what else the outcome depends on and stays as it was, each (n, ...).
        encode: score, spectrogram -> what stands on them alone, in which convolutions and simple nonlinearities are;
            each (n, ...).
        judge: what is encoded, held -> outcome.
        left_px: (n,) strip px of the score's first column.
        px_each: strip px that a column or row of ``score`` stands for.
    """

    score: Tensor
    spectrogram: Tensor
    held: Tensors
    encode: Callable[[Tensor, Tensor], Tensors]
    judge: Callable[[Tensors, Tensors], Outcome]
    left_px: IntArray
    px_each: int

    def part(self, which: IntArray) -> "Look":
        """Only some of the frames."""
        rows = torch.from_numpy(which)
        return replace(
            self,
            score=self.score[rows],
            spectrogram=self.spectrogram[rows],
            held=tuple(values[rows] for values in self.held),
            left_px=self.left_px[which],
        )

    def outcome(self) -> Outcome:
        """What the agent makes of the frames as they are."""
        with torch.no_grad():
            return self.judge(self.encode(self.score, self.spectrogram), self.held)


def look_at(network: ReadOnceNetwork | WindowNetwork, moments: Moments) -> Look:
    """What the agent saw and heard at some moments of a track.

    Args:
        network: that played them, in evaluation mode.
        moments: n of them.

    Raises:
        ConfigError: there is no moment.
    """
    if not len(moments):
        raise ConfigError("expected at least one frame to look at, got none; choose others with --frames")
    if isinstance(network, ReadOnceNetwork):
        return _read_once_look(network, moments)
    return _window_look(network, moments)


def context_columns(config: NetworkConfig) -> int:
    """Columns on either side of a window that the strip encoder looks at from its outermost columns."""
    return sum(config.column_dilations) + _IMAGE_COLUMNS


def _read_once_look(network: ReadOnceNetwork, moments: Moments) -> Look:
    strip, count = moments.track.strip, len(moments)
    columns = -(-strip.shape[1] // COLUMN_STRIDE_PX)
    index, fraction = window_index(moments.position_px, np.full(count, columns))
    around = context_columns(network.config)
    width = min(WINDOW_COLUMNS + 1 + 2 * around, columns)
    first = np.clip(
        index - WINDOW_COLUMNS - around, 0, columns - width
    )  # inside, so that both ends look as in the game
    image = ink(strip)
    per_column = image.shape[1] // columns
    crops = np.stack([image[:, k * per_column : (k + width) * per_column] for k in first])
    lead, heard = network.frames.lead_frames, moments.track.spectrogram
    frames = np.stack([frames_between(heard, frame - lead, frame + 1) for frame in moments.frame])
    held = (index - first, fraction, moments.speed.astype(np.float32), moments.memory)
    return Look(
        score=torch.from_numpy(crops[:, None]),
        spectrogram=torch.from_numpy(frames[:, None]),
        held=tuple(torch.from_numpy(values) for values in held),
        encode=partial(_encode_once, network),
        judge=partial(_judge_once, network),
        left_px=first * COLUMN_STRIDE_PX,
        px_each=COLUMN_STRIDE_PX // per_column,
    )


def _encode_once(network: ReadOnceNetwork, score: Tensor, spectrogram: Tensor) -> Tensors:
    return network.strip.unnormalised(score), network.frames.unnormalised(spectrogram[:, 0])[:, 0]


def _judge_once(
    network: ReadOnceNetwork,
    encoded: Tensors,
    held: Tensors,
) -> Outcome:
    """Each window's first column counts in the crop padded by a window, as in the game it does in the strip."""
    first, fraction, speed_px, memory = held
    view = functional.pad(network.view(network.strip.norm(encoded[0])), (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS))
    seen = first[:, None] + torch.arange(WINDOW_COLUMNS + 1)
    window = view.gather(1, seen.unsqueeze(-1).expand(-1, -1, view.shape[-1]))
    embedding = network.frames.norm(encoded[1])
    maps, locate = look_through(network, window, embedding, fraction)
    decided = network.policy(maps, locate, embedding, speed_px, memory)
    return Outcome(decided.action, decided.value, locate)


def _window_look(network: WindowNetwork, moments: Moments) -> Look:
    before_px, known = moments.memory.T
    first = known == 0
    centre, centre_before = (np.floor(px + 0.5).astype(np.int64) for px in (moments.position_px, before_px))
    views = Views(
        track=np.zeros(len(moments), np.int64),
        centre_px=centre,
        centre_before_px=np.where(first, centre, centre_before),
        frame=moments.frame,
        frame_before=moments.frame - ~first,
    )
    cut = Windows([moments.track], network.game, differences=network.config.differences).cut(views)
    score, spectrogram = (torch.from_numpy(seen) for seen in cut)

    def encode(score: Tensor, spectrogram: Tensor) -> Tensors:
        return (network.look(score, spectrogram.transpose(2, 3)),)

    def judge(encoded: Tensors, _: Tensors) -> Outcome:
        return Outcome(network.policy(encoded[0]), network.value(encoded[0]).squeeze(-1), locate=None)

    left_px = centre - network.game.window_width_px // 2
    return Look(score, spectrogram.transpose(2, 3), (), encode, judge, left_px, network.game.downscale)
