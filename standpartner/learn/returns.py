"""Computes returns and advantages, also of episodes that end inside a rollout, by one recursion for all learners.

| wanted | lambda | rollout |
|---|---|---|
| discounted returns (REINFORCE) | 1 | whole episodes: nothing is left to be guessed |
| n-step returns (A2C) | 1 | n frames; the value of the state after the last one stands for the rest |
| generalised advantages (PPO) | between 0 and 1 | n frames |
"""

import torch
from torch import Tensor


def generalised_advantages(
    rewards: Tensor,
    values: Tensor,
    *,
    next_values: Tensor,
    ended: Tensor,
    discount: float,
    gae_lambda: float,
) -> Tensor:
    """Estimate generalised advantages (Schulman et al. 2016, arXiv 1506.02438, equations 11 and 16).

    Args:
        rewards: The reward of step t, (T, N).
        values: The value of the state before step t, (T, N).
        next_values: The value of the state after step t, (T, N): 0 if the episode terminated there, the state's own
            value if it was truncated there.
        ended: Whether the episode ended at step t, terminated or truncated, bool (T, N); no reward is carried over an
            end.
        discount: The discount gamma.
        gae_lambda: The lambda; 1 gives discounted returns minus values, 0 one-step differences.

    Returns:
        The advantages, (T, N); plus ``values`` they are the returns.
    """
    advantages = torch.zeros_like(rewards)
    following = torch.zeros_like(rewards[0])
    difference = rewards + discount * next_values - values
    for step in range(len(rewards) - 1, -1, -1):
        following = difference[step] + discount * gae_lambda * torch.where(ended[step], 0.0, following)
        advantages[step] = following
    return advantages
