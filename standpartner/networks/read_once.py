"""The read-once network: strip and audio are each encoded once, a small head looks at both every frame.

Sizes for the default configuration; B is a batch, T frames, C feature columns (8 strip px each).

| part | in | out |
|---|---|---|
| StripEncoder | ink (B, 1, 80, 4 C) | columns (B, C, 128) |
| FrameEncoder | spectrogram (B, T + 34, 78) | embeddings (B, T, 128) |
| outline | columns | is there an onset (logit), how fast does music pass (B, C, 2) |
| view | columns | what the agent sees of a column: its key and its outline (B, C, 130) |
| look | view of a window (B, 64, 130), embedding (B, 128) | maps (B, 10, 64): 8 correlations, outline |
| LocateHead | correlations, embedding | logits over the window's columns (B, 64) |
| SearchHead | keys of a whole score, embeddings | logits over all its columns (T, C) |
| read | columns | noteheads on each of 80 half-px rows, logits (B, C, 80) |
| listen | embeddings | keys that start, logits (B, T, 88) |
| Tracker | maps, locate, embedding, speed, belief | logits over the window's columns (B, 64), belief |
| PolicyHead | maps, locate, track, embedding, speed, memory | action logits (B, 3), value (B,), memory |

Correlations say where the score looks like what sounds now. The outline says what is coming, whatever sounds: where
notes stand, where they stand close together, where a line ends. Without it the policy cannot prepare for a line's end.
The locate head judges by the last two seconds alone; the tracker by everything since the start.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import COLUMN_STRIDE_PX, FRONT_FRAMES, WINDOW_COLUMNS, NetworkConfig
from standpartner.constants import BAND_COUNT, KEY_COUNT, STRIP_HEIGHT_PX

ROWS = STRIP_HEIGHT_PX // 2
ACTIONS = 3
OUTLINE = 2
LOCATE_SCALE = 8.0  # brings 64 probabilities to the size of the other inputs


class _DilatedResidual(nn.Module):
    """Residual convolution of width 3 along the last axis; ``causal`` sees only the past and consumes it."""

    def __init__(self, features: int, dilation: int, *, causal: bool) -> None:
        super().__init__()
        self.dilation, self.causal = dilation, causal
        self.convolution = nn.Conv1d(features, features, 3, dilation=dilation, padding=0 if causal else dilation)

    def forward(self, x: Tensor) -> Tensor:
        kept = x[..., 2 * self.dilation :] if self.causal else x
        return kept + functional.relu(self.convolution(x))


class StripEncoder(nn.Module):
    """Reads the strip once: convolutions to stride 8 strip px, then context along the strip."""

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
        self.norm = nn.LayerNorm(config.features)

    def forward(self, ink: Tensor) -> Tensor:
        """Encode ink (B, 1, 80, 4 C) into columns (B, C, features)."""
        return self.norm(self.unnormalised(ink))

    def unnormalised(self, ink: Tensor) -> Tensor:
        """The columns before their last step, the layer normalisation; shapes as in ``forward``."""
        image = self.image(ink)
        return self.context(functional.relu(self.flatten(image.flatten(1, 2)))).transpose(1, 2)


class FrameEncoder(nn.Module):
    """Listens once: a few frames make an embedding, causal convolutions add the last seconds.

    ``front`` and ``remember`` are the two halves that a stream calls; ``forward`` is both over a whole stretch.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        a, b, c = config.frame_channels
        self.history_frames = config.history_frames
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, a, (3, 3), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(a, b, (3, 3), stride=(1, 2), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(b, c, (1, 3), stride=(1, 2), padding=(0, 1)),
            nn.ReLU(),
        )
        bands = (BAND_COUNT + 3) // 4  # two strides of 2
        self.flatten = nn.Conv1d(c * bands, config.features, 1)
        self.context = nn.Sequential(
            *(_DilatedResidual(config.features, dilation, causal=True) for dilation in config.frame_dilations)
        )
        self.norm = nn.LayerNorm(config.features)

    @property
    def lead_frames(self) -> int:
        """Frames of spectrogram needed before the first frame that is encoded."""
        return FRONT_FRAMES - 1 + self.history_frames

    def front(self, frames: Tensor) -> Tensor:
        """(B, T + 4, 78) spectrogram -> (B, features, T) embeddings of a few frames each."""
        image = self.convolutions(frames.unsqueeze(1))  # (B, c, T, bands)
        return functional.relu(self.flatten(image.transpose(2, 3).flatten(1, 2)))

    def remember(self, fronts: Tensor) -> Tensor:
        """(B, features, T + history) -> (B, T, features)."""
        return self.norm(self.context(fronts).transpose(1, 2))

    def forward(self, frames: Tensor) -> Tensor:
        """Encode spectrogram (B, T + lead_frames, 78) into embeddings (B, T, features)."""
        return self.remember(self.front(frames))

    def unnormalised(self, frames: Tensor) -> Tensor:
        """The embeddings before their last step, the layer normalisation; shapes as in ``forward``."""
        return self.context(self.front(frames)).transpose(1, 2)


