"""Makes the stages of a run by name, each with its validation, for either kind of network."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Generic, TypeVar

import numpy as np

from standpartner.evaluate.players.localisation import localisation_episodes
from standpartner.game.rules import CONFIGS
from standpartner.learn.a2c import A2c
from standpartner.learn.auxiliary import AuxiliaryLoss
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import TrainingSet, augmented
from standpartner.learn.explore import Explore
from standpartner.learn.features import Features, MadeByEncoders, encode
from standpartner.learn.fixed_encoders import FixedEncoders, track_loss
from standpartner.learn.imitate import Imitate
from standpartner.learn.learner import Learner, RewardConfig
from standpartner.learn.learning_encoders import LearningEncoders
from standpartner.learn.mmloc import Mmloc
from standpartner.learn.ppo import Ppo, PpoConfig
from standpartner.learn.pretrain import Pretrain
from standpartner.learn.read import Read
from standpartner.learn.reinforce import Reinforce
from standpartner.learn.rollout import Actor
from standpartner.learn.seek import Seek
from standpartner.learn.stage import Stage, StageConfig
from standpartner.learn.team import Team
from standpartner.learn.validate import ActorPlayer, valid_measures, validate
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.checkpoint import AnyNetwork
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig

Measure = Callable[[int], dict[str, float]]  # gives the measures of a validation after a number of steps
Made = tuple[Stage, Measure]
NetworkT = TypeVar("NetworkT", ReadOnceNetwork, WindowNetwork)


@dataclass(frozen=True)
class RunData:
    """The training and validation data of a run.

    Attributes:
        train: The set to learn from.
        valid: The set for validation.
        checksum: The checksum of all files that the run learns from.
    """

    train: TrainingSet
    valid: TrainingSet
    checksum: str


def share_of(config: TrainConfig, team: Team) -> TrainConfig:
    """Return one process's part of a run: its share of what a step draws and plays, and a seed of its own.

    Raises:
        ConfigError: A stage's numbers cannot be divided by the number of processes.
    """
    if team.size == 1:
        return config
    shares: dict[str, Any] = {name: config.stage(name).share(team, name) for name in config.stages}
    return replace(config, seed=team.seed(config.seed), **shares)


class Stages(ABC, Generic[NetworkT]):
    """Makes the stages of a run, for one kind of network.

    Args:
        config: The configuration of the run.
        data: The data of the run.
    """

    def __init__(self, config: TrainConfig, data: RunData) -> None:
        self.config, self.data = config, data

    def make(self, name: str, network: NetworkT) -> Made:
        """Make a stage on a network, together with its validation."""
        return self.makers()[name](network)

    def makers(self) -> Mapping[str, Callable[[NetworkT], Made]]:
        """Return the functions that make stages, by name."""
        return {kind.name: partial(self._learn, kind) for kind in (Ppo, A2c, Reinforce)}

    @abstractmethod
    def learner(self, network: NetworkT, settings: RewardConfig) -> Actor:
        """Return the actor that learns from reward."""

    @abstractmethod
    def player(self, network: NetworkT) -> Actor:
        """Return an actor with the present weights, for validation."""

    def auxiliary(self, actor: Any, settings: RewardConfig) -> AuxiliaryLoss | None:
        """Return the auxiliary loss of an actor that learns from reward: by the places that rewards tell, if any."""
        places = settings.places
        if not places.parts:
            return None
        loss = partial(actor.places_loss, bound_px=CONFIGS[settings.game].bound_px)
        return AuxiliaryLoss("places", loss, parts=places.parts, replay=places.replay)

    def _learn(self, kind: type[Learner], network: NetworkT) -> Made:
        settings: Any = self.config.stage(kind.name)
        actor, tracks = self.learner(network, settings), self.data.train.tracks
        auxiliary = self.auxiliary(actor, settings)
        return kind(actor, tracks, settings, seed=self.config.seed, auxiliary=auxiliary), self.played(network)

    def played(self, network: NetworkT) -> Measure:
        """Validate by playing. All stages of a run use the same rules, as their checkpoints are compared."""
        config, tracks = self.config, self.data.valid.tracks
        game = CONFIGS[[played for name in config.stages if (played := config.stage(name).game)][-1]]

        def measure(number: int) -> dict[str, float]:
            rng = None if config.validate_greedy else np.random.default_rng([config.seed, 8, number])
            return validate(ActorPlayer(self.player(network), episodes=len(tracks), rng=rng), tracks, game)

        return measure


class ReadOnceStages(Stages[ReadOnceNetwork]):
    """Makes the stages of a read-once network; stages with fixed encoders share their features."""

    def __init__(self, config: TrainConfig, data: RunData) -> None:
        super().__init__(config, data)
        self._train = MadeByEncoders(self._encode_train)
        self._valid = MadeByEncoders(self._encode_valid)

    def _encode_train(self, network: ReadOnceNetwork) -> Features:
        config = self.config
        return encode(
            network,
            self.data.train,
            settings=config.augment,
            seed=config.seed,
            mixed_precision=config.mixed_precision,
        )

    def _encode_valid(self, network: ReadOnceNetwork) -> Features:
        return encode(network, self.data.valid, settings=AugmentConfig.none(), seed=self.config.seed)

    def makers(self) -> Mapping[str, Callable[[ReadOnceNetwork], Made]]:
        """Return the functions that make stages, by name; see `Stages.makers`."""
        own = {
            Read.name: self._read,
            Pretrain.name: self._pretrain,
            Explore.name: self._explore,
            Seek.name: self._seek,
            Imitate.name: self._imitate,
        }
        return {**super().makers(), **own}

    def _read(self, network: ReadOnceNetwork) -> Made:
        config = self.config
        precise = config.mixed_precision
        stage = Read(network, self.data.train, config.read, seed=config.seed, mixed_precision=precise)
        return stage, lambda _: {f"valid/{k}": v for k, v in stage.validate(self.data.valid).items()}

    def _pretrain(self, network: ReadOnceNetwork) -> Made:
        return self._of_encoders(Pretrain, self.config.pretrain, network)

    def _explore(self, network: ReadOnceNetwork) -> Made:
        return self._of_encoders(Explore, self.config.explore, network)

    def _of_encoders(self, kind: type[Any], settings: StageConfig, network: ReadOnceNetwork) -> Made:
        """Make a stage that teaches encoders by pictures and sound, Pretrain or Explore."""
        config = self.config
        stage = kind(
            network,
            self.data.train,
            settings,
            augment=config.augment,
            seed=config.seed,
            mixed_precision=config.mixed_precision,
        )
        return stage, lambda _: {f"valid/{k}": v for k, v in stage.validate(self.data.valid).items()}

    def _seek(self, network: ReadOnceNetwork) -> Made:
        config, valid = self.config, self._valid.by(network)
        stage = Seek(
            network,
            self.data.train,
            features=self._train.by(network),
            settings=config.seek,
            augment=config.augment,
            seed=config.seed,
        )
        return stage, lambda _: {f"valid/{k}": v for k, v in stage.validate(self.data.valid, valid).items()}

    def _imitate(self, network: ReadOnceNetwork) -> Made:
        config, actor = self.config, FixedEncoders(network, self._train.by(network))
        stage = Imitate(actor, self.data.train.tracks, config.imitate, seed=config.seed)
        return stage, self.played(network)

    def player(self, network: ReadOnceNetwork) -> Actor:
        """Return an actor for validation; see `Stages.player`."""
        return FixedEncoders(network, self._valid.by(network))

    def learner(self, network: ReadOnceNetwork, settings: RewardConfig) -> Actor:
        """Return the actor that learns from reward; see `Stages.learner`."""
        if not settings.encoders:
            tracker = bool(settings.places.parts) or getattr(settings, "track", False)
            return FixedEncoders(network, self._train.by(network), tracker=tracker)
        config = self.config
        heard = augmented(self.data.train, config.augment, seed=config.seed)
        frames, precise = settings.episode.frames, config.mixed_precision
        return LearningEncoders(network, heard, frames=frames, mixed_precision=precise)

    def auxiliary(self, actor: Any, settings: RewardConfig) -> AuxiliaryLoss | None:
        """Return the loss by the places that rewards tell, or PPO's loss of the tracker; see `Stages.auxiliary`."""
        if isinstance(settings, PpoConfig) and settings.track:
            return AuxiliaryLoss("track", partial(track_loss, actor.network.policy), parts=settings.minibatches)
        return super().auxiliary(actor, settings)


