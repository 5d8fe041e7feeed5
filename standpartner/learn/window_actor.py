"""Plays the game with a window network, for which every state is cut out and encoded anew."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.game.batched import BatchedGame
from standpartner.game.tracks import Track
from standpartner.game.windows import Views, Windows
from standpartner.learn.device import precision
from standpartner.learn.mirrored import judged, pair_log_probability, places_told
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
        logits, value = self._judge(_views(rollout))
        return logits.unflatten(0, rollout.fresh.shape), value.unflatten(0, rollout.fresh.shape)

    def places_loss(self, rollout: Rollout, *, bound_px: float) -> Tensor:
        """Return the loss, in nat, of where the network says that the music is, by the places that rewards tell.

        Args:
            rollout: The rollout, of which the truth is not used.
            bound_px: The bound of the rules.
        """
        network, shape = self.network, rollout.fresh.shape
        score, spectrogram = (torch.as_tensor(seen) for seen in self.windows.cut(_views(rollout)))
        network.eval()
        with precision(self.mixed_precision):
            said = network.say(score, spectrogram).float().unflatten(0, shape)
        places = places_told(rollout, rollout.observed["centre_px"].float(), bound_px=bound_px)
        count = network.config.places
        pair = pair_log_probability(said, places.bins(count, network.game.window_width_px / count))
        return judged(pair, places)[0]

    def _judge(self, views: Views) -> tuple[Tensor, Tensor]:
        self.network.eval()
        score, spectrogram = (torch.as_tensor(seen) for seen in self.windows.cut(views))
        with precision(self.mixed_precision):
            logits, value = self.network(score, spectrogram)
        return logits.float(), value.float()


def _views(rollout: Rollout) -> Views:
    return Views(**{name: rollout.observed[name].flatten().numpy(force=True) for name in _VIEWS})
