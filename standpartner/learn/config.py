"""Training configurations: one TOML file holds everything that a result depends on."""

import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from standpartner.agent.config import AnyNetworkConfig, NetworkConfig, WindowNetworkConfig
from standpartner.errors import ConfigError
from standpartner.networks.paper import PAPER_NETWORKS
from standpartner.perform import AugmentConfig


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up, decay, gradient clipping and an average of the weights.

    Attributes:
        learning_rate: its highest value, after ``warmup_steps``.
        warmup_steps: steps of linear warm-up.
        decay: whether it falls to a hundredth, along a cosine, by the last gradient step of the stage.
        patience: validations without a better one after which the stage goes back to its best weights with a tenth of
            the learning rate; 0 never does.
        refinements: how often it does so; when patience runs out once more, the stage ends.
        weight_decay: AdamW's.
        gradient_norm: gradients are scaled down to this norm.
        average: decay of the exponential moving average of the weights, which validation and export use; 0 for none.
    """

    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay: bool = True
    patience: int = 0
    refinements: int = 2
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    average: float = 0.998


PAPER_OPTIMISER: Final = OptimiserConfig(
    learning_rate=1e-4, warmup_steps=0, decay=False, patience=50, weight_decay=0.0, gradient_norm=0.5, average=0.0
)


@dataclass(frozen=True)
class PretrainConfig:
    """Supervised learning of read, listen, outline and locate.

    Attributes:
        steps: gradient steps.
        segments: stretches of performances in one batch; many short ones teach more than few long ones.
        frames: frames of a stretch.
        by_length: performances are drawn by their playing time to this power: 0 each equally often, 1 each second.
        columns: feature columns of score that come with a stretch.
        offset_px: the window's centre is up to this far from the truth.
        locate_weight: weight of the locate loss.
        read_weight: weight of the read loss.
        listen_weight: weight of the listen loss.
        outline_weight: weight of the outline loss.
        optimiser: see OptimiserConfig.
    """

    steps: int = 3000
    segments: int = 32
    frames: int = 48
    by_length: float = 0.5
    columns: int = 144
    offset_px: float = 220.0
    locate_weight: float = 1.0
    read_weight: float = 1.0
    listen_weight: float = 1.0
    outline_weight: float = 1.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class SeekConfig:
    """Supervised learning of the search head over whole scores, encoders fixed.

    Attributes:
        steps: gradient steps.
        segments: performances in one batch.
        frames: frames of each, drawn from all of it.
        by_length: see PretrainConfig.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1500
    segments: int = 6
    frames: int = 16
    by_length: float = 0.5
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class EpisodeConfig:
    """How training episodes run; shared by imitation and the learners from reward.

    Attributes:
        episodes: episodes played side by side.
        frames: frames of one rollout; 0 makes it one whole episode of each.
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


PAPER_EPISODES: Final = EpisodeConfig(episodes=8, frames=15, anywhere=0.0)


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
        mean_values: a value is the mean reward to come, not the discounted sum (see `Rollout.advantages`).
        gae_lambda: lambda of generalised advantage estimation.
        clip: range of the probability ratio.
        epochs: passes over a rollout.
        minibatches: parts of the episodes that one gradient step uses.
        samples: frames that one gradient step uses, drawn from all of a rollout; 0 takes whole episodes by
            ``minibatches``, which a network with memory needs.
        entropy: weight of the entropy bonus.
        value_weight: weight of the value loss.
        encoders: whether a read-once network's encoders learn from the reward, too.
        track: whether the tracker goes on learning from the truth, one pass a rollout.
        episode: see EpisodeConfig.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1500
    discount: float = 0.9
    mean_values: bool = True
    gae_lambda: float = 0.95
    clip: float = 0.2
    epochs: int = 3
    minibatches: int = 2
    samples: int = 0
    entropy: float = 0.003
    value_weight: float = 0.5
    encoders: bool = False
    track: bool = False
    episode: EpisodeConfig = field(default_factory=EpisodeConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


@dataclass(frozen=True)
class A2cConfig:
    """Synchronous advantage actor-critic (Mnih et al. 2016); the defaults are the paper's.

    Attributes:
        steps: rollouts, each followed by one gradient step.
        discount: gamma.
        mean_values: see PpoConfig.
        gae_lambda: 1 for n-step returns; less for generalised advantage estimation.
        entropy: weight of the entropy bonus.
        value_weight: weight of the value loss.
        encoders: see PpoConfig.
        episode: see EpisodeConfig.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1_000_000
    discount: float = 0.9
    mean_values: bool = False
    gae_lambda: float = 1.0
    entropy: float = 0.05
    value_weight: float = 0.5
    encoders: bool = False
    episode: EpisodeConfig = PAPER_EPISODES
    optimiser: OptimiserConfig = PAPER_OPTIMISER


