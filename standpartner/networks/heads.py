"""Defines the heads that compare a frame with columns, in the window or in the whole score."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import WINDOW_COLUMNS, NetworkConfig


def interpolate_window(values: Tensor, index: Tensor, fraction: Tensor) -> Tensor:
    """Take windows at fractional positions along the last axis; they are differentiable in ``values``.

    Args:
        values: The values of each of P padded columns, (B, K, T, P).
        index: The first column of each frame's window (``columns.window_index``), (B, T).
        fraction: The weight of the next column, (B, T).

    Returns:
        The windows, (B, K, T, 64).
    """
    steps = index[:, None, :, None] + torch.arange(WINDOW_COLUMNS + 1, device=values.device)
    taken = values.gather(3, steps.expand(-1, values.shape[1], -1, -1))
    weight = fraction[:, None, :, None]
    return (1 - weight) * taken[..., :-1] + weight * taken[..., 1:]


def soft_target(column: Tensor, columns: int = WINDOW_COLUMNS) -> Tensor:
    """Share fractional columns, (...,), linearly between their neighbours, as weights, (..., columns)."""
    places = torch.arange(columns, device=column.device)
    return (1 - (column.unsqueeze(-1) - places).abs()).clamp(min=0)


class _Comparison(nn.Module):
    """The base of heads that make logits over columns from the correlations of their keys with an embedding."""

    def __init__(self, config: NetworkConfig, *, width: int = 32) -> None:
        super().__init__()
        self.heads = config.heads
        self.of_frame = nn.Linear(config.features, config.features)
        self.bias = nn.Linear(config.features, width)
        self.first = nn.Conv1d(config.heads, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 5, padding=2)
        self.last = nn.Conv1d(width, 1, 5, padding=2)

    def correlate(self, keys: Tensor, embeddings: Tensor) -> Tensor:
        """Correlate keys, (B, P, features), with embeddings, (B, T, features), into maps, (B, heads, T, P)."""
        size = keys.shape[-1] // self.heads
        query = self.of_frame(embeddings).unflatten(-1, (self.heads, size)).transpose(1, 2)
        key = keys.unflatten(-1, (self.heads, size)).permute(0, 2, 3, 1)
        return query @ key / size**0.5

    def forward(self, maps: Tensor, embedding: Tensor) -> Tensor:
        """Compute logits, (N, P), from correlations in maps, (N, heads or more, P), and embeddings, (N, features)."""
        maps = maps[:, : self.heads]
        hidden = functional.relu(self.first(maps) + self.bias(embedding).unsqueeze(-1))
        hidden = hidden + functional.relu(self.second(hidden))
        # The direct way teaches the encoders from the first step on; the convolutions refine it.
        return self.last(hidden).squeeze(1) + maps.sum(1)


class LocateHead(_Comparison):
    """Gives logits over the window's 64 columns for where the music is now."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.of_column = nn.Linear(config.features, config.features)

    def keys(self, columns: Tensor) -> Tensor:
        """Compute the keys, (..., features), of columns, (..., features), which frames are compared with."""
        return self.of_column(columns)


class SearchHead(_Comparison):
    """Gives logits over a whole score for where the music is now, with the keys of ``locate``.

    Locate is trained to tell the columns of a window apart, so its logits for columns far apart also differ by their
    places. Here every column has an offset of its own, and all columns of a score are compared in training.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.of_place = nn.Linear(config.features, 1)
        nn.init.zeros_(self.of_place.weight)
        nn.init.zeros_(self.of_place.bias)

    def begin_with(self, locate: LocateHead) -> None:
        """Copy the weights of locate."""
        own = self.state_dict()
        self.load_state_dict(own | {name: value for name, value in locate.state_dict().items() if name in own})

    def over(self, keys: Tensor, embeddings: Tensor) -> Tensor:
        """Return logits, (T, P), over a whole score by its keys, (P, features), for embeddings, (T, features)."""
        return self.among(keys.unsqueeze(0), embeddings).squeeze(1)

    def among(self, keys: Tensor, embeddings: Tensor) -> Tensor:
        """Return logits, (T, B, P), over B pieces of score by their keys, (B, P, features), as in ``over``."""
        count, columns, _ = keys.shape
        maps = self.correlate(keys, embeddings.expand(count, -1, -1)).permute(2, 0, 1, 3)  # (T, B, heads, P)
        logits = self(maps.flatten(0, 1), embeddings.repeat_interleave(count, 0))
        return logits.view(-1, count, columns) + self.of_place(keys).squeeze(-1)