def interpolate_window(values: Tensor, index: Tensor, fraction: Tensor) -> Tensor:
    """Windows at fractional positions along the last axis; differentiable in ``values``.

    Args:
        values: (B, K, T, P) something for each of P padded columns.
        index: (B, T) first column of each frame's window (``views.window_index``).
        fraction: (B, T) weight of the next column.

    Returns:
        (B, K, T, 64).
    """
    steps = index[:, None, :, None] + torch.arange(WINDOW_COLUMNS + 1, device=values.device)
    taken = values.gather(3, steps.expand(-1, values.shape[1], -1, -1))
    weight = fraction[:, None, :, None]
    return (1 - weight) * taken[..., :-1] + weight * taken[..., 1:]


class _Comparison(nn.Module):
    """Logits over columns from the correlation maps of their keys with an embedding."""

    def __init__(self, config: NetworkConfig, *, width: int = 32) -> None:
        super().__init__()
        self.heads = config.heads
        self.of_frame = nn.Linear(config.features, config.features)
        self.bias = nn.Linear(config.features, width)
        self.first = nn.Conv1d(config.heads, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 5, padding=2)
        self.last = nn.Conv1d(width, 1, 5, padding=2)

    def correlate(self, keys: Tensor, embeddings: Tensor) -> Tensor:
        """Correlation maps: keys (B, P, features), embeddings (B, T, features) -> (B, heads, T, P)."""
        size = keys.shape[-1] // self.heads
        query = self.of_frame(embeddings).unflatten(-1, (self.heads, size)).transpose(1, 2)
        key = keys.unflatten(-1, (self.heads, size)).permute(0, 2, 3, 1)
        return query @ key / size**0.5

    def forward(self, maps: Tensor, embedding: Tensor) -> Tensor:
        """Maps (N, heads or more, P), embedding (N, features) -> logits (N, P); only correlations are used."""
        maps = maps[:, : self.heads]
        hidden = functional.relu(self.first(maps) + self.bias(embedding).unsqueeze(-1))
        hidden = hidden + functional.relu(self.second(hidden))
        # The direct way teaches the encoders from the first step on; the convolutions refine it.
        return self.last(hidden).squeeze(1) + maps.sum(1)


class LocateHead(_Comparison):
    """Where in the window is the music now? Logits over 64 columns from correlation maps and the embedding."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.of_column = nn.Linear(config.features, config.features)

    def keys(self, columns: Tensor) -> Tensor:
        """(..., features) columns -> (..., features) what frames are compared with."""
        return self.of_column(columns)


class SearchHead(_Comparison):
    """Where in the whole score is the music now? As ``locate``, with the same keys, but taught over whole strips.

    Locate is taught to tell the columns of a window apart; what it says of columns far apart differs also by where they
    stand. Here every column has an offset of its own, and all columns of a score are compared.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.of_place = nn.Linear(config.features, 1)
        nn.init.zeros_(self.of_place.weight)
        nn.init.zeros_(self.of_place.bias)

    def begin_with(self, locate: LocateHead) -> None:
        """Take over what locate has learned."""
        own = self.state_dict()
        self.load_state_dict(own | {name: value for name, value in locate.state_dict().items() if name in own})

    def over(self, keys: Tensor, embeddings: Tensor) -> Tensor:
        """Logits over a whole score: keys (P, features), embeddings (T, features) -> (T, P)."""
        maps = self.correlate(keys.unsqueeze(0), embeddings.unsqueeze(0))[0].transpose(0, 1)
        return self(maps, embeddings) + self.of_place(keys).squeeze(-1)


