"""Fits the network of a learned decision to the return on records, by its exact gradient."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.jump_policy import INPUTS, JumpPolicy
from standpartner.learn.jumps.returns import World, reached, returns

UNITS: Final = 8
_RATE, _DECAY, _EPSILON = 1e-2, 0.03, 1e-8  # AdamW (Loshchilov and Hutter, ICLR 2019)
_MEANS: Final = (0.9, 0.999)
_SCALE: Final = 50.0  # the loss is in half of a right agent's return

Floats = NDArray[np.float64]
Loss = Callable[[World, Floats], Floats]
"""A function that gives the derivative of a loss by the log odds of going, for probabilities of going."""


def less_return(world: World, goes: Floats) -> Floats:
    """Return the derivative of the negative return for each frame in which the agent may go; see `Loss`."""
    gain = returns(world, goes)[1] * reached(goes)
    return np.asarray(-gain * goes * (1 - goes) / (world.may_go.sum() * _SCALE))


def fit_policy(world: World, *, steps: int = 150, seed: int = 0, loss: Loss = less_return) -> JumpPolicy:
    """Fit a policy that begins as the rule.

    Args:
        world: The records side by side.
        steps: The number of steps; each sees all records.
        seed: The seed of the first weights.
        loss: The loss that falls.

    Returns:
        The policy for inputs as they are; it was fitted to inputs of mean 0 and deviation 1.
    """
    inside = ~world.before
    mean, scale = world.inputs[inside].mean(axis=0), world.inputs[inside].std(axis=0) + 1e-3
    inputs = (world.inputs - mean) / scale
    rng, bound = np.random.default_rng(seed), len(INPUTS) ** -0.5
    weights = np.zeros(UNITS * (len(INPUTS) + 2) + 1)
    weights[: UNITS * (len(INPUTS) + 1)] = rng.uniform(-bound, bound, UNITS * (len(INPUTS) + 1))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        slope = gradient(world, inputs, weights, loss=loss)
        first += (1 - _MEANS[0]) * (slope - first)
        second += (1 - _MEANS[1]) * (slope**2 - second)
        size = np.sqrt(second / (1 - _MEANS[1] ** step)) + _EPSILON
        weights -= _RATE * (_DECAY * weights + first / (1 - _MEANS[0] ** step) / size)
    hidden, hidden_bias, out, out_bias = _parts(weights)
    return JumpPolicy(hidden / scale, hidden_bias - hidden @ (mean / scale), out, out_bias)


def probability_of_going(world: World, odds: Floats) -> Floats:
    """Return the probability of going by log odds; it is 1 before the beginning of a record."""
    return np.where(world.before, 1.0, world.may_go * np.exp(-np.logaddexp(0.0, -odds)))


def gradient(world: World, inputs: Floats, weights: Floats, *, loss: Loss = less_return) -> Floats:
    """Compute the gradient of a loss.

    Args:
        world: The records side by side.
        inputs: Their inputs, scaled.
        weights: All weights of the network, (weights,).
        loss: The loss.

    Returns:
        The gradient, (weights,).
    """
    hidden, hidden_bias, out, out_bias = _parts(weights)
    units = np.tanh(inputs @ hidden.T + hidden_bias)
    goes = probability_of_going(world, world.rule_odds + units @ out + out_bias)
    by_odds = loss(world, goes)
    by_units = (by_odds[..., None] * out * (1 - units**2)).reshape(-1, UNITS)
    by_hidden = by_units.T @ inputs.reshape(-1, inputs.shape[-1])
    by_out = units.reshape(-1, UNITS).T @ by_odds.ravel()
    return np.concatenate([by_hidden.ravel(), by_units.sum(axis=0), by_out, [by_odds.sum()]])


def _parts(weights: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Return the weights of the hidden units, their biases, the weights of the output and its bias."""
    hidden, hidden_bias, out, out_bias = np.split(weights, UNITS * (len(INPUTS) + np.array([0, 1, 2])))
    return hidden.reshape(UNITS, -1), hidden_bias, out, float(out_bias[0])
