"""The protocol by which explanations use networks of any kind."""

from abc import ABC, abstractmethod

from torch import nn

from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.differentiable_step import DifferentiableStep
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig
from standpartner.learn.rollout import Actor
from standpartner.networks.checkpoint import AnyNetwork


class ExplainedNetwork(ABC):
    """A network in evaluation mode, for explanations. A new kind of network is explained by a subclass."""

    @property
    @abstractmethod
    def network(self) -> AnyNetwork:
        """The network itself."""

    @property
    @abstractmethod
    def acts(self) -> bool:
        """Whether the network takes actions; others only say where the music is."""

    @property
    @abstractmethod
    def seen_width_px(self) -> int:
        """The width of the part of the strip that the network sees, in strip px."""

    @property
    @abstractmethod
    def action_head(self) -> nn.Module:
        """The layers from the embedding to the logits of the actions."""

    @abstractmethod
    def rules(self, wanted: GameConfig) -> GameConfig:
        """Return the rules by which the network plays: the wanted ones, unless it was made for others."""

    @abstractmethod
    def actor(self, game: BatchedGame) -> Actor:
        """Make a player of a game.

        Raises:
            ConfigError: The network sees other windows than the game shows.
        """

    @abstractmethod
    def step(self, activations: Activations) -> DifferentiableStep:
        """Return the step of the game at some frames, at least one, as a function of pixels and spectrogram."""
