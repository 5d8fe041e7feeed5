"""One optimiser for all stages: AdamW, warm-up, decay, clipping, averaged weights, saved as tensors."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from standpartner.learn.config import OptimiserConfig
from standpartner.learn.team import Team

REFINEMENT = 0.1


class Optimiser:
    """AdamW over some parameters of a module, and a moving average of them.

    Args:
        parameters: named parameters that learn.
        config: see OptimiserConfig.
        steps: how many steps there will be; a learning rate that decays has come to a hundredth by then.

    Attributes:
        refinement: factor of the learning rate, see ``OptimiserConfig.patience``.
        team: takes every step together, see `Team`.
    """

    def __init__(self, parameters: Iterable[tuple[str, nn.Parameter]], config: OptimiserConfig, *, steps: int) -> None:
        self.parameters = dict(parameters)
        self.config, self.steps = config, steps
        self.step_count, self.refinement, self.team = 0, 1.0, Team()
        self.adam = torch.optim.AdamW(
            self.parameters.values(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.average = {name: p.detach().clone() for name, p in self.parameters.items()}

    def learning_rate(self) -> float:
        """Of the coming step."""
        warm = min(1.0, (self.step_count + 1) / max(1, self.config.warmup_steps))
        done = min(1.0, self.step_count / max(1, self.steps)) if self.config.decay else 0.0
        rate = self.config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        return rate * self.refinement

    def step(self, loss: Tensor) -> float:
        """Back-propagate and update.

        Returns:
            The gradient's norm before clipping.
        """
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.team.average_gradients(self.parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.config.gradient_norm)
        for group in self.adam.param_groups:
            group["lr"] = self.learning_rate()
        self.adam.step()
        self.step_count += 1
        keep = min(self.config.average, self.step_count / (self.step_count + 10))
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                self.average[name].lerp_(parameter, 1 - keep)
        return float(norm)

    def refine(self) -> None:
        """Go on with a tenth of the learning rate, from weights that were put in place of what was reached."""
        self.refinement *= REFINEMENT
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                self.average[name].copy_(parameter)

    def swap_average(self) -> None:
        """Exchange the weights with their average; call again to change back."""
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                held = parameter.detach().clone()
                parameter.copy_(self.average[name])
                self.average[name].copy_(held)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on, as tensors by name."""
        tensors = {
            "optimiser/step": torch.tensor(self.step_count),
            "optimiser/refinement": torch.tensor(self.refinement, dtype=torch.float64),
        }
        for name, parameter in self.parameters.items():
            tensors[f"optimiser/average/{name}"] = self.average[name]
            for key, value in self.adam.state.get(parameter, {}).items():
                tensors[f"optimiser/adam/{key}/{name}"] = value
        return tensors

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.step_count = int(tensors["optimiser/step"])
        self.refinement = float(tensors.get("optimiser/refinement", 1.0))  # older checkpoints have none
        for name, parameter in self.parameters.items():
            self.average[name].copy_(tensors[f"optimiser/average/{name}"])
            keys = ("step", "exp_avg", "exp_avg_sq")
            held = {key: tensors[f"optimiser/adam/{key}/{name}"] for key in keys if self.step_count}
            if held:
                self.adam.state[parameter] = {key: value.to(parameter.device, copy=True) for key, value in held.items()}
