"""Training configurations: one TOML file holds everything that a result depends on."""

import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from standpartner.agent.config import NetworkConfig
from standpartner.audio import AugmentConfig
from standpartner.errors import ConfigError


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up, cosine decay, gradient clipping and an average of the weights.

    Attributes:
        learning_rate: its highest value, after ``warmup_steps``; it decays to a hundredth of it.
        warmup_steps: steps of linear warm-up.
        weight_decay: AdamW's.
        gradient_norm: gradients are scaled down to this norm.
        average: decay of the exponential moving average of the weights, which validation and export use.
    """

    learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    average: float = 0.998


@dataclass(frozen=True)
class PretrainConfig:
    """Supervised learning of read, listen, outline and locate.

    Attributes:
        steps: gradient steps.
        segments: stretches of performances in one batch; many short ones teach more than few long ones.
        frames: frames of a stretch.
        columns: feature columns of score that come with a stretch.
        offset_px: the window's centre is up to this far from the truth.
        read_weight: weight of the read loss (locate has 1).
        listen_weight: weight of the listen loss.
        outline_weight: weight of the outline loss.
        optimiser: see OptimiserConfig.
    """

    steps: int = 3000
    segments: int = 32
    frames: int = 48
    columns: int = 144
    offset_px: float = 220.0
    read_weight: float = 1.0
    listen_weight: float = 1.0
    outline_weight: float = 1.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class EpisodeConfig:
    """How training episodes run; shared by imitation and PPO.

    Attributes:
        episodes: episodes played side by side.
        frames: frames of one rollout.
        anywhere: share of episodes that start somewhere on the true path instead of at the first onset.
        offset_px: standard deviation of the position error of episodes that start anywhere.
        again: share of episodes that start some seconds before a moment at which an earlier one was lost.
        game: name of the game's configuration ("piano", "nottingham").
    """

    episodes: int = 128
    frames: int = 32
    anywhere: float = 0.6
    offset_px: float = 12.0
    again: float = 0.0
    game: str = "piano"


@dataclass(frozen=True)
class ImitateConfig:
    """Imitation of the oracle on the agent's own states.

    Attributes:
        steps: rollouts, each followed by one gradient step for each of its ``minibatches``.
        minibatches: parts of the episodes that one gradient step uses.
        value_weight: weight of the value loss (returns of the visited states).
        track_weight: weight of the tracker's loss.
        discount: of those returns.
        episode: see EpisodeConfig.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1500
    minibatches: int = 2
    value_weight: float = 0.5
    track_weight: float = 1.0
    discount: float = 0.9
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class PpoConfig:
    """Proximal policy optimisation (Schulman et al. 2017) with generalised advantage estimation.

    Attributes:
        steps: rollouts, each followed by ``epochs`` passes in ``minibatches`` parts.
        discount: gamma.
        gae_lambda: lambda of generalised advantage estimation.
        clip: range of the probability ratio.
        epochs: passes over a rollout.
        minibatches: parts of the episodes that one gradient step uses.
        entropy: weight of the entropy bonus.
        value_weight: weight of the value loss.
        track: whether the tracker goes on learning from the truth, one pass a rollout.
        episode: see EpisodeConfig.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1500
    discount: float = 0.9
    gae_lambda: float = 0.95
    clip: float = 0.2
    epochs: int = 3
    minibatches: int = 2
    entropy: float = 0.003
    value_weight: float = 0.5
    track: bool = False
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class TrainConfig:
    """One training run.

    Attributes:
        name: of the run's folder and of the agent.
        corpus: name of a built corpus; its validation split chooses the best weights.
        also: names of further built corpora, from whose training splits the run learns as well.
        purpose: what the agent is for, in a few words.
        limits: what it is not for; sentences for its model card.
        start: name or folder of an agent whose weights the run begins with; empty to begin anew. A stage with 0 steps
            leaves them as they are.
        seed: seeds everything.
        threads: CPU threads of PyTorch; results are the same only for the same number.
        mixed_precision: "auto" uses bfloat16 where the processor computes with it, "off" float32 everywhere.
        validate_every: steps between validations, and between checkpoints.
        validation_pieces: at most this many pieces of the validation split are played.
        network: see NetworkConfig.
        augment: of the spectrograms.
        pretrain: first stage.
        imitate: second stage.
        ppo: third stage; of its checkpoints the one that validates best becomes the agent.
    """

    name: str
    corpus: str
    also: tuple[str, ...] = ()
    purpose: str = "research"
    limits: tuple[str, ...] = ()
    start: str = ""
    seed: int = 0
    threads: int = 1
    mixed_precision: str = "auto"
    validate_every: int = 250
    validation_pieces: int = 100
    network: NetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    imitate: ImitateConfig = field(default_factory=ImitateConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary, written into checkpoints and model cards."""
        return asdict(self)


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    """Make a configuration of nested dataclasses from nested tables, naming what does not fit."""
    types = {f.name: f for f in fields(kind)}
    unknown = sorted(set(values) - set(types))
    if unknown:
        raise ConfigError(f"{where}: unknown setting {', '.join(unknown)}; expected some of {', '.join(types)}")
    made: dict[str, Any] = {}
    for name, value in values.items():
        inner = types[name].type
        if isinstance(inner, type) and is_dataclass(inner):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}.{name}: expected a table, got {value!r}")
            made[name] = _build(inner, value, f"{where}.{name}")
        else:
            made[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**made)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def parse_config(values: dict[str, Any], *, where: str = "config") -> TrainConfig:
    """Make a TrainConfig of nested tables.

    Raises:
        ConfigError: a setting is unknown or missing.
    """
    config = _build(TrainConfig, values, where)
    if not isinstance(config, TrainConfig):
        raise ConfigError(f"{where}: expected a training configuration")
    if config.mixed_precision not in {"auto", "off"}:
        raise ConfigError(f'{where}: mixed_precision is "auto" or "off", got {config.mixed_precision!r}')
    return config


def bundled_configs() -> dict[str, Path]:
    """Configurations that come with the package, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "configs").glob("*.toml"))}


def load_config(name_or_path: str) -> TrainConfig:
    """Read a bundled configuration by name, or any TOML file by path.

    Raises:
        ConfigError: there is no such configuration, or it does not parse.
    """
    path = bundled_configs().get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise ConfigError(
            f"no configuration {name_or_path!r}: give a TOML file or one of {', '.join(bundled_configs())}"
        )
    try:
        values = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return parse_config(values, where=path.name)
