"""Reads training configurations: one TOML file holds all that a result depends on.

The settings of a stage stand beside its learner (`PpoConfig` in ``ppo.py`` and so on).
"""

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from standpartner.agent.config import AnyNetworkConfig, NetworkConfig
from standpartner.errors import ConfigError
from standpartner.learn.a2c import A2c, A2cConfig
from standpartner.learn.bounds import Amount, Count, Positive
from standpartner.learn.explore import Explore, ExploreConfig
from standpartner.learn.imitate import Imitate, ImitateConfig
from standpartner.learn.mmloc import Mmloc, MmlocConfig
from standpartner.learn.ppo import Ppo, PpoConfig
from standpartner.learn.pretrain import Pretrain, PretrainConfig
from standpartner.learn.read import Read, ReadConfig
from standpartner.learn.reinforce import Reinforce, ReinforceConfig
from standpartner.learn.seek import Seek, SeekConfig
from standpartner.learn.stage import StageConfig
from standpartner.learn.strict import strictly
from standpartner.perform import AugmentConfig

STAGES: Final = (Pretrain.name, Seek.name, Imitate.name, Ppo.name)
"""The stages of the read-once network, in their usual order."""
ALL_STAGES: Final = (Read.name, *STAGES, Explore.name, A2c.name, Reinforce.name, Mmloc.name)


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of one training run.

    Attributes:
        name: The name of the run's folder and of the agent.
        corpus: The name of a built corpus. The run learns from its training split; its validation split chooses the
            best weights.
        also: The names of further built corpora that are used alike.
        purpose: The purpose of the agent in a few words.
        limits: The sentences for its model card on uses that it is not made for.
        start: The name or folder of an agent whose weights the run begins with; empty to begin anew. A stage with 0
            steps leaves them as they are.
        after: The configuration whose run comes before this one, which begins with its agent's weights; see `chain`.
        seed: The seed of all random draws.
        threads: The CPU threads of PyTorch; results are the same only for the same number.
        device: The device: "cpu", "cuda" (a graphics card, for each process its own), or "auto", a card if PyTorch can
            use one.
        mixed_precision: The precision: "auto" uses bfloat16 where the device computes with it, "off" uses float32
            everywhere.
        minutes: The processor time a thread in minutes after which the run ends, if it has not ended before; 0 for no
            limit.
        validate_every: The steps between validations, and between checkpoints.
        validation_pieces: The largest number of pieces of each corpus's validation split that are played.
        validate_rough: Whether validation pieces are as people meet them: each performance is heard through one draw of
            ``augment``, with its rooms, and a read-once network sees every second score as a scanner prints it.
        validate_greedy: Whether validation takes the most probable actions or, as the paper does, draws them.
        stages: The stages that run, one after the other; see `check_order` for the orders that are allowed. Of all
            validations of the stages that follow music the best one becomes the agent.
        network: The read-once network's sizes, or a window network (in TOML the name of one in ``networks/paper.py``).
        augment: The augmentation of the spectrograms; window networks hear one draw for each performance.
        read: The settings of learning to read scores.
        pretrain: The settings of pre-training.
        explore: The settings of exploring.
        seek: The settings of the search head's training.
        imitate: The settings of imitation.
        ppo: The settings of PPO.
        a2c: The settings of A2C.
        reinforce: The settings of REINFORCE.
        mmloc: The settings of MM-Loc.
    """

    name: str
    corpus: str
    also: tuple[str, ...] = ()
    purpose: str = "research"
    limits: tuple[str, ...] = ()
    start: str = ""
    after: str = ""
    seed: Count = 0
    threads: Positive = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    mixed_precision: Literal["auto", "off"] = "auto"
    minutes: Amount = 0.0
    validate_every: Positive = 250
    validation_pieces: Positive = 100
    validate_rough: bool = False
    validate_greedy: bool = True
    stages: tuple[str, ...] = STAGES
    network: AnyNetworkConfig = field(default_factory=NetworkConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    read: ReadConfig = field(default_factory=ReadConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    explore: ExploreConfig = field(default_factory=ExploreConfig)
    seek: SeekConfig = field(default_factory=SeekConfig)
    imitate: ImitateConfig = field(default_factory=ImitateConfig)
    ppo: PpoConfig = field(default_factory=PpoConfig)
    a2c: A2cConfig = field(default_factory=A2cConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    mmloc: MmlocConfig = field(default_factory=MmlocConfig)

    def __post_init__(self) -> None:
        if self.start and self.after:
            raise ConfigError(f"start, after: expected at most one of them, got {self.start!r} and {self.after!r}")
        check_order(self)
        for name in self.stages:
            self.stage(name).check(self.network, name)

    def stage(self, name: str) -> StageConfig:
        """Return the settings of a stage by its name."""
        settings: StageConfig = getattr(self, name)
        return settings

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary, which is written into checkpoints and model cards."""
        return asdict(self)


