"""Prepares window networks for explanations."""

import numpy as np
import torch
from torch import Tensor, nn

from standpartner.errors import ConfigError
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.differentiable_step import DifferentiableStep, NetworkOutput, Tensors
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.game.windows import Views, Windows
from standpartner.learn.rollout import Actor
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.windows import WindowNetwork


class ExplainedWindowNetwork(ExplainedNetwork):
    """A network that sees windows of the game, for explanations.

    Args:
        network: The network, in evaluation mode.
    """

    def __init__(self, network: WindowNetwork) -> None:
        self._network = network

    @property
    def network(self) -> WindowNetwork:
        """The network itself."""
        return self._network

    @property
    def acts(self) -> bool:
        """Whether the network takes actions; see `ExplainedNetwork.acts`."""
        return not self.network.config.bins

    @property
    def seen_width_px(self) -> int:
        """The width of the network's window in strip px; see `ExplainedNetwork.seen_width_px`."""
        return self.network.game.window_width_px

    @property
    def action_head(self) -> nn.Module:
        """The layers from the embedding to the logits; see `ExplainedNetwork.action_head`."""
        return self.network.policy

    def rules(self, wanted: GameConfig) -> GameConfig:
        """Return the rules whose windows the network sees; see `ExplainedNetwork.rules`."""
        return self.network.game

    def actor(self, game: BatchedGame) -> Actor:
        """Make a player of a game; see `ExplainedNetwork.actor`."""
        own = self.network.game
        if own != game.config:
            raise ConfigError(
                f"this agent sees windows of {own.name!r}, these rules are {game.config.name!r}; "
                f"choose them with --game {own.name}"
            )
        return WindowActor(self.network, game.tracks)

    def step(self, activations: Activations) -> DifferentiableStep:
        """Return the step at some frames; see `ExplainedNetwork.step`."""
        game = self.network.game
        before_px, known = activations.memory.T
        first = known == 0
        centre, centre_before = (np.floor(px + 0.5).astype(np.int64) for px in (activations.position_px, before_px))
        views = Views(
            track=np.zeros(len(activations), np.int64),
            centre_px=centre,
            centre_before_px=np.where(first, centre, centre_before),
            frame=activations.frame,
            frame_before=activations.frame - ~first,
        )
        cut = Windows([activations.track], game, differences=self.network.config.differences).cut(views)
        score, spectrogram = (torch.from_numpy(seen) for seen in cut)
        return DifferentiableStep(
            score=score,
            spectrogram=spectrogram.transpose(2, 3),
            fixed=(),
            encode=self._encode,
            heads=self._heads,
            left_px=centre - game.window_width_px // 2,
            downscale=game.downscale,
        )

    def _encode(self, score: Tensor, spectrogram: Tensor) -> Tensors:
        return (self.network.look(score, spectrogram.transpose(2, 3)),)

    def _heads(self, encoded: Tensors, _: Tensors) -> NetworkOutput:
        (joint,) = encoded
        return NetworkOutput(self.network.policy(joint), self.network.value(joint).squeeze(-1), locate=None)
