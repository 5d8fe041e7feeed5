"""Defines the encoders of the read-once network: one reads the strip once, one encodes every frame once."""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import FRONT_FRAMES, NetworkConfig
from standpartner.constants import BAND_COUNT, STRIP_HEIGHT_PX

ROWS = STRIP_HEIGHT_PX // 2
LONGEST_COLUMNS = 100  # for how long what is carried lasts before anything is learned: a system


class _DilatedResidual(nn.Module):
    """A residual convolution of width 3 along the last axis; if ``causal``, it sees and consumes only the past."""

    def __init__(self, features: int, dilation: int, *, causal: bool) -> None:
        super().__init__()
        self.dilation, self.causal = dilation, causal
        self.convolution = nn.Conv1d(features, features, 3, dilation=dilation)

    def forward(self, x: Tensor, *, spacing: int = 1, keep: int = 1) -> Tensor:
        """Refine frames or columns, (B, features, T).

        Args:
            x: All of them, or of the frames only those that are ``spacing`` apart; the dilation is a multiple of it.
            spacing: Their distance.
            keep: The distance of those that are returned, a multiple of ``spacing``.
        """
        reach, stride = self.dilation // spacing, keep // spacing
        weight, bias, padding = self.convolution.weight, self.convolution.bias, 0 if self.causal else reach
        refined = functional.conv1d(x, weight, bias, stride=stride, padding=padding, dilation=reach)
        kept = x[..., 2 * reach :: stride] if self.causal else x
        return kept + functional.relu(refined)


class _Carried(nn.Module):
    """Adds to columns what was printed further left and still holds: a clef, a key signature, an accidental."""

    def __init__(self, features: int, size: int, *, units: int) -> None:
        super().__init__()
        self.memory = nn.GRU(features, size, batch_first=True)
        # At first they last 1 to 100 columns: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018.
        _, update, _ = cast(Tensor, self.memory.bias_ih_l0).detach().chunk(3)
        update.copy_((1 + (LONGEST_COLUMNS - 1) * torch.rand(size)).log())
        self.first = nn.Linear(features + size, units)
        self.last = nn.Linear(units, features)

    def along(self, columns: Tensor, held: Tensor | None = None) -> Tensor:
        """Return what is carried at each column, (B, C, size), after ``held`` has come from the left, (B, size)."""
        carried, _ = self.memory(columns, None if held is None else held.unsqueeze(0))
        return cast(Tensor, carried)

    def forward(self, columns: Tensor, held: Tensor | None = None) -> Tensor:
        """Refine columns, (B, C, features)."""
        seen = torch.cat([columns, self.along(columns, held)], -1)
        return columns + cast(Tensor, self.last(functional.relu(self.first(seen))))


class StripEncoder(nn.Module):
    """Encodes the strip once: convolutions to stride 8 strip px, context on both sides, what is carried along.

    ``nearby`` and ``finished`` are its two halves; ``forward`` is both over a whole strip.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        a, b, c, d, e = config.strip_channels
        self.image = nn.Sequential(
            nn.Conv2d(1, a, 5, stride=(1, 2), padding=2),
            nn.ReLU(),
            nn.Conv2d(a, b, 3, stride=(2, 2), padding=1),
            nn.ReLU(),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c, d, 3, stride=(2, 1), padding=1),
            nn.ReLU(),
            nn.Conv2d(d, e, 3, stride=(2, 1), padding=1),
            nn.ReLU(),
        )
        self.flatten = nn.Conv1d(e * ROWS // 8, config.features, 1)
        self.context = nn.Sequential(
            *(_DilatedResidual(config.features, dilation, causal=False) for dilation in config.column_dilations)
        )
        units = config.carried_units
        self.carried = _Carried(config.features, config.carried, units=units) if config.carried else None
        self.norm = nn.LayerNorm(config.features)

    def forward(self, ink: Tensor) -> Tensor:
        """Encode ink, (B, 1, 80, 4 C), into columns, (B, C, features)."""
        return self.finished(self.nearby(ink))

    def nearby(self, ink: Tensor) -> Tensor:
        """Return what columns know by what is printed near them; shapes as in ``forward``."""
        image = self.image(ink)
        return self.context(functional.relu(self.flatten(image.flatten(1, 2)))).transpose(1, 2)

    def finished(self, columns: Tensor, held: Tensor | None = None) -> Tensor:
        """Add to ``nearby`` columns, (B, C, features), what is carried along, and normalise them.

        Args:
            columns: The columns.
            held: What has come from the left, (B, carried); None at the beginning of a strip.
        """
        return self.norm(self.carried(columns, held) if self.carried else columns)


class FrameEncoder(nn.Module):
    """Encodes sound once. A few frames make a front, and causal convolutions add the last seconds.

    ``front`` and ``remember_one`` are the two halves that a stream calls; ``forward`` is both over a whole stretch.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        a, b, c = config.frame_channels
        self.history_frames, self._dilations = config.history_frames, config.frame_dilations
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, a, (3, 3), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(a, b, (3, 3), stride=(1, 2), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(b, c, (1, 3), stride=(1, 2), padding=(0, 1)),
            nn.ReLU(),
        )
        bands = (BAND_COUNT + 3) // 4  # after two strides of 2
        self.flatten = nn.Conv1d(c * bands, config.features, 1)
        self.context = nn.Sequential(
            *(_DilatedResidual(config.features, dilation, causal=True) for dilation in config.frame_dilations)
        )
        self.norm = nn.LayerNorm(config.features)

    @property
    def lead_frames(self) -> int:
        """The number of spectrogram frames needed before the first frame that is encoded."""
        return FRONT_FRAMES - 1 + self.history_frames

    def front(self, frames: Tensor) -> Tensor:
        """Encode a spectrogram, (B, T + 4, 78), into fronts, (B, features, T), of a few frames each."""
        image = self.convolutions(frames.unsqueeze(1))  # (B, c, T, bands)
        return functional.relu(self.flatten(image.transpose(2, 3).flatten(1, 2)))

    def remember(self, fronts: Tensor) -> Tensor:
        """Add the past to fronts, (B, features, T + history), which gives embeddings, (B, T, features)."""
        return self.norm(self.context(fronts).transpose(1, 2))

    def remember_one(self, fronts: Tensor) -> Tensor:
        """Add the past to the last front of (B, features, 1 + history), which gives its embedding, (B, features).

        This is ``remember`` without what a single frame does not depend on: its dilations skip most of the past.
        """
        spacing = math.gcd(*self._dilations)
        x = fronts[..., ::spacing]
        for number, layer in enumerate(self.context, start=1):
            keep = math.gcd(*self._dilations[number:]) or spacing
            x = layer(x, spacing=spacing, keep=keep)
            spacing = keep
        return self.norm(x[..., -1])

    def forward(self, frames: Tensor) -> Tensor:
        """Encode a spectrogram, (B, T + lead_frames, 78), into embeddings, (B, T, features)."""
        return self.remember(self.front(frames))

    def unnormalised(self, frames: Tensor) -> Tensor:
        """Return the embeddings before their last step, the layer normalisation; shapes as in ``forward``."""
        return self.context(self.front(frames)).transpose(1, 2)
