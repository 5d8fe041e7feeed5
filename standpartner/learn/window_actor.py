"""Plays the game with a window network, for which every state is cut out and encoded anew."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.game.batched import BatchedGame
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows
from standpartner.learn.device import precision
from standpartner.learn.rollout import Acted, Rollout
from standpartner.networks.windows import WindowNetwork

_VIEWS = ("track", "centre_px", "centre_before_px", "frame", "frame_before")


class WindowActor:
    """Plays with window observations. Its memory is only its position in the state before.

    A rollout keeps places and no windows, as cutting a window again costs little beside the convolutions.
    Dropout is off while it acts and while it learns: a replay has to judge with the policy that played, and masks drawn
    anew would make it another (docs/algorithms/ppo.md).

    Args:
        network: The network of an agent.
        tracks: The tracks that are played, in the game's order.
        mixed_precision: The precision; see `precision`.
    """

    stands_alone = True

    def __init__(self, network: WindowNetwork, tracks: Sequence[Track], *, mixed_precision: str = "off") -> None:
        self.network, self.mixed_precision = network, mixed_precision
        self.windows = Windows(tracks, network.game, differences=network.config.differences)

    def learned(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the parameters that learn; see `Actor.learned`."""
        return self.network.named_parameters()

    def empty_memory(self, count: int) -> Tensor:
        """Return zeros for the position before and for whether there was one; see `Actor.empty_memory`."""
        return torch.zeros(count, 2, dtype=torch.float64)

    def prepare(self) -> None:
        """Do nothing, as there is nothing to prepare; see `Actor.prepare`."""

    def act(self, game: BatchedGame, memory: Tensor, *, which: np.ndarray | None = None) -> Acted:
        """Judge the present states; see `Actor.act`."""
        episodes = np.arange(game.n_episodes) if which is None else which
        before_px, known = memory.numpy(force=True).T
        views = Views.of(game, episodes, before_px=before_px, first=known == 0)
        with torch.no_grad():
            logits, value = self._judge(views)
        observed = {name: torch.as_tensor(getattr(views, name)) for name in _VIEWS}
        now = np.stack([game.position_px[episodes], np.ones(len(episodes))], axis=1)
        return Acted(observed, logits, value, torch.as_tensor(now))

    def replay(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Judge all states of a rollout again; see `Actor.replay`."""
        views = Views(**{name: rollout.observed[name].flatten().numpy(force=True) for name in _VIEWS})
        logits, value = self._judge(views)
        return logits.unflatten(0, rollout.fresh.shape), value.unflatten(0, rollout.fresh.shape)

    def _judge(self, views: Views) -> tuple[Tensor, Tensor]:
        self.network.eval()
        score, spectrogram = (torch.as_tensor(seen) for seen in self.windows.cut(views))
        with precision(self.mixed_precision):
            logits, value = self.network(score, spectrogram)
        return logits.float(), value.float()
