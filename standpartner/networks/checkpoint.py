"""Reads and writes checkpoints: one safetensors file with the weights and, as JSON inside, their description."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from standpartner.agent.config import AnyNetworkConfig, network_config
from standpartner.errors import AgentError
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.support.files import replacing
from standpartner.support.provenance import code_version

FORMAT_VERSION = 1
_NETWORK = "network/"
_NEW_LAYER_SCALE: Final = 0.1
_MAY_BE_NEW: Final = (".context.", ".carried.", "pitch.")
_MAY_BE_WIDER: Final = (".carried.first.", ".carried.last.weight")
_ADDS_TO_THE_OLD: Final = (".context.", ".carried.last.")
AnyNetwork = ReadOnceNetwork | WindowNetwork


_NETWORKS: Final[dict[str, Callable[[Any], AnyNetwork]]] = {"read-once": ReadOnceNetwork, "window": WindowNetwork}


def build_network(config: AnyNetworkConfig) -> AnyNetwork:
    """Build a new network with weights drawn from PyTorch's generator."""
    return _NETWORKS[config.kind](config)


def grown(network: AnyNetwork, config: AnyNetworkConfig) -> AnyNetwork:
    """Return a network with the weights of another one that has fewer layers of context, or carries less along.

    What the new layers and units add to the old ones' output begins small.

    Args:
        network: The network with the weights.
        config: The sizes: those of the network, with further dilations at the end, with something carried, or with
            more units behind what is carried.

    Raises:
        AgentError: The sizes differ in more than that.
    """
    larger = build_network(config)
    own, given = larger.state_dict(), network.state_dict()
    new = [name for name in own if name not in given]
    fits = all(name in own and _fits(name, value, own[name]) for name, value in given.items())
    if not fits or not all(any(part in name for part in _MAY_BE_NEW) for name in new):
        raise AgentError(
            "expected the sizes of the network to start from, with no more than further dilations and more carried "
            f"along: {network.config}; got {config}; take the sizes in the agent's agent.json or no start"
        )
    for name, value in own.items():  # these are the weights of the larger network themselves
        if any(part in name for part in _ADDS_TO_THE_OLD):
            value.mul_(_NEW_LAYER_SCALE)
        if name in given:
            value[tuple(map(slice, given[name].shape))] = given[name]
    return larger


def _fits(name: str, given: Tensor, own: Tensor) -> bool:
    """Tell whether weights are a part of larger ones: the same, or of fewer units behind what is carried."""
    if any(part in name for part in _MAY_BE_WIDER):
        return given.dim() == own.dim() and all(old <= new for old, new in zip(given.shape, own.shape, strict=True))
    return given.shape == own.shape


def save_checkpoint(
    path: Path, network: AnyNetwork, *, info: dict[str, Any], others: dict[str, Tensor] | None = None
) -> None:
    """Write a checkpoint atomically: after a crash there is the old file or the new one.

    Args:
        path: The .safetensors file.
        network: The network whose weights are kept.
        info: The information about the weights, of types that JSON can hold (stage, step, seed, corpus checksums...).
        others: The further tensors by name (optimiser, episodes).

    Raises:
        AgentError: The file cannot be written.
    """
    tensors = {_NETWORK + name: value for name, value in network.state_dict().items()} | (others or {})
    commit = info.get("commit") or code_version()
    content = {"format": FORMAT_VERSION, "network": network.config.to_json()} | info | {"commit": commit}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            save_file(
                {name: value.detach().clone().contiguous() for name, value in tensors.items()},
                draft,
                metadata={"standpartner": json.dumps(content)},
            )
            draft.chmod(0o644)  # safetensors keeps its files from other users
    except (OSError, SafetensorError) as error:
        raise AgentError(f"cannot write checkpoint {path}: {error}; free space or choose another folder") from error


def load_checkpoint(path: Path) -> tuple[AnyNetwork, dict[str, Any], dict[str, Tensor]]:
    """Read a checkpoint, and return the rebuilt network, its information and the further tensors.

    Raises:
        AgentError: The file is missing, damaged, or of another version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            info: dict[str, Any] = json.loads((file.metadata() or {})["standpartner"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise AgentError(f"expected a standpartner checkpoint in {path}: {error}") from error
    if info.get("format") != FORMAT_VERSION:
        raise AgentError(f"{path} has checkpoint format {info.get('format')}, this is {FORMAT_VERSION}; train again")
    network = build_network(network_config(info["network"]))
    weights = {name.removeprefix(_NETWORK): value for name, value in tensors.items() if name.startswith(_NETWORK)}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise AgentError(f"the weights in {path} do not fit its own network settings: {error}") from error
    others = {name: value for name, value in tensors.items() if not name.startswith(_NETWORK)}
    return network, info, others


def same_weights(a: Path, b: Path) -> bool:
    """Tell whether two checkpoints hold exactly the same weights."""
    first, second = load_checkpoint(a)[0].state_dict(), load_checkpoint(b)[0].state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
