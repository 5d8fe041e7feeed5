"""Defines the read-once network: strip and audio are encoded once, and a small head compares them in every frame.

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
| pitch | columns | the pitches of the noteheads, logits (B, C, 88); only in networks that carry something along |
| listen | embeddings | keys that start, logits (B, T, 88) |
| Tracker | maps, locate, embedding, speed, belief | logits over the window's columns (B, 64), belief |
| PolicyHead | maps, locate, track, embedding, speed, memory | action logits (B, 3), value (B,), memory |

Correlations show where the score fits the present sound. The outline shows what comes next in the score: where
notes are, where they are dense, where a line ends. Without it the policy cannot prepare for a line's end.
The locate head judges by the embedding's two seconds alone; the tracker by everything since the start.
"""

import torch
from torch import Tensor, nn

from standpartner.agent.config import FRONT_FRAMES, WINDOW_COLUMNS, NetworkConfig
from standpartner.constants import BAND_COUNT, KEY_COUNT
from standpartner.networks.encoders import ROWS, FrameEncoder, StripEncoder
from standpartner.networks.graph import Graph
from standpartner.networks.heads import LocateHead, SearchHead
from standpartner.networks.policy import OUTLINE, PolicyHead

_ENCODERS = ("strip.", "frames.", "outline.", "locate.of_column.")


class ReadOnceNetwork(nn.Module):
    """The read-once network with all its parts, so that one file of weights holds them.

    Args:
        config: The sizes.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.strip = StripEncoder(config)
        self.frames = FrameEncoder(config)
        self.locate = LocateHead(config)
        self.read = nn.Linear(config.features, ROWS)
        self.listen = nn.Linear(config.features, KEY_COUNT)
        self.pitch = nn.Linear(config.features, KEY_COUNT) if config.carried else None
        self.outline = nn.Linear(config.features, OUTLINE)
        self.policy = PolicyHead(config)
        self.search = SearchHead(config)

    def view(self, columns: Tensor) -> Tensor:
        """Return the view of columns, (..., features): keys, onset and pace, (..., features + 2)."""
        onset, pace = self.outline(columns).chunk(OUTLINE, -1)
        return torch.cat([self.locate.keys(columns), onset.sigmoid(), pace], -1)

    def look(self, view: Tensor, embeddings: Tensor) -> Tensor:
        """Compare a score with each frame.

        Args:
            view: The view of P columns, (B, P, features + 2).
            embeddings: The embeddings of the frames, (B, T, features).

        Returns:
            The maps, (B, heads + 2, T, P).
        """
        keys, outline = view.split([self.config.features, OUTLINE], -1)
        correlations = self.locate.correlate(keys, embeddings)
        same = outline.transpose(1, 2).unsqueeze(2).expand(-1, -1, embeddings.shape[1], -1)
        return torch.cat([correlations, same], 1)

    def encoder_weights(self) -> dict[str, Tensor]:
        """Return the weights, by name, on which ``view`` and the embeddings of frames depend."""
        weights = self.state_dict()
        return {name: weights[name] for name in weights if name.startswith(_ENCODERS)}

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs of a bundle: five that follow and play; see ``export.py``."""
        size, history, heads = self.config.features, self.config.history_frames, self.config.heads
        policy_inputs = {
            "view": torch.zeros(2, WINDOW_COLUMNS, size + OUTLINE),
            "embedding": torch.zeros(2, size),
            "speed_px": torch.zeros(2),
            "memory": torch.zeros(2, self.config.memory_size),
        }
        policy_outputs = ("action", "value", "locate", "track", "next_memory")
        return {
            "strip": Graph(
                _Strip(self),
                {"ink": torch.zeros(1, 1, ROWS, 256)},
                ("columns", "view"),
                free={"ink": {3: "width"}, "columns": {0: "count"}, "view": {0: "count"}},
            ),
            "front": Graph(_Front(self), {"frames": torch.zeros(2, FRONT_FRAMES, BAND_COUNT)}, ("front",)),
            "frame": Graph(_Frame(self), {"fronts": torch.zeros(2, size, history + 1)}, ("embedding", "pressed")),
            "policy": Graph(_Policy(self), policy_inputs, policy_outputs),
            "search": Graph(
                _Search(self),
                {"keys": torch.zeros(heads, size // heads, WINDOW_COLUMNS), "embedding": torch.zeros(1, size)},
                ("logits",),
                free={"keys": {2: "count"}, "logits": {0: "count"}},
            ),
        }


class _Strip(nn.Module):
    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ink: Tensor) -> tuple[Tensor, Tensor]:
        columns = self.network.strip(ink)[0]
        return columns, self.network.view(columns)


class _Front(nn.Module):
    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> Tensor:
        return self.network.frames.front(frames)[..., 0]


class _Frame(nn.Module):
    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, fronts: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.network.frames.remember_one(fronts)
        return embedding, self.network.listen(embedding)


class _Policy(nn.Module):
    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, view: Tensor, embedding: Tensor, speed_px: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.look(view, embedding.unsqueeze(1))[:, :, 0]
        locate = self.network.locate(maps, embedding)
        output = self.network.policy(maps, locate, embedding, speed_px, memory)
        return output.action, output.value, locate, output.said.track, output.memory


class _Search(nn.Module):
    """The search head, with a score's keys in the order in which they are multiplied."""

    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, keys: Tensor, embedding: Tensor) -> Tensor:
        search = self.network.search
        query = search.of_frame(embedding).unflatten(-1, keys.shape[:2]).transpose(0, 1)
        maps = (query @ keys).transpose(0, 1) / keys.shape[1] ** 0.5
        offset = search.of_place.weight @ keys.flatten(0, 1) + search.of_place.bias
        return (search(maps, embedding) + offset)[0]
