"""Chooses the device and the precision of a run: processors or a graphics card.

The game is played by numpy, networks by PyTorch. A run makes all its tensors within `computing_on`, with functions that
use PyTorch's default device (`torch.as_tensor`, `torch.zeros`, ...; `torch.from_numpy` would not), and what goes back
to the game is copied with ``numpy(force=True)``. So the code is the same on every device, and costs nothing on the CPU.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from standpartner.errors import ConfigError


def find_device(name: str) -> torch.device:
    """Return the device of a run: "auto" is a graphics card if PyTorch can use one; each process of a team has its own.

    Raises:
        ConfigError: "cuda" is wanted without a card that PyTorch can use.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ConfigError(
            'device: expected a graphics card that PyTorch can use, found none; take device = "cpu", or install the '
            "PyTorch that suits the card's driver (pytorch.org)"
        )
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def computing_on(device: torch.device) -> Iterator[None]:
    """Make new tensors on a device, and compute there as reproducibly as possible.

    On graphics cards a few operations have no deterministic form; PyTorch warns of them.
    """
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True)
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS may sum in any order
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.cuda.set_device(device)
    with torch.device(device):
        yield


def has_fast_bfloat16() -> bool:
    """Tell whether this processor computes with bfloat16 itself (otherwise it is slower than float32)."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def precision(mode: str) -> AbstractContextManager[None]:
    """Autocast to bfloat16 where that is faster on the device of the run, unless ``mode`` is "off"."""
    device = torch.get_default_device().type
    fast = torch.cuda.is_bf16_supported() if device == "cuda" else has_fast_bfloat16()
    return torch.autocast(device, torch.bfloat16) if mode == "auto" and fast else nullcontext()
