"""From a checkpoint to a bundle: a folder that follows and plays without PyTorch.

A bundle holds ``agent.json`` (sizes, where it came from, checksums), ``weights.safetensors`` and ONNX graphs; those of
the read-once network follow and play:

| graph | in | out |
|---|---|---|
| strip.onnx | ink (1, 1, 80, 4 C) | columns (C, features), view (C, features + 2) |
| front.onnx | frames (N, 5, 78) | front (N, features) |
| frame.onnx | fronts (N, features, history + 1) | embedding (N, features), key logits (N, 88) |
| policy.onnx | view (N, 64, features + 2), embedding, speed_px (N,), memory | action, value, locate, track, memory |
| search.onnx | keys (heads, features / heads, C), embedding (1, features) | logits (C,) |

A window network has one, for each state of the game by itself (c is 2 with differences, else 1):

| graph | in | out |
|---|---|---|
| window.onnx | score (N, c, h, w), spectrogram (N, c, 78, 40) | action (N, 3), value (N,); or bins (N, bins) |
"""

import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from standpartner.agent.config import FRONT_FRAMES, WINDOW_COLUMNS
from standpartner.agent.description import describe_bundle, write_description
from standpartner.constants import BAND_COUNT
from standpartner.networks.checkpoint import AnyNetwork, save_checkpoint
from standpartner.networks.read_once import OUTLINE, ROWS, ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork

OPSET = 17


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
        embedding = self.network.frames.remember(fronts)[:, 0]
        return embedding, self.network.listen(embedding)


class _Policy(nn.Module):
    def __init__(self, network: ReadOnceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, view: Tensor, embedding: Tensor, speed_px: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.look(view, embedding.unsqueeze(1))[:, :, 0]
        locate = self.network.locate(maps, embedding)
        output = self.network.policy(maps, locate, embedding, speed_px, memory)
        return output.action, output.value, locate, output.track, output.memory


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


class _Locator(nn.Module):
    def __init__(self, network: WindowNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, score: Tensor, spectrogram: Tensor) -> Tensor:
        return self.network.locate(score, spectrogram)


_Graphs = dict[str, tuple[nn.Module, dict[str, Tensor], list[str], dict]]


def _graphs(network: AnyNetwork) -> _Graphs:
    """Module, example inputs, output names and free dimensions of every graph, by name."""
    return _window_graphs(network) if isinstance(network, WindowNetwork) else _read_once_graphs(network)


def _window_graphs(network: WindowNetwork) -> _Graphs:
    game, channels = network.game, 2 if network.config.differences else 1
    inputs = {
        "score": torch.zeros(2, channels, game.shown_height_px, game.shown_width_px),
        "spectrogram": torch.zeros(2, channels, BAND_COUNT, game.frames_in_view),
    }
    outputs = ["bins"] if network.config.bins else ["action", "value"]
    module = _Locator(network) if network.config.bins else network
    return {"window": (module, inputs, outputs, {name: {0: "n"} for name in (*inputs, *outputs)})}


def _read_once_graphs(network: ReadOnceNetwork) -> _Graphs:
    size, history, heads = network.config.features, network.config.history_frames, network.config.heads
    many = {0: "n"}
    policy_inputs = {
        "view": torch.zeros(2, WINDOW_COLUMNS, size + OUTLINE),
        "embedding": torch.zeros(2, size),
        "speed_px": torch.zeros(2),
        "memory": torch.zeros(2, network.config.memory_size),
    }
    policy_outputs = ["action", "value", "locate", "track", "next_memory"]
    return {
        "strip": (
            _Strip(network),
            {"ink": torch.zeros(1, 1, ROWS, 256)},
            ["columns", "view"],
            {"ink": {3: "width"}, "columns": {0: "count"}, "view": {0: "count"}},
        ),
        "front": (
            _Front(network),
            {"frames": torch.zeros(2, FRONT_FRAMES, BAND_COUNT)},
            ["front"],
            {"frames": many, "front": many},
        ),
        "frame": (
            _Frame(network),
            {"fronts": torch.zeros(2, size, history + 1)},
            ["embedding", "pressed"],
            {"fronts": many, "embedding": many, "pressed": many},
        ),
        "policy": (
            _Policy(network),
            policy_inputs,
            policy_outputs,
            dict.fromkeys((*policy_inputs, *policy_outputs), many),
        ),
        "search": (
            _Search(network),
            {"keys": torch.zeros(heads, size // heads, WINDOW_COLUMNS), "embedding": torch.zeros(1, size)},
            ["logits"],
            {"keys": {2: "count"}, "logits": {0: "count"}},
        ),
    }


def export_bundle(network: AnyNetwork, folder: Path, *, about: dict[str, Any]) -> None:
    """Write a bundle.

    Args:
        network: what to export; it is put into evaluation mode.
        folder: made if missing; its files are replaced.
        about: where the agent came from (name, corpus, seed, commit, measures), for ``agent.json``.
    """
    network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    for name, (module, inputs, outputs, free) in _graphs(network).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracing exporter announces its successor
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            torch.onnx.export(
                module.eval(),
                tuple(inputs.values()),
                str(folder / f"{name}.onnx"),
                input_names=list(inputs),
                output_names=outputs,
                dynamic_axes=free,
                opset_version=OPSET,
                dynamo=False,
            )
    save_checkpoint(folder / "weights.safetensors", network, info={"stage": "exported", "step": 0} | about)
    files = [f"{name}.onnx" for name in _graphs(network)] + ["weights.safetensors"]
    content = describe_bundle(network.config.to_json(), about, files=[folder / name for name in files])
    write_description(folder, content)