class Tracker(nn.Module):
    """Where in the window is the music, by all that was heard and read since the start? A learned forward filter.

    A convolutional gated recurrent unit over score columns: what it believes stays with its place in the score while
    the window moves on. The belief moves by whole columns; how far the window stands beyond them (0 to 1 column) is
    kept beside them, so that moving never blurs what is remembered. Every column is told the mean and the maximum of
    what is believed anywhere: one that sounds right while the music is surely elsewhere can know so.
    """

    def __init__(self, config: NetworkConfig, *, width: int = 7) -> None:
        super().__init__()
        self.channels = channels = config.belief_channels
        seen = config.heads + OUTLINE + 1
        self.of_frame = nn.Linear(config.features, 3 * channels)
        self.of_window = nn.Conv1d(seen, 3 * channels, width, padding=width // 2)
        self.of_all = nn.Linear(2 * channels, 3 * channels, bias=False)
        self.gates = nn.Conv1d(channels, 2 * channels, width, padding=width // 2)
        self.candidate = nn.Conv1d(channels, channels, width, padding=width // 2)
        self.readout = nn.Conv1d(channels, 1, width, padding=width // 2)
        nn.init.zeros_(self.of_all.weight)
        nn.init.zeros_(self.readout.weight)  # untaught it says what locate says

    def forward(
        self, maps: Tensor, locate: Tensor, embedding: Tensor, speed_px: Tensor, belief: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One frame for N agents.

        Args:
            maps: (N, heads + 2, 64) correlations and outline in the window.
            locate: (N, 64) logits of the locate head.
            embedding: (N, features) of the current frame.
            speed_px: (N,) strip px that the window moved since the frame before.
            belief: (N, channels * 64 + 1) state after the frame before; zeros at the start.

        Returns:
            Logits (N, 64) over the window's columns, new belief.
        """
        whole, beyond = self.move(belief[:, -1], speed_px)
        kept = belief[:, :-1].unflatten(1, (self.channels, WINDOW_COLUMNS))
        kept = self.remember(self.take_in(maps, locate, embedding, beyond), whole, kept)
        track = self.say(locate, kept, beyond)
        return track, torch.cat([kept.flatten(1), beyond.unsqueeze(1)], 1)

    @staticmethod
    def move(beyond: Tensor, speed_px: Tensor) -> tuple[Tensor, Tensor]:
        """Columns that the window moves: whole ones (N,) int64, and how far (N,) it then stands beyond them."""
        moved = beyond + speed_px / COLUMN_STRIDE_PX
        whole = moved.floor()
        return whole.long(), moved - whole

    def take_in(self, maps: Tensor, locate: Tensor, embedding: Tensor, beyond: Tensor) -> Tensor:
        """What is seen and heard now, at the belief's columns: shapes as in ``forward`` -> (N, 3 channels, 64)."""
        window = torch.cat([maps, locate.softmax(1).unsqueeze(1) * LOCATE_SCALE], 1)
        before = functional.pad(window, (1, 0))[..., :-1]
        share = beyond[:, None, None]
        return self.of_window(share * before + (1 - share) * window) + self.of_frame(embedding).unsqueeze(-1)

    def remember(self, seen: Tensor, whole: Tensor, kept: Tensor) -> Tensor:
        """Move what was kept (N, channels, 64) by whole columns (N,) and add what is seen now."""
        kept = _shift(kept, whole)
        seen = seen + self.of_all(torch.cat([kept.mean(2), kept.amax(2)], 1)).unsqueeze(-1)
        update, reset = (seen[:, : 2 * self.channels] + self.gates(kept)).sigmoid().chunk(2, 1)
        new = torch.tanh(seen[:, 2 * self.channels :] + self.candidate(reset * kept))
        return kept + update * (new - kept)

    def say(self, locate: Tensor, kept: Tensor, beyond: Tensor) -> Tensor:
        """Logits (N, 64) over the window's columns."""
        after = functional.pad(kept, (0, 1))[..., 1:]
        share = beyond[:, None, None]
        return locate + self.readout((1 - share) * kept + share * after).squeeze(1)


def _shift(columns: Tensor, by: Tensor) -> Tensor:
    """Move (N, K, C) columns to the left by (N,) whole columns; what comes in is 0."""
    source = torch.arange(columns.shape[-1], device=columns.device) + by[:, None]
    inside = (source >= 0) & (source < columns.shape[-1])
    taken = columns.gather(2, source.clamp(0, columns.shape[-1] - 1).unsqueeze(1).expand_as(columns))
    return taken * inside.unsqueeze(1)


class PolicyOutput(NamedTuple):
    """What the policy makes of one frame for N agents.

    Attributes:
        action: (N, 3) logits of the speed changes -1, 0, +1.
        value: (N,) mean reward expected.
        track: (N, 64) logits over the window's columns: where the music is, by all since the start.
        memory: (N, memory_size) to be handed in with the next frame.
    """

    action: Tensor
    value: Tensor
    track: Tensor
    memory: Tensor


class PolicyHead(nn.Module):
    """Decides how to change the speed; keeps a recurrent memory of what it heard, read and did."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.max_speed_px, self.remembers = config.max_speed_px, config.remembers
        self.sizes = [config.memory, config.belief_size]
        inputs = (config.heads + OUTLINE + 2) * WINDOW_COLUMNS + config.features + 2 * config.max_speed_px + 2
        self.tracker = Tracker(config)
        self.dense = nn.Linear(inputs, config.policy_hidden)
        self.recurrent = nn.GRUCell(config.policy_hidden, config.memory)
        self.action = nn.Linear(config.memory + config.policy_hidden, ACTIONS)
        self.value = nn.Linear(config.memory + config.policy_hidden, 1)

    def begins(self, fresh: Tensor) -> Tensor:
        """Of frames at which episodes begin (bool, any shape): where nothing is remembered from the frame before."""
        return fresh if self.remembers else torch.ones_like(fresh)

    def sense(self, maps: Tensor, locate: Tensor, track: Tensor, embedding: Tensor, speed_px: Tensor) -> Tensor:
        """What is seen, heard and done now, without memory; shapes as in ``forward`` -> (N, policy_hidden)."""
        clipped = speed_px.clamp(-self.max_speed_px, self.max_speed_px).unsqueeze(1)
        levels = torch.arange(-self.max_speed_px, self.max_speed_px + 1, device=maps.device)
        speed = (1 - (clipped - levels).abs()).clamp(min=0)  # a fraction is shared by two neighbouring levels
        places = [logits.softmax(1) * LOCATE_SCALE for logits in (locate, track)]
        parts = [maps.flatten(1), *places, embedding, speed, clipped / self.max_speed_px]
        return functional.relu(self.dense(torch.cat(parts, 1)))

    def decide(self, sensed: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """(..., policy_hidden) and new recurrent state (..., memory) -> action logits (..., 3), value (...)."""
        both = torch.cat([sensed, memory], -1)
        return self.action(both), self.value(both).squeeze(-1)

    def forward(
        self, maps: Tensor, locate: Tensor, embedding: Tensor, speed_px: Tensor, memory: Tensor
    ) -> PolicyOutput:
        """One frame for N agents.

        Args:
            maps: (N, heads + 2, 64) correlations and outline in the window.
            locate: (N, 64) logits of the locate head.
            embedding: (N, features) of the current frame.
            speed_px: (N,) reading speed in strip px a frame.
            memory: (N, memory_size) all that is remembered from the frame before; zeros at the start.
        """
        kept = memory if self.remembers else 0 * memory  # not just zeros: it stays an input of the exported graph
        state, belief = kept.split(self.sizes, 1)
        track, belief = self.tracker(maps, locate, embedding, speed_px, belief)
        sensed = self.sense(maps, locate, track, embedding, speed_px)
        state = self.recurrent(sensed, state)
        action, value = self.decide(sensed, state)
        return PolicyOutput(action, value, track, torch.cat([state, belief], 1))


class ReadOnceNetwork(nn.Module):
    """All parts under one name, so that one file of weights holds them."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.strip = StripEncoder(config)
        self.frames = FrameEncoder(config)
        self.locate = LocateHead(config)
        self.read = nn.Linear(config.features, ROWS)
        self.listen = nn.Linear(config.features, KEY_COUNT)
        self.outline = nn.Linear(config.features, OUTLINE)
        self.policy = PolicyHead(config)
        self.search = SearchHead(config)

    def view(self, columns: Tensor) -> Tensor:
        """(..., features) columns -> (..., features + 2) all that the agent sees of them: keys, onset, pace."""
        onset, pace = self.outline(columns).chunk(OUTLINE, -1)
        return torch.cat([self.locate.keys(columns), onset.sigmoid(), pace], -1)

    def look(self, view: Tensor, embeddings: Tensor) -> Tensor:
        """Maps of a score for each frame: view (B, P, features + 2), (B, T, features) -> (B, heads + 2, T, P)."""
        keys, outline = view.split([self.config.features, OUTLINE], -1)
        correlations = self.locate.correlate(keys, embeddings)
        same = outline.transpose(1, 2).unsqueeze(2).expand(-1, -1, embeddings.shape[1], -1)
        return torch.cat([correlations, same], 1)
