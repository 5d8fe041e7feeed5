"""Learns where the music is from what the reward says: it tells how far away the music is, but not on which side.

The reward is (b - |error|) / b, so |error| = (1 - reward) b, and the music is in one of two mirrored places: as far
ahead of the agent as behind it. docs/algorithms/mirrored.md derives the likelihood of such a pair and states its
limits. Nothing in this module knows the truth.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.learn.rollout import Rollout
from standpartner.networks.heads import soft_target

MIDDLE: Final = (WINDOW_COLUMNS - 1) / 2
FORWARD_PX: Final = 5.0  # of a frame: the music goes on by some px, at line ends by 25
BACKWARD_PX: Final = 1.0  # it never goes back; a place is known to a fraction of a px
LEAST: Final = 1e-8  # a probability that keeps its logarithm finite


@dataclass(frozen=True)
class Places:
    """The two places in which the music may be at T frames of N episodes.

    Attributes:
        position_px: The positions of the agents in strip px from any origin of each episode, (T, N).
        distance_px: The distances of the music, (T, N).
        known: Whether a reward told the distance, bool (T, N).
        episode: The number of the episode among those of its column, (T, N).
    """

    position_px: Tensor
    distance_px: Tensor
    known: Tensor
    episode: Tensor

    @property
    def px(self) -> Tensor:
        """The places ahead of the agent and behind it, in strip px, (T, N, 2)."""
        return torch.stack([self.position_px + self.distance_px, self.position_px - self.distance_px], -1)

    @property
    def columns(self) -> Tensor:
        """The places in columns of a read-once network's window around the agent, (T, N, 2)."""
        return self.bins(WINDOW_COLUMNS, COLUMN_STRIDE_PX)

    def bins(self, count: int, width_px: float) -> Tensor:
        """Return the places in bins of a window around the agent, (T, N, 2).

        Args:
            count: The number of bins.
            width_px: The width of a bin in strip px.
        """
        return (count - 1) / 2 + (self.px - self.position_px.unsqueeze(-1)) / width_px

    @property
    def linked(self) -> Tensor:
        """Whether a frame and the one before it belong to one episode and are both known, bool (T, N)."""
        linked = self.known.clone()
        linked[0] = False
        linked[1:] &= self.known[:-1] & (self.episode[1:] == self.episode[:-1])
        return linked


def places_told(rollout: Rollout, position_px: Tensor, *, bound_px: float) -> Places:
    """Return the places that a rollout's rewards tell.

    The reward of a step tells the distance in the state that it led to. So a state is known unless an episode begins
    with it, or the rollout.

    Args:
        rollout: The rollout, of which the truth is not used.
        position_px: The positions of the agents; only how they moved within an episode matters, (T, N).
        bound_px: The bound of the rules.
    """
    known, distance = torch.zeros_like(rollout.fresh), torch.zeros_like(rollout.reward)
    known[1:] = rollout.played[1:] & ~rollout.fresh[1:]
    distance[1:] = distance_px(rollout.reward[:-1], bound_px)
    return Places(position_px, distance, known, rollout.fresh.long().cumsum(0))


def distance_px(reward: Tensor, bound_px: float) -> Tensor:
    """Return how far the agent is from the music in strip px, by the reward of the step that led there."""
    return (1 - reward) * bound_px


def pair_log_probability(logits: Tensor, columns: Tensor) -> Tensor:
    """Return the log-probability of either place.

    Args:
        logits: The logits over the window's columns or bins, (..., columns).
        columns: The two places in columns of the window, (..., 2).

    Returns:
        The log-probabilities, (..., 2).
    """
    probability = (soft_target(columns, logits.shape[-1]) * logits.softmax(-1).unsqueeze(-2)).sum(-1)
    return (probability + LEAST).log()


def step_log_weight(step_px: Tensor) -> Tensor:
    """Return the log-weight of the music's move by some px in one frame: forward by a few, hardly ever back."""
    return -torch.where(step_px >= 0, step_px / FORWARD_PX, -step_px / BACKWARD_PX)


def log_likelihood(pair: Tensor, places: Places, *, joined: bool = True) -> Tensor:
    """Return the log-likelihood of the pairs that the rewards told, summed over all known frames.

    A frame alone has the likelihood (p(ahead) + p(behind)) / 2. Frames of one episode are joined: the sum goes over
    all paths of the music through the pairs, each weighted by the moves that it takes (the forward recursion of a
    hidden Markov model with two states).

    Args:
        pair: The log-probabilities of either place, (T, N, 2).
        places: The places.
        joined: Whether frames are joined; if not, each is judged alone.
    """
    even = torch.full_like(pair[0], 0.5).log()
    if not joined:
        return torch.logsumexp(pair + even, -1)[places.known].sum()
    moves = step_log_weight(places.px[1:, :, None, :] - places.px[:-1, :, :, None])  # (T - 1, N, from, to)
    linked_frames = places.linked
    total, state = pair.new_zeros(()), even
    for frame in range(len(pair)):
        linked, known = linked_frames[frame], places.known[frame, :, None]
        total = total + torch.logsumexp(state, -1)[~linked].sum()  # of paths that are over
        went_on = torch.logsumexp(state.unsqueeze(-1) + moves[frame - 1], 1) if frame else even
        state = torch.where(known, torch.where(linked.unsqueeze(-1), went_on, even) + pair[frame], even)
    return total + torch.logsumexp(state, -1).sum()


def judged(pair: Tensor, places: Places, *, joined: bool = True) -> tuple[Tensor, Tensor]:
    """Return the mean loss of a known frame in nat, and how probable either place is by all frames of its episode.

    The probabilities are the derivatives of the log-likelihood by the pairs' log-probabilities.

    Args:
        pair: The log-probabilities of either place, (T, N, 2).
        places: The places.
        joined: Whether frames are joined; see `log_likelihood`.

    Returns:
        The loss, and the probabilities without gradients, (T, N, 2), which are 0 where nothing is known.
    """
    likelihood = log_likelihood(pair, places, joined=joined)
    (probable,) = torch.autograd.grad(likelihood, pair, retain_graph=True)
    return -likelihood / places.known.sum().clamp(min=1), probable


def later_loss(logits: Tensor, places: Places, probable: Tensor, *, frames: int) -> Tensor:
    """Return the mean cross-entropy, in nat, of where the music will be: later rewards tell it.

    Args:
        logits: The logits over the window's columns for where the music will be after some frames, (T, N, 64).
        places: The places.
        probable: How probable either place is, from `judged`, (T, N, 2).
        frames: The number of those frames.
    """
    before = places.position_px[:-frames].unsqueeze(-1)
    columns = MIDDLE + (places.px[frames:] - before) / COLUMN_STRIDE_PX
    counts = (places.episode[frames:] == places.episode[:-frames]).unsqueeze(-1)
    counts = counts & (columns >= 0) & (columns <= WINDOW_COLUMNS - 1)
    return expected_loss(pair_log_probability(logits[:-frames], columns), probable[frames:] * counts)


def expected_loss(pair: Tensor, probable: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nat, of pairs that other evidence has judged.

    Args:
        pair: The log-probabilities of either place, (..., 2).
        probable: How probable either place is, (..., 2); 0 where nothing is known.
    """
    return -(probable * pair).sum() / probable.sum().clamp(min=1)
