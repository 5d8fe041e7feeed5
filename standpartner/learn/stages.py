"""The stages of a run by name, each with its way of validating."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from standpartner.errors import ConfigError
from standpartner.evaluate.players.localisation import localisation_episodes
from standpartner.game.rules import CONFIGS
from standpartner.learn.a2c import A2c
from standpartner.learn.config import A2cConfig, PpoConfig, ReinforceConfig, TrainConfig
from standpartner.learn.data import TrainingSet, augmented
from standpartner.learn.features import Features, encode
from standpartner.learn.fixed_encoders import FixedEncoders, track_loss
from standpartner.learn.imitate import Imitate
from standpartner.learn.learning_encoders import LearningEncoders
from standpartner.learn.mmloc import Mmloc
from standpartner.learn.optimise import Optimiser
from standpartner.learn.ppo import Ppo
from standpartner.learn.pretrain import Pretrain
from standpartner.learn.reinforce import Reinforce
from standpartner.learn.rollout import Actor
from standpartner.learn.seek import Seek
from standpartner.learn.team import Team
from standpartner.learn.validate import ActorPlayer, valid_measures, validate
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.checkpoint import AnyNetwork
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig

Measure = Callable[[int], dict[str, float]]  # what validation after so many steps finds


class Stage(Protocol):
    """What the runner needs of a stage."""

    name: str
    steps: int
    optimiser: Optimiser

    def step(self, number: int) -> dict[str, float]:
        """Learn once."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        ...

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        ...


@dataclass(frozen=True)
class RunData:
    """What a run learns from and is validated on, with one checksum of all files it learns from."""

    train: TrainingSet
    valid: TrainingSet
    checksum: str


def share_of(config: TrainConfig, team: Team) -> TrainConfig:
    """One process's part of a run: its share of what a step draws and plays, and a seed of its own.

    Raises:
        ConfigError: a stage's numbers cannot be divided by the number of processes.
    """
    if team.size == 1:
        return config
    shares: dict[str, Any] = {"seed": team.seed(config.seed)}
    for name in config.stages:
        stage = getattr(config, name)
        divided = {
            part: team.share(getattr(stage, part), f"{name}.{part}")
            for part in ("segments", "samples")
            if getattr(stage, part, 0)
        }
        if isinstance(stage, ReinforceConfig) and stage.samples:
            raise ConfigError(f"{name}.samples: several processes need 0, as their episodes are not equally long")
        if hasattr(stage, "episode"):
            episodes = team.share(stage.episode.episodes, f"{name}.episode.episodes")
            divided["episode"] = replace(stage.episode, episodes=episodes)
        shares[name] = replace(stage, **divided)
    return replace(config, **shares)