def check_order(config: TrainConfig) -> None:
    """Check that the stages of a run can follow one another.

    There is at least one, and each runs once. Reading, then pre-training or exploring come first, since all other
    stages stand on their encoders. The search head is taught before the stages that play, since the best checkpoint of
    theirs becomes the agent, and only if these leave the encoders as they are, on which it stands. All other orders are
    allowed.

    Raises:
        ConfigError: The stages cannot follow one another.
    """
    stages, got = config.stages, f"got {', '.join(config.stages) or 'none'}"
    unknown = [name for name in stages if name not in ALL_STAGES]
    if unknown:
        raise ConfigError(f"stages: no stage {unknown[0]!r}; expected some of {', '.join(ALL_STAGES)}")
    if not stages or len(set(stages)) < len(stages):
        raise ConfigError(f"stages: expected at least one of {', '.join(ALL_STAGES)}, and each once, {got}")
    for first in (Read.name, Pretrain.name, Explore.name):
        if first in stages[1 + (stages[0] == Read.name) :]:
            raise ConfigError(f"stages: expected {first} first, as all others stand on its encoders, {got}")
    if Seek.name not in stages:
        return
    playing = [name for name in stages if config.stage(name).game]
    if any(config.stage(name).changes_encoders for name in playing):
        raise ConfigError(
            f"stages: expected no seek beside stages that change the encoders, {got}; teach the search head in a run "
            'of its own that starts from the agent, with stages = ["seek"]'
        )
    if any(stages.index(name) < stages.index(Seek.name) for name in playing):
        raise ConfigError(
            f"stages: expected seek before {playing[0]}, whose best checkpoint would lack what the search head learns "
            f"after it, {got}"
        )


def parse_config(values: dict[str, Any], *, where: str = "config") -> TrainConfig:
    """Make a configuration from nested tables.

    Raises:
        ConfigError: A setting is unknown or missing, or has a value of another type or outside its range.
    """
    return strictly(TrainConfig, values, where)


def bundled_configs() -> dict[str, Path]:
    """Return the configurations that come with the package, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "configs").glob("*.toml"))}


def load_config(name_or_path: str) -> TrainConfig:
    """Read a bundled configuration by name, or any TOML file by path.

    A file may say ``base = "NAME"``: then it holds only what differs from that configuration.

    Raises:
        ConfigError: There is no such configuration, or it does not parse.
    """
    return parse_config(_read_values(name_or_path), where=name_or_path)


def _read_values(name_or_path: str, *, above: tuple[str, ...] = ()) -> dict[str, Any]:
    path = bundled_configs().get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise ConfigError(
            f"no configuration {name_or_path!r}: give a TOML file or one of {', '.join(bundled_configs())}"
        )
    if str(path) in above:
        raise ConfigError(f"{path} is its own base, by way of {' and '.join(above)}; take one base away")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise ConfigError(f"{path}: base: expected the name or path of a configuration, got {base!r}")
    return _merge(_read_values(base, above=(*above, str(path))), values)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Merge tables; other values replace those below."""
    merged = dict(below)
    for name, value in above.items():
        known = merged.get(name)
        merged[name] = _merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
