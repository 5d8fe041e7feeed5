"""Checkpoints: one safetensors file with the weights and, as JSON inside, everything needed to understand them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from standpartner.agent.config import AnyNetworkConfig, WindowNetworkConfig, network_config
from standpartner.errors import AgentError
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork

FORMAT_VERSION = 1
_NETWORK = "network/"
AnyNetwork = ReadOnceNetwork | WindowNetwork


def build_network(config: AnyNetworkConfig) -> AnyNetwork:
    """A new network, its weights drawn from PyTorch's generator."""
    return WindowNetwork(config) if isinstance(config, WindowNetworkConfig) else ReadOnceNetwork(config)


def commit_of_code() -> str:
    """Git commit of the code that runs, with "+" if files differ from it; "" outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""

    def ask(*words: str) -> str:
        done = subprocess.run([git, *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    head = ask("rev-parse", "--short=12", "HEAD")
    return head + "+" if head and ask("status", "--porcelain", "--untracked-files=no") else head


def save_checkpoint(
    path: Path, network: AnyNetwork, *, info: dict[str, Any], others: dict[str, Tensor] | None = None
) -> None:
    """Write atomically: after a crash there is the old file or the new one.

    Args:
        path: the .safetensors file.
        network: whose weights are kept.
        info: anything JSON can hold (stage, step, seed, corpus checksums...).
        others: further tensors by name (optimiser, episodes).

    Raises:
        AgentError: the file cannot be written.
    """
    tensors = {_NETWORK + name: value for name, value in network.state_dict().items()} | (others or {})
    content = {"format": FORMAT_VERSION, "network": network.config.to_json(), "commit": commit_of_code()} | info
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(
            {name: value.detach().clone().contiguous() for name, value in tensors.items()},
            draft,
            metadata={"standpartner": json.dumps(content)},
        )
        draft.chmod(0o644)  # safetensors keeps its files from other users
        os.replace(draft, path)
    except (OSError, SafetensorError) as error:
        raise AgentError(f"cannot write checkpoint {path}: {error}; free space or choose another folder") from error


def load_checkpoint(path: Path) -> tuple[AnyNetwork, dict[str, Any], dict[str, Tensor]]:
    """Read a checkpoint: the network rebuilt, its information, the further tensors.

    Raises:
        AgentError: the file is missing, damaged, or of another version.
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
    """Whether two checkpoints hold exactly the same weights."""
    first, second = load_checkpoint(a)[0].state_dict(), load_checkpoint(b)[0].state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