class Stages:
    """Makes the stages of a run.

    Args:
        config: of the run.
        data: of the run.
    """

    def __init__(self, config: TrainConfig, data: RunData) -> None:
        self.config, self.data = config, data
        self._features: tuple[Features, Features] | None = None

    def make(self, name: str, network: AnyNetwork) -> tuple[Stage, Measure]:
        """A stage on a network, and how it is validated."""
        if name == "pretrain":
            return self._pretrain(_read_once(network))
        if name == "seek":
            return self._seek(_read_once(network))
        if name == "imitate":
            return self._imitate(_read_once(network))
        if name == "mmloc":
            return self._mmloc(_window(network))
        return self._learner(name, network)

    def _pretrain(self, network: ReadOnceNetwork) -> tuple[Stage, Measure]:
        stage = Pretrain(network, self.data.train, self.config)
        return stage, lambda _: {f"valid/{k}": v for k, v in stage.validate(self.data.valid).items()}

    def _seek(self, network: ReadOnceNetwork) -> tuple[Stage, Measure]:
        train, valid = self._encoded(network)
        stage = Seek(network, self.data.train, features=train, settings=self.config.seek, seed=self.config.seed)
        return stage, lambda _: {f"valid/{k}": v for k, v in stage.validate(self.data.valid, valid).items()}

    def _imitate(self, network: ReadOnceNetwork) -> tuple[Stage, Measure]:
        train, valid = self._encoded(network)
        stage = Imitate(
            FixedEncoders(network, train), self.data.train.tracks, self.config.imitate, seed=self.config.seed
        )
        return stage, self._played(lambda: FixedEncoders(network, valid))

    def _mmloc(self, network: WindowNetwork) -> tuple[Stage, Measure]:
        config = self.config
        train = augmented(self.data.train, config.augment, seed=config.seed)
        stage = Mmloc(network, train.tracks, config.mmloc, seed=config.seed, mixed_precision=config.mixed_precision)

        def measure(_: int) -> dict[str, float]:
            return valid_measures(localisation_episodes(stage.locate, self.data.valid.tracks, game=network.game))

        return stage, measure

    def _learner(self, name: str, network: AnyNetwork) -> tuple[Stage, Measure]:
        """One of those that learn from reward."""
        settings: PpoConfig | A2cConfig | ReinforceConfig = getattr(self.config, name)
        actor, validated = self._actors(network, settings)
        tracks, seed, measure = self.data.train.tracks, self.config.seed, self._played(validated)
        if isinstance(settings, A2cConfig):
            return A2c(actor, tracks, settings, seed=seed), measure
        if isinstance(settings, ReinforceConfig):
            return Reinforce(actor, tracks, settings, seed=seed), measure
        helper = partial(track_loss, _read_once(network).policy) if settings.track else None
        return Ppo(actor, tracks, settings, seed=seed, helper=helper), measure

    def _actors(
        self, network: AnyNetwork, settings: PpoConfig | A2cConfig | ReinforceConfig
    ) -> tuple[Actor, Callable[[], Actor]]:
        """The actor that learns, and how to make one that plays what it is validated on."""
        config, data = self.config, self.data
        if isinstance(network, ReadOnceNetwork) and not settings.encoders:
            train, valid = self._encoded(network)
            tracker = isinstance(settings, PpoConfig) and settings.track
            return FixedEncoders(network, train, tracker=tracker), lambda: FixedEncoders(network, valid)
        heard = augmented(data.train, config.augment, seed=config.seed)
        precise = config.mixed_precision
        if isinstance(network, ReadOnceNetwork):
            learning = LearningEncoders(network, heard, frames=settings.episode.frames, mixed_precision=precise)
            return learning, lambda: FixedEncoders(network, self._encoded_valid(network))
        acting = WindowActor(network, heard.tracks, mixed_precision=precise)
        return acting, lambda: WindowActor(network, data.valid.tracks, mixed_precision=precise)

    def _played(self, actor: Callable[[], Actor]) -> Measure:
        """Validation by playing; all stages of a run by the same rules, as they choose the best together."""
        config, tracks = self.config, self.data.valid.tracks
        last = [stage for stage in config.stages if stage not in ("pretrain", "seek", "mmloc")][-1]
        game = CONFIGS[getattr(config, last).episode.game]

        def measure(number: int) -> dict[str, float]:
            rng = None if config.validate_greedy else np.random.default_rng([config.seed, 8, number])
            return validate(ActorPlayer(actor(), episodes=len(tracks), rng=rng), tracks, game)

        return measure

    def _encoded(self, network: ReadOnceNetwork) -> tuple[Features, Features]:
        """What the fixed encoders make of the training and validation data; all stages that fix them share it."""
        if self._features is None:
            config = self.config
            train = encode(
                network,
                self.data.train,
                settings=config.augment,
                seed=config.seed,
                mixed_precision=config.mixed_precision,
            )
            self._features = train, self._encoded_valid(network)
        return self._features

    def _encoded_valid(self, network: ReadOnceNetwork) -> Features:
        return encode(network, self.data.valid, settings=AugmentConfig.none(), seed=self.config.seed)


def _read_once(network: AnyNetwork) -> ReadOnceNetwork:
    if not isinstance(network, ReadOnceNetwork):
        raise ConfigError("expected a read-once network for this stage, got a window network")
    return network


def _window(network: AnyNetwork) -> WindowNetwork:
    if not isinstance(network, WindowNetwork):
        raise ConfigError("expected a window network for this stage, got a read-once network")
    return network