@dataclass(frozen=True)
class ReinforceConfig:
    """REINFORCE with a baseline (Williams 1992); the defaults are the paper's.

    Attributes:
        steps: rollouts of whole episodes, each followed by one pass over their frames.
        discount: gamma.
        mean_values: see PpoConfig.
        samples: frames that one gradient step uses; 0 takes the whole rollout, which a network with memory needs.
        entropy: weight of the entropy bonus; the paper's code has none here.
        value_weight: weight of the baseline's loss.
        encoders: see PpoConfig.
        episode: see EpisodeConfig; ``frames`` is 0.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1_000_000
    discount: float = 0.9
    mean_values: bool = False
    samples: int = 32
    entropy: float = 0.0
    value_weight: float = 0.5
    encoders: bool = False
    episode: EpisodeConfig = EpisodeConfig(episodes=1, frames=0, anywhere=0.0)
    optimiser: OptimiserConfig = PAPER_OPTIMISER

    def __post_init__(self) -> None:
        if self.episode.frames or self.optimiser.decay:
            raise ConfigError(
                "REINFORCE plays whole episodes and does not know beforehand how many gradient steps they make: "
                f"set episode.frames to 0, got {self.episode.frames}, and optimiser.decay to false"
            )


@dataclass(frozen=True)
class MmlocConfig:
    """Supervised localisation inside the window (MM-Loc: Dorfer et al. 2016).

    Attributes:
        steps: gradient steps.
        samples: frames of one gradient step.
        offset_px: the window's centre is up to this far from the truth.
        optimiser: see OptimiserConfig.
    """

    steps: int = 1_000_000
    samples: int = 100
    offset_px: float = 50.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


DEVICES: Final = ("auto", "cpu", "cuda")
STAGES: Final = ("pretrain", "seek", "imitate", "ppo")  # of the read-once network
_NETWORK_OF_STAGE: Final = {
    "pretrain": "read-once",
    "seek": "read-once",
    "imitate": "read-once",
    "ppo": "acting",
    "a2c": "acting",
    "reinforce": "acting",
    "mmloc": "locating",
}


@dataclass(frozen=True)
class TrainConfig:
    """One training run.

    Attributes:
        name: of the run's folder and of the agent.
        corpus: name of a built corpus; the run learns from its training split, its validation split chooses the best
            weights.
        also: names of further built corpora that are used alike.
        purpose: what the agent is for, in a few words.
        limits: what it is not for; sentences for its model card.
        start: name or folder of an agent whose weights the run begins with; empty to begin anew. A stage with 0 steps
            leaves them as they are.
        seed: seeds everything.
        threads: CPU threads of PyTorch; results are the same only for the same number.
        device: "cpu", "cuda" (a graphics card, for each process its own), or "auto": a card if PyTorch can use one.
        mixed_precision: "auto" uses bfloat16 where the device computes with it, "off" float32 everywhere.
        minutes: the run ends after so much processor time a thread, if it has not ended before; 0 for no such limit.
        validate_every: steps between validations, and between checkpoints.
        validation_pieces: at most this many pieces of each corpus's validation split are played.
        validate_greedy: whether validation takes the most probable actions or, as the paper does, draws them.
        stages: which stages run, one after the other. Of all validations of the stages that follow music the best one
            becomes the agent.
        network: a read-once network's sizes, or a window network (in TOML the name of one in ``agent/paper.py``).
        augment: of the spectrograms; window networks hear one draw for each performance.
        pretrain: supervised learning of the read-once network's encoders.
        seek: see SeekConfig.
        imitate: imitation of the oracle.
        ppo: see PpoConfig.
        a2c: see A2cConfig.
        reinforce: see ReinforceConfig.
        mmloc: see MmlocConfig.
    """

    name: str
    corpus: str
    also: tuple[str, ...] = ()
    purpose: str = "research"
    limits: tuple[str, ...] = ()
    start: str = ""
    seed: int = 0
    threads: int = 1
    device: str = "auto"
    mixed_precision: str = "auto"
    minutes: float = 0.0
    validate_every: int = 250
    validation_pieces: int = 100
    validate_greedy: bool = True
    stages: tuple[str, ...] = STAGES
    network: AnyNetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    seek: SeekConfig = field(default_factory=SeekConfig)
    imitate: ImitateConfig = field(default_factory=ImitateConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    a2c: A2cConfig = field(default_factory=A2cConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    mmloc: MmlocConfig = field(default_factory=MmlocConfig)

    def __post_init__(self) -> None:
        _check_stages(self)

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
        if inner == AnyNetworkConfig:
            made[name] = _network(value, f"{where}.{name}")
        elif isinstance(inner, type) and is_dataclass(inner):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}.{name}: expected a table, got {value!r}")
            made[name] = _build(inner, value, f"{where}.{name}")
        else:
            made[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**made)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _network(value: Any, where: str) -> AnyNetworkConfig:
    """A window network by name or by its layers, or a read-once network by the sizes that differ from the usual."""
    if isinstance(value, str):
        if value not in PAPER_NETWORKS:
            raise ConfigError(f"{where}: no network {value!r}; expected one of {', '.join(PAPER_NETWORKS)} or a table")
        return PAPER_NETWORKS[value]
    if isinstance(value, dict) and "kind" in value:
        return WindowNetworkConfig.from_json(value)
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected a table or a name, got {value!r}")
    made: NetworkConfig = _build(NetworkConfig, value, where)
    return made


def _check_stages(config: TrainConfig) -> None:
    """Whether the stages are known and suit the network."""
    where, network = config.name, config.network
    kinds = {"read-once", "acting"}
    if isinstance(network, WindowNetworkConfig):
        kinds = {"locating"} if network.bins else {"acting"}
    for stage in config.stages:
        kind = _NETWORK_OF_STAGE.get(stage)
        if kind is None:
            raise ConfigError(f"{where}: no stage {stage!r}; expected some of {', '.join(_NETWORK_OF_STAGE)}")
        if kind not in kinds:
            raise ConfigError(
                f"{where}: stage {stage!r} needs a network that is {kind}; choose another network or stage"
            )
    if isinstance(network, WindowNetworkConfig):
        _check_window_network(config, network)
    elif any(stage in config.stages and getattr(config, stage).samples for stage in ("ppo", "reinforce")):
        raise ConfigError(
            f"{where}: a read-once network has a memory; set samples to 0 so that it learns from episodes"
        )


def _check_window_network(config: TrainConfig, network: WindowNetworkConfig) -> None:
    where = config.name
    for stage in config.stages:
        settings = getattr(config, stage)
        if stage != "mmloc" and settings.episode.game != network.game:
            raise ConfigError(
                f"{where}: the network sees windows of {network.game!r}; expected {stage}.episode.game to be the same, "
                f"got {settings.episode.game!r}"
            )
        if getattr(settings, "track", False) or getattr(settings, "encoders", False):
            raise ConfigError(
                f"{where}: {stage}.track and {stage}.encoders belong to a read-once network; leave them out"
            )


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
    if config.device not in DEVICES:
        raise ConfigError(f"{where}: expected one of {', '.join(DEVICES)} as device, got {config.device!r}")
    return config


def bundled_configs() -> dict[str, Path]:
    """Configurations that come with the package, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "configs").glob("*.toml"))}


def load_config(name_or_path: str) -> TrainConfig:
    """Read a bundled configuration by name, or any TOML file by path.

    A file may say ``base = "NAME"``: then it holds only what differs from that configuration.

    Raises:
        ConfigError: there is no such configuration, or it does not parse.
    """
    return parse_config(_read_values(name_or_path), where=name_or_path)


def _read_values(name_or_path: str) -> dict[str, Any]:
    path = bundled_configs().get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise ConfigError(
            f"no configuration {name_or_path!r}: give a TOML file or one of {', '.join(bundled_configs())}"
        )
    try:
        values = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    base = values.pop("base", None)
    return values if base is None else _merge(_read_values(base), values)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables merged, their other values replaced."""
    merged = dict(below)
    for name, value in above.items():
        known = merged.get(name)
        merged[name] = _merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
