"""Defines the read-once network's policy and its tracker, which have a memory from frame to frame."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS, NetworkConfig

ACTIONS = 3
OUTLINE = 2
LOCATE_SCALE = 8.0  # brings 64 probabilities to the size of the other inputs


class Said(NamedTuple):
    """What the tracker says of a window's columns.

    Attributes:
        track: The logits for where the music is, by all since the start, (N, 64).
        ahead: The logits for where it will be after some frames, (N, 64); None if the network does not say.
    """

    track: Tensor
    ahead: Tensor | None

    @property
    def places(self) -> list[Tensor]:
        """The logits that there are."""
        return [logits for logits in self if logits is not None]


class Tracker(nn.Module):
    """Gives logits for where in the window the music is, by all since the start: a learned forward filter.

    It is a convolutional gated recurrent unit over score columns. The belief stays with its place in the score while
    the window moves on. The belief moves by whole columns; how far the window stands beyond them (0 to 1 column) is
    kept beside them, so that moving never blurs what is remembered. Every column gets the mean and the maximum of
    all beliefs, so that a column that sounds right can be rejected if the music is surely elsewhere.

    With ``config.ahead_frames`` it also says where in the present window the music will be so many frames later.
    """

    def __init__(self, config: NetworkConfig, *, width: int = 7) -> None:
        super().__init__()
        self.ahead = _Ahead(config) if config.ahead_frames else None
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
    ) -> tuple[Said, Tensor]:
        """Judge one frame for N agents.

        Args:
            maps: The correlations and the outline in the window, (N, heads + 2, 64).
            locate: The logits of the locate head, (N, 64).
            embedding: The embedding of the current frame, (N, features).
            speed_px: The strip px that the window moved since the frame before, (N,).
            belief: The state after the frame before, (N, channels * 64 + 1); zeros at the start.

        Returns:
            The logits, and the new belief.
        """
        whole, beyond = self.move(belief[:, -1], speed_px)
        kept = belief[:, :-1].unflatten(1, (self.channels, WINDOW_COLUMNS))
        kept = self.remember(self.take_in(maps, locate, embedding, beyond), whole, kept)
        said = self.say(locate, maps, speed_px, kept, beyond)
        return said, torch.cat([kept.flatten(1), beyond.unsqueeze(1)], 1)

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

    def say(self, locate: Tensor, maps: Tensor, speed_px: Tensor, kept: Tensor, beyond: Tensor) -> Said:
        """Return logits over the window's columns; inputs as in ``forward``, ``remember`` and ``move``."""
        after = functional.pad(kept, (0, 1))[..., 1:]
        share = beyond[:, None, None]
        here = (1 - share) * kept + share * after
        track = locate + self.readout(here).squeeze(1)
        return Said(track, self.ahead(track, maps[:, -OUTLINE:], speed_px, here) if self.ahead else None)


class _Ahead(nn.Module):
    """Gives logits for where the music will be, by where it is, how fast the agent goes and what is printed ahead."""

    def __init__(self, config: NetworkConfig, *, channels: int = 16, width: int = 9) -> None:
        super().__init__()
        self.max_speed_px = config.max_speed_px
        self.of_speed = nn.Linear(2 * config.max_speed_px + 2, channels)
        self.first = nn.Conv1d(config.belief_channels + OUTLINE + 1, channels, width, padding=width // 2)
        self.second = nn.Conv1d(channels, channels, width, padding=width // 2)
        self.third = nn.Conv1d(channels, channels, width, padding=3 * (width // 2), dilation=3)
        self.last = nn.Conv1d(channels, 1, width, padding=width // 2)

    def forward(self, track: Tensor, outline: Tensor, speed_px: Tensor, here: Tensor) -> Tensor:
        """Judge N frames.

        Args:
            track: The logits for where the music is, (N, 64).
            outline: The outline in the window, (N, 2, 64).
            speed_px: The reading speed in strip px a frame, (N,).
            here: The tracker's belief at the window's columns, (N, channels, 64).

        Returns:
            The logits over the window's columns, (N, 64).
        """
        now = track.softmax(1).unsqueeze(1) * LOCATE_SCALE
        speed = self.of_speed(speed_levels(speed_px, self.max_speed_px)).unsqueeze(-1)
        hidden = functional.relu(self.first(torch.cat([here, outline, now], 1)) + speed)
        hidden = hidden + functional.relu(self.second(hidden))
        hidden = hidden + functional.relu(self.third(hidden))
        return self.last(hidden).squeeze(1)


def speed_levels(speed_px: Tensor, highest: int) -> Tensor:
    """Return speeds, (N,), as whole levels, of which a fraction is shared by two, and as a number, (N, levels + 1)."""
    clipped = speed_px.clamp(-highest, highest).unsqueeze(1)
    levels = torch.arange(-highest, highest + 1, device=speed_px.device)
    return torch.cat([(1 - (clipped - levels).abs()).clamp(min=0), clipped / highest], 1)


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
        said: What the tracker says.
        memory: The memory, (N, memory_size), to be passed in with the next frame.
    """

    action: Tensor
    value: Tensor
    said: Said
    memory: Tensor


class PolicyHead(nn.Module):
    """Chooses the change of speed with a recurrent memory of sound, score and actions."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.max_speed_px, self.remembers = config.max_speed_px, config.remembers
        self.ahead_frames = config.ahead_frames
        self.sizes = [config.memory, config.belief_size]
        maps = config.heads + OUTLINE + (3 if config.ahead_frames else 2)
        inputs = maps * WINDOW_COLUMNS + config.features + 2 * config.max_speed_px + 2
        self.tracker = Tracker(config)
        self.dense = nn.Linear(inputs, config.policy_hidden)
        self.recurrent = nn.GRUCell(config.policy_hidden, config.memory)
        self.action = nn.Linear(config.memory + config.policy_hidden, ACTIONS)
        self.value = nn.Linear(config.memory + config.policy_hidden, 1)

    def begins(self, fresh: Tensor) -> Tensor:
        """Tell where the memory is empty, by where episodes begin (bool, of any shape)."""
        return fresh if self.remembers else torch.ones_like(fresh)

    def sense(self, maps: Tensor, locate: Tensor, said: Said, embedding: Tensor, speed_px: Tensor) -> Tensor:
        """Return features of the frame without memory, (N, policy_hidden); inputs as in ``forward``."""
        places = [logits.softmax(1) * LOCATE_SCALE for logits in (locate, *said.places)]
        parts = [maps.flatten(1), *places, embedding, speed_levels(speed_px, self.max_speed_px)]
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
        said, belief = self.tracker(maps, locate, embedding, speed_px, belief)
        sensed = self.sense(maps, locate, said, embedding, speed_px)
        state = self.recurrent(sensed, state)
        action, value = self.decide(sensed, state)
        return PolicyOutput(action, value, said, torch.cat([state, belief], 1))
