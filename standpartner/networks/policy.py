"""The read-once network's policy and the tracker in it, which remember from frame to frame."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS, NetworkConfig

ACTIONS = 3
OUTLINE = 2
LOCATE_SCALE = 8.0  # brings 64 probabilities to the size of the other inputs


class Tracker(nn.Module):
    """Says where in the window the music is, by all that was heard and read since the start: a learned forward filter.

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
        """Judge one frame for N agents.

        Args:
            maps: (N, heads + 2, 64), the correlations and the outline in the window.
            locate: (N, 64), the logits of the locate head.
            embedding: (N, features), what sounds in the current frame.
            speed_px: (N,), the strip px that the window moved since the frame before.
            belief: (N, channels * 64 + 1), the state after the frame before; zeros at the start.

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
        """Return the whole columns (N,) int64 that the window moves, and how far (N,) it then stands beyond them."""
        moved = beyond + speed_px / COLUMN_STRIDE_PX
        whole = moved.floor()
        return whole.long(), moved - whole

    def take_in(self, maps: Tensor, locate: Tensor, embedding: Tensor, beyond: Tensor) -> Tensor:
        """Return what is seen and heard now at the belief's columns, (N, 3 channels, 64); inputs as in ``forward``."""
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
        """Return logits (N, 64) over the window's columns."""
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
        action: (N, 3), the logits of the speed changes -1, 0, +1.
        value: (N,), the mean reward that is expected.
        track: (N, 64), logits over the window's columns: where the music is, by all since the start.
        memory: (N, memory_size), to be handed in with the next frame.
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
        """Tell where nothing is remembered from the frame before, by where episodes begin (bool, any shape)."""
        return fresh if self.remembers else torch.ones_like(fresh)

    def sense(self, maps: Tensor, locate: Tensor, track: Tensor, embedding: Tensor, speed_px: Tensor) -> Tensor:
        """Return what is seen, heard and done now, without memory, (N, policy_hidden); inputs as in ``forward``."""
        clipped = speed_px.clamp(-self.max_speed_px, self.max_speed_px).unsqueeze(1)
        levels = torch.arange(-self.max_speed_px, self.max_speed_px + 1, device=maps.device)
        speed = (1 - (clipped - levels).abs()).clamp(min=0)  # a fraction is shared by two neighbouring levels
        places = [logits.softmax(1) * LOCATE_SCALE for logits in (locate, track)]
        parts = [maps.flatten(1), *places, embedding, speed, clipped / self.max_speed_px]
        return functional.relu(self.dense(torch.cat(parts, 1)))

    def decide(self, sensed: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return action logits (..., 3) and value (...) by sensed (..., policy_hidden) and memory (..., memory)."""
        both = torch.cat([sensed, memory], -1)
        return self.action(both), self.value(both).squeeze(-1)

    def forward(
        self, maps: Tensor, locate: Tensor, embedding: Tensor, speed_px: Tensor, memory: Tensor
    ) -> PolicyOutput:
        """Judge one frame for N agents.

        Args:
            maps: (N, heads + 2, 64), the correlations and the outline in the window.
            locate: (N, 64), the logits of the locate head.
            embedding: (N, features), what sounds in the current frame.
            speed_px: (N,), the reading speed in strip px a frame.
            memory: (N, memory_size), all that is remembered from the frame before; zeros at the start.
        """
        kept = memory if self.remembers else 0 * memory  # not just zeros: it stays an input of the exported graph
        state, belief = kept.split(self.sizes, 1)
        track, belief = self.tracker(maps, locate, embedding, speed_px, belief)
        sensed = self.sense(maps, locate, track, embedding, speed_px)
        state = self.recurrent(sensed, state)
        action, value = self.decide(sensed, state)
        return PolicyOutput(action, value, track, torch.cat([state, belief], 1))
