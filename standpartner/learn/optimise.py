"""Provides the optimiser of all stages: AdamW, warm-up, decay, clipping and averaged weights, saved as tensors."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from standpartner.learn.bounds import Amount, Count, Share
from standpartner.learn.team import Team

REFINEMENT: Final = 0.1
_ADAM_STATE: Final = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class OptimiserConfig:
    """The settings of AdamW with warm-up, decay, gradient clipping and an average of the weights.

    Attributes:
        learning_rate: The highest learning rate, which is reached after ``warmup_steps``.
        warmup_steps: The steps of linear warm-up.
        decay: Whether the learning rate falls to a hundredth, along a cosine, by the last gradient step of the stage.
        patience: The number of validations without a better one after which the stage goes back to its best weights
            with a tenth of the learning rate; 0 never does.
        refinements: The number of times that it does so. When patience runs out once more, the stage ends.
        weight_decay: The weight decay of AdamW.
        gradient_norm: The largest norm of gradients; larger ones are scaled down to it.
        average: The decay of the exponential moving average of the weights, which validation and export use; 0 takes
            the weights as they are.
    """

    learning_rate: Amount = 1e-3
    warmup_steps: Count = 100
    decay: bool = True
    patience: Count = 0
    refinements: Count = 2
    weight_decay: Amount = 0.01
    gradient_norm: Amount = 1.0
    average: Share = 0.998


PAPER_OPTIMISER: Final = OptimiserConfig(
    learning_rate=1e-4, warmup_steps=0, decay=False, patience=50, weight_decay=0.0, gradient_norm=0.5, average=0.0
)


class Optimiser:
    """AdamW over some parameters of a module, and a moving average of them.

    Schedule and average are our own, as PyTorch's lead to other weights: its schedulers round differently, and
    ``AveragedModel`` (which copies the whole network) begins its average differently.

    Args:
        parameters: The named parameters that learn.
        config: The settings.
        steps: The number of steps; a learning rate that decays has come to a hundredth by then.

    Attributes:
        refinement: The factor of the learning rate; see ``OptimiserConfig.patience``.
        team: The processes that take every step together; see `Team`.
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
        """Return the learning rate of the coming step."""
        warm = min(1.0, (self.step_count + 1) / max(1, self.config.warmup_steps))
        done = min(1.0, self.step_count / max(1, self.steps)) if self.config.decay else 0.0
        rate = self.config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
        return rate * self.refinement

    def step(self, loss: Tensor) -> float:
        """Back-propagate a loss and update the parameters.

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

    def go_back(self, weights: Mapping[str, Tensor]) -> None:
        """Go on from other weights with a tenth of the learning rate; parameters that do not learn stay as they are.

        Args:
            weights: The weights of the whole network by name.
        """
        self.refinement *= REFINEMENT
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(weights[name])
                self.average[name].copy_(parameter)

    def swap_average(self) -> None:
        """Exchange the weights with their average; call it again to change back."""
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                held = parameter.detach().clone()
                parameter.copy_(self.average[name])
                self.average[name].copy_(held)

    def state_dict(self) -> dict[str, Tensor]:
        """Return all that is needed to go on, as tensors by name."""
        tensors = {
            "optimiser/step": torch.tensor(self.step_count),
            "optimiser/refinement": torch.tensor(self.refinement, dtype=torch.float64),
        }
        for name, parameter in self.parameters.items():
            tensors[f"optimiser/average/{name}"] = self.average[name]
            for key, value in self.adam.state.get(parameter, {}).items():
                tensors[f"optimiser/adam/{key}/{name}"] = value
        return tensors

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state_dict``."""
        self.step_count = int(tensors["optimiser/step"])
        self.refinement = float(tensors.get("optimiser/refinement", 1.0))  # older checkpoints have none
        for name, parameter in self.parameters.items():
            self.average[name].copy_(tensors[f"optimiser/average/{name}"])
            if self.step_count:
                held = {key: tensors[f"optimiser/adam/{key}/{name}"] for key in _ADAM_STATE}
                self.adam.state[parameter] = {key: value.to(parameter.device, copy=True) for key, value in held.items()}
