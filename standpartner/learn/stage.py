"""Defines what all stages of a training share: their settings, their steps and their state."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Protocol, Self

from torch import Tensor

from standpartner.agent.config import AnyNetworkConfig
from standpartner.errors import ConfigError
from standpartner.game.rules import CONFIGS
from standpartner.learn.bounds import Count
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.rollout import EpisodeConfig
from standpartner.learn.team import Team

READ_ONCE: Final = "read-once"
ACTING: Final = "acting"
LOCATING: Final = "locating"


def abilities(network: AnyNetworkConfig) -> frozenset[str]:
    """Return the tasks that a network can learn: `READ_ONCE` tasks, `ACTING` in the game, `LOCATING` in a window."""
    return frozenset({network.kind, ACTING if network.acts else LOCATING})


@dataclass(frozen=True)
class StageConfig:
    """The settings that every stage has.

    Attributes:
        steps: The number of steps.
        optimiser: The settings of the optimiser.
    """

    needs: ClassVar[str] = READ_ONCE
    """The ability that a network needs for this stage."""

    steps: Count
    optimiser: OptimiserConfig

    @property
    def changes_encoders(self) -> bool:
        """Whether a read-once network's encoders learn."""
        return False

    @property
    def game(self) -> str:
        """The name of the rules by which the stage plays and is validated; empty if it does not play."""
        return ""

    def check(self, network: AnyNetworkConfig, where: str) -> None:
        """Check that the stage suits a network.

        Args:
            network: The configuration of the network.
            where: The name of the stage within its configuration, for the error.

        Raises:
            ConfigError: The stage does not suit the network.
        """
        if self.needs not in abilities(network):
            raise ConfigError(f"{where} needs a network that is {self.needs}; choose another network or stage")

    def share(self, team: Team, where: str) -> Self:
        """Return one process's part of what a step draws.

        Args:
            team: The processes that train together.
            where: The name of the stage, for the error.

        Raises:
            ConfigError: The numbers cannot be divided by the number of processes.
        """
        drawn = {name: getattr(self, name, 0) for name in ("segments", "samples")}
        shares: dict[str, Any] = {n: team.share(total, f"{where}.{n}") for n, total in drawn.items() if total}
        return replace(self, **shares)


@dataclass(frozen=True)
class EpisodeStageConfig(StageConfig):
    """The settings of a stage that plays episodes.

    Attributes:
        episode: The settings of the episodes.
    """

    needs: ClassVar[str] = ACTING

    episode: EpisodeConfig

    @property
    def game(self) -> str:
        """The name of the rules by which the stage plays and is validated."""
        return self.episode.game

    def check(self, network: AnyNetworkConfig, where: str) -> None:
        """Check that network and rules fit; see `StageConfig.check`."""
        super().check(network, where)
        if self.game not in CONFIGS:
            raise ConfigError(f"{where}.episode.game: expected one of {', '.join(CONFIGS)}, got {self.game!r}")
        if network.game not in ("", self.game):
            raise ConfigError(
                f"{where}.episode.game: expected {network.game!r}, whose windows the network sees, got {self.game!r}"
            )

    def share(self, team: Team, where: str) -> Self:
        """Return one process's part, also of the episodes; see `StageConfig.share`."""
        episodes = team.share(self.episode.episodes, f"{where}.episode.episodes")
        return replace(super().share(team, where), episode=replace(self.episode, episodes=episodes))


def refuse_whole_episodes(episode: EpisodeConfig) -> None:
    """Raise an error for whole episodes, for learners that expect all frames of a rollout to be played.

    Raises:
        ConfigError: A rollout is one whole episode of each.
    """
    if not episode.frames:
        raise ConfigError(
            "episode.frames: expected 1 or more, got 0; whole episodes end at different frames, which only "
            "REINFORCE and A2C leave out"
        )


class HasState(Protocol):
    """The protocol of parts of a stage that a checkpoint needs."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state as tensors by name."""
        ...

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state_dict``."""
        ...


class Stage(ABC):
    """The base of stages, in which every call of ``step`` learns once.

    Args:
        settings: The settings of the stage.
        optimiser: The optimiser of the parameters that learn.
        seed: The seed; every random draw is a function of (seed, stage, step).
        parts: Whatever else has a state that a checkpoint needs, such as the episodes that are played.
    """

    name: ClassVar[str]

    def __init__(
        self, settings: StageConfig, optimiser: Optimiser, *, seed: int, parts: Sequence[HasState] = ()
    ) -> None:
        self.steps, self.seed, self.optimiser = settings.steps, seed, optimiser
        self._stateful: list[HasState] = [optimiser, *parts]

    @abstractmethod
    def step(self, number: int) -> dict[str, float]:
        """Learn once, and return the measured numbers.

        Args:
            number: The number of the step, from which all random draws are made.
        """

    def state_dict(self) -> dict[str, Tensor]:
        """Return what a checkpoint needs beside the network."""
        return {name: tensor for part in self._stateful for name, tensor in part.state_dict().items()}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state_dict``."""
        for part in self._stateful:
            part.load_state_dict(tensors)
