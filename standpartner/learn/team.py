"""Lets several processes learn together: each plays or draws its own share, and all take the same steps.

Launched by torchrun, on one machine or several; gradients are averaged by torch.distributed before every step, so that
all have the same weights at all times. A process alone is a team of one, without further cost.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from standpartner.errors import ConfigError

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Team:
    """The processes that train together, seen from one of them.

    Attributes:
        rank: The number of the process, 0 to size - 1; the first one validates and writes.
        size: The number of processes that learn together.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """Return a seed of this process's own; the first one keeps that of a process alone."""
        return seed + (self.rank << 32)

    def share(self, total: int, what: str) -> int:
        """Return this process's share of a total.

        Raises:
            ConfigError: The total cannot be divided evenly.
        """
        if total % self.size:
            raise ConfigError(f"{what}: expected a number that {self.size} processes can share evenly, got {total}")
        return total // self.size

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their means over the team, in one message."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        joined = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(joined)
        parts = (joined / self.size).split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def means(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the means over the team of numbers that all measured."""
        if self.size == 1:
            return dict(measured)
        values = torch.tensor(list(measured.values()), dtype=torch.float64)
        distributed.all_reduce(values)
        return dict(zip(measured, (values / self.size).tolist(), strict=True))

    def agree(self, value: int) -> int:
        """Return the first process's value; those of the others are ignored."""
        if self.size == 1:
            return value
        said = torch.tensor(value)
        distributed.broadcast(said, src=0)
        return int(said)

    def gathered(self, tensors: Mapping[str, Tensor], own: str) -> dict[str, Tensor]:
        """Return the first process's tensors, and of the others those whose name begins with ``own``, for a checkpoint.

        Those of process k are called ``process-k/...``. All processes have to call it.
        """
        result = dict(tensors)
        if self.size == 1:
            return result
        for name in sorted(name for name in tensors if name.startswith(own)):
            sent = tensors[name].contiguous().view(torch.uint8) if tensors[name].dim() else tensors[name]
            parts = [torch.empty_like(sent) for _ in range(self.size)] if self.leads else None
            distributed.gather(sent, parts)
            for rank, part in enumerate(parts or []):
                if rank:
                    result[f"process-{rank}/{name}"] = part.view(tensors[name].dtype)
        return result

    def handed_out(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return this process's tensors from the collection of ``gathered``, which as many processes made."""
        mine = f"process-{self.rank}/"
        shared = {name: tensor for name, tensor in tensors.items() if not name.startswith("process-")}
        return shared | {name.removeprefix(mine): tensor for name, tensor in tensors.items() if name.startswith(mine)}


@contextmanager
def joined_team(device: torch.device = CPU) -> Iterator[Team]:
    """Join the team that torchrun has started this process for; without torchrun it is a team of one.

    Args:
        device: The device of this process. The processes talk through NCCL where all have graphics cards, else Gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team()
        return
    # PyTorch imports its compiler when it is first asked for determinism. Imported while a group exists, it keeps the
    # group, whose threads then outlive the interpreter and abort the process now and then.
    torch.use_deterministic_algorithms(True)
    if device.type == "cuda":
        distributed.init_process_group("nccl", device_id=device)
    else:
        distributed.init_process_group("gloo")
    try:
        yield Team(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()
