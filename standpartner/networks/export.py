"""Exports a network as a bundle: a folder with which one follows and plays without PyTorch.

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
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from standpartner.agent.description import describe_bundle, write_description
from standpartner.networks.checkpoint import AnyNetwork, save_checkpoint

OPSET = 17


def export_bundle(network: AnyNetwork, folder: Path, *, about: dict[str, Any], untrained: Collection[str] = ()) -> None:
    """Write a bundle.

    Args:
        network: The network to export, which is put into evaluation mode.
        folder: The folder, which is made if it is missing; its files are replaced.
        about: The facts of the agent's origin (name, corpus, seed, commit, measures) for ``agent.json``.
        untrained: The names of graphs that are left out, as what they compute was not trained.
    """
    network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    graphs = {name: graph for name, graph in network.graphs().items() if name not in untrained}
    for name, graph in graphs.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracing exporter announces its successor
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            torch.onnx.export(
                graph.module.eval(),
                tuple(graph.inputs.values()),
                str(folder / f"{name}.onnx"),
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                dynamic_axes=graph.dynamic_axes,
                opset_version=OPSET,
                dynamo=False,
            )
    save_checkpoint(folder / "weights.safetensors", network, info={"stage": "exported", "step": 0} | about)
    files = [f"{name}.onnx" for name in graphs] + ["weights.safetensors"]
    content = describe_bundle(network.config.to_json(), about, files=[folder / name for name in files])
    write_description(folder, content)
