"""Defines window networks, which encode a score window and a spectrogram excerpt anew in every state.

| part | in | out |
|---|---|---|
| score tower | window and its difference (B, 2, h, w) | (B, ...) flat |
| spectrogram tower | excerpt and its difference (B, 2, 78, 40) | (B, ...) flat |
| joint | both | (B, joint) |
| policy, value | joint | action logits (B, 3), value (B,) |
| places, with ``places`` | joint | where the music is, to learn by it, logits (B, places) |
| or bins | joint | where in the window the music is, logits (B, bins) |
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from standpartner.agent.config import Convolution, WindowNetworkConfig
from standpartner.constants import BAND_COUNT
from standpartner.errors import ConfigError
from standpartner.game.rules import CONFIGS
from standpartner.networks.graph import Graph


def _elu() -> nn.Module:
    return nn.ELU(inplace=True)  # in place, as these take a third of a training step


def _dropout(share: float) -> list[nn.Module]:
    return [nn.Dropout(share)] if share else []


def _tower(layers: Sequence[Convolution], shape: tuple[int, int], *, channels: int, width: int) -> nn.Sequential:
    """Make convolutions over images (B, channels, *shape), and a dense layer if ``width`` is not 0."""
    made: list[nn.Module] = []
    rows, columns = shape
    for layer in layers:
        made += [nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride), _elu()]
        made += _dropout(layer.dropout)
        channels = layer.channels
        rows = (rows - layer.kernel) // layer.stride[0] + 1
        columns = (columns - layer.kernel) // layer.stride[1] + 1
    if min(rows, columns) < 1:
        raise ConfigError(
            f"{len(layers)} convolutions leave nothing of an image of {shape}; take fewer or smaller ones"
        )
    made.append(nn.Flatten())
    if width:
        made += [nn.Linear(channels * rows * columns, width), _elu()]
    return nn.Sequential(*made)


def _width(tower: nn.Sequential, shape: tuple[int, int], channels: int) -> int:
    with torch.no_grad():
        return int(tower(torch.zeros(1, channels, *shape)).shape[1])


class WindowNetwork(nn.Module):
    """A network of two towers, a joint layer and heads. Weights begin orthogonal and biases zero, as the authors' do.

    Args:
        config: The sizes of the network.

    Raises:
        ConfigError: There is no such game, or the convolutions do not fit its windows.
    """

    def __init__(self, config: WindowNetworkConfig) -> None:
        super().__init__()
        if config.game not in CONFIGS:
            raise ConfigError(f"no game {config.game!r}; expected one of {', '.join(CONFIGS)}")
        self.config, self.game = config, CONFIGS[config.game]
        channels = 2 if config.differences else 1
        window = self.game.shown_height_px, self.game.shown_width_px
        excerpt = BAND_COUNT, self.game.frames_in_view
        self.score = _tower(config.score, window, channels=channels, width=config.tower)
        self.spectrogram = _tower(config.spectrogram, excerpt, channels=channels, width=config.tower)
        towers = _width(self.score, window, channels) + _width(self.spectrogram, excerpt, channels)
        self.joint = nn.Sequential(nn.Linear(towers, config.joint), _elu())
        if config.bins:
            self.bins = self._head(config.bins)
        else:
            self.policy, self.value = self._head(len(self.game.actions)), self._head(1)
        if config.places:
            self.places = self._head(config.places)
        self.apply(_initialise)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _head(self, outputs: int) -> nn.Sequential:
        config = self.config
        hidden = [nn.Linear(config.joint, config.head), _elu(), *_dropout(config.head_dropout)]
        return nn.Sequential(*hidden, nn.Linear(config.head, outputs))

    def look(self, score: Tensor, spectrogram: Tensor) -> Tensor:
        """Encode windows and excerpts together.

        Args:
            score: The score windows, (B, c, h, w); c is 2 with differences, else 1.
            spectrogram: The spectrogram excerpts, (B, c, 78, 40).

        Returns:
            The joint features, (B, joint).
        """
        return self.joint(torch.cat([self.spectrogram(spectrogram), self.score(score)], 1))

    def forward(self, score: Tensor, spectrogram: Tensor) -> tuple[Tensor, Tensor]:
        """Return action logits, (B, 3), and values, (B,), of an agent; inputs as in ``look``."""
        seen = self.look(score, spectrogram)
        return self.policy(seen), self.value(seen).squeeze(-1)

    def locate(self, score: Tensor, spectrogram: Tensor) -> Tensor:
        """Return logits over the window's bins, left to right, (B, bins); inputs as in ``look``."""
        return self.bins(self.look(score, spectrogram))

    def say(self, score: Tensor, spectrogram: Tensor) -> Tensor:
        """Return an agent's logits over the window's parts for where the music is, (B, places); inputs as in ``look``.

        They only help to learn: the policy does not see them.
        """
        return self.places(self.look(score, spectrogram))

    def graphs(self) -> dict[str, Graph]:
        """Return the one graph of a bundle, which judges each state of the game by itself; see ``export.py``."""
        game, channels = self.game, 2 if self.config.differences else 1
        inputs = {
            "score": torch.zeros(2, channels, game.shown_height_px, game.shown_width_px),
            "spectrogram": torch.zeros(2, channels, BAND_COUNT, game.frames_in_view),
        }
        if self.config.acts:
            return {"window": Graph(self, inputs, ("action", "value"))}
        return {"window": Graph(_Locator(self), inputs, ("bins",))}


class _Locator(nn.Module):
    def __init__(self, network: WindowNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, score: Tensor, spectrogram: Tensor) -> Tensor:
        return self.network.locate(score, spectrogram)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.orthogonal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