class WindowStages(Stages[WindowNetwork]):
    """Makes the stages of a window network."""

    def makers(self) -> Mapping[str, Callable[[WindowNetwork], Made]]:
        """Return the functions that make stages, by name; see `Stages.makers`."""
        return {**super().makers(), Mmloc.name: self._mmloc}

    def _heard(self) -> TrainingSet:
        return augmented(self.data.train, self.config.augment, seed=self.config.seed)

    def _mmloc(self, network: WindowNetwork) -> Made:
        config, tracks = self.config, self._heard().tracks
        stage = Mmloc(network, tracks, config.mmloc, seed=config.seed, mixed_precision=config.mixed_precision)

        def measure(_: int) -> dict[str, float]:
            return valid_measures(localisation_episodes(stage.locate, self.data.valid.tracks, game=network.game))

        return stage, measure

    def learner(self, network: WindowNetwork, settings: RewardConfig) -> Actor:
        """Return the actor that learns from reward; see `Stages.learner`."""
        return WindowActor(network, self._heard().tracks, mixed_precision=self.config.mixed_precision)

    def player(self, network: WindowNetwork) -> Actor:
        """Return an actor for validation; see `Stages.player`."""
        return WindowActor(network, self.data.valid.tracks, mixed_precision=self.config.mixed_precision)


STAGES_OF: Final[dict[str, type[Stages]]] = {"read-once": ReadOnceStages, "window": WindowStages}


def stages_for(network: AnyNetwork, config: TrainConfig, data: RunData) -> Stages:
    """Return the maker of stages for a network of this kind."""
    return STAGES_OF[network.config.kind](config, data)
