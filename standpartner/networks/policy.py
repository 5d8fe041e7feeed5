"""Defines the read-once network's policy and its tracker, which have a memory from frame to frame."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS, NetworkConfig

ACTIONS = 3
OUTLINE = 2
LOCATE_SCALE = 8.0  # brings 64 probabilities to the size of the other inputs


class Tracker(nn.Module):
    """Gives logits for where in the window the music is, by all since the start: a learned forward filter.

    It is a convolutional gated recurrent unit over score columns. The belief stays with its place in the score while
    the window moves on. The belief moves by whole columns; how far the window stands beyond them (0 to 1 column) is
    kept beside them, so that moving never blurs what is remembered. Every column gets the mean and the maximum of
    all beliefs, so that a column that sounds right can be rejected if the music is surely elsewhere.
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
        nn.init.zeros_(self.readout.weight)  # without training it gives the logits of locate

    def forward(
        self, maps: Tensor, locate: Tensor, embedding: Tensor, speed_px: Tensor, belief: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Judge one frame for N agents.

        Args:
            maps: The correlations and the outline in the window, (N, heads + 2, 64).
            locate: The logits of the locate head, (N, 64).
            embedding: The embedding of the current frame, (N, features).
            speed_px: The strip px that the window moved since the frame before, (N,).
            belief: The state after the frame before, (N, channels * 64 + 1); zeros at the start.

        Returns:
            The logits over the window's columns, (N, 64), and the new belief.
        """
        whole, beyond = self.move(belief[:, -1], speed_px)
        kept = belief[:, :-1].unflatten(1, (self.channels, WINDOW_COLUMNS))
        kept = self.remember(self.take_in(maps, locate, embedding, beyond), whole, kept)
        track = self.say(locate, kept, beyond)
        return track, torch.cat([kept.flatten(1), beyond.unsqueeze(1)], 1)

    @staticmethod
    def move(beyond: Tensor, speed_px: Tensor) -> tuple[Tensor, Tensor]:
        """Return the whole columns, int64 (N,), by which the window moves, and the fraction beyond them, (N,)."""
        moved = beyond + speed_px / COLUMN_STRIDE_PX
        whole = moved.floor()
        return whole.long(), moved - whole

    def take_in(self, maps: Tensor, locate: Tensor, embedding: Tensor, beyond: Tensor) -> Tensor:
        """Return the features of the frame at the belief's columns, (N, 3 channels, 64); inputs as in ``forward``."""
        window = torch.cat([maps, locate.softmax(1).unsqueeze(1) * LOCATE_SCALE], 1)
        before = functional.pad(window, (1, 0))[..., :-1]
        share = beyond[:, None, None]
        return self.of_window(share * before + (1 - share) * window) + self.of_frame(embedding).unsqueeze(-1)

    def remember(self, seen: Tensor, whole: Tensor, kept: Tensor) -> Tensor:
        """Move the kept belief, (N, channels, 64), by whole columns, (N,), and add the features of the frame."""
        kept = _shift(kept, whole)
        seen = seen + self.of_all(torch.cat([kept.mean(2), kept.amax(2)], 1)).unsqueeze(-1)
        update, reset = (seen[:, : 2 * self.channels] + self.gates(kept)).sigmoid().chunk(2, 1)
        new = torch.tanh(seen[:, 2 * self.channels :] + self.candidate(reset * kept))
        return kept + update * (new - kept)

    def say(self, locate: Tensor, kept: Tensor, beyond: Tensor) -> Tensor:
        """Return logits over the window's columns, (N, 64)."""
        after = functional.pad(kept, (0, 1))[..., 1:]
        share = beyond[:, None, None]
        return locate + self.readout((1 - share) * kept + share * after).squeeze(1)


def _shift(columns: Tensor, by: Tensor) -> Tensor:
    """Move columns, (N, K, C), to the left by whole columns, (N,), and fill up with 0."""
    source = torch.arange(columns.shape[-1], device=columns.device) + by[:, None]
    inside = (source >= 0) & (source < columns.shape[-1])
    taken = columns.gather(2, source.clamp(0, columns.shape[-1] - 1).unsqueeze(1).expand_as(columns))
    return taken * inside.unsqueeze(1)


class PolicyOutput(NamedTuple):
    """The output of the policy for one frame of N agents.

    Attributes:
        action: The logits of the speed changes -1, 0, +1, (N, 3).
        value: The mean reward that is expected, (N,).
        track: The logits over the window's columns for where the music is, by all since the start, (N, 64).
        memory: The memory, (N, memory_size), to be passed in with the next frame.
    """

    action: Tensor
    value: Tensor
    track: Tensor
    memory: Tensor


class PolicyHead(nn.Module):
    """Chooses the change of speed with a recurrent memory of sound, score and actions."""

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
        """Tell where the memory is empty, by where episodes begin (bool, of any shape)."""
        return fresh if self.remembers else torch.ones_like(fresh)

    def sense(self, maps: Tensor, locate: Tensor, track: Tensor, embedding: Tensor, speed_px: Tensor) -> Tensor:
        """Return features of the frame without memory, (N, policy_hidden); inputs as in ``forward``."""
        clipped = speed_px.clamp(-self.max_speed_px, self.max_speed_px).unsqueeze(1)
        levels = torch.arange(-self.max_speed_px, self.max_speed_px + 1, device=maps.device)
        speed = (1 - (clipped - levels).abs()).clamp(min=0)  # a fraction is shared by two neighbouring levels
        places = [logits.softmax(1) * LOCATE_SCALE for logits in (locate, track)]
        parts = [maps.flatten(1), *places, embedding, speed, clipped / self.max_speed_px]
        return functional.relu(self.dense(torch.cat(parts, 1)))

    def decide(self, sensed: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return action logits, (..., 3), and values, (...), from the outputs of ``sense`` and the memories."""
        both = torch.cat([sensed, memory], -1)
        return self.action(both), self.value(both).squeeze(-1)

    def forward(
        self, maps: Tensor, locate: Tensor, embedding: Tensor, speed_px: Tensor, memory: Tensor
    ) -> PolicyOutput:
        """Judge one frame for N agents.

        Args:
            maps: The correlations and the outline in the window, (N, heads + 2, 64).
            locate: The logits of the locate head, (N, 64).
            embedding: The embedding of the current frame, (N, features).
            speed_px: The reading speed in strip px a frame, (N,).
            memory: The memory of the frame before, (N, memory_size); zeros at the start.
        """
        kept = memory if self.remembers else 0 * memory  # multiplied, so that it stays an input of the exported graph
        state, belief = kept.split(self.sizes, 1)
        track, belief = self.tracker(maps, locate, embedding, speed_px, belief)
        sensed = self.sense(maps, locate, track, embedding, speed_px)
        state = self.recurrent(sensed, state)
        action, value = self.decide(sensed, state)
        return PolicyOutput(action, value, track, torch.cat([state, belief], 1))
