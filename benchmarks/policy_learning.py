"""What slows the policy's own learning: PPO of a new policy on taught encoders, one setting changed at a time.

    python benchmarks/policy_learning.py [--out runs/policy_learning] [--minutes 0.5] [--seeds 3] [--changes NAME ...]

The encoders are those of `tunes-reward`, taught by reward alone, and stay fixed; policy and tracker begin anew. Every
run learns on the same tunes of Nottingham for the same processor time, and is validated once, at its end, with drawn
actions. Prints a row of a Markdown table as soon as a change has all its seeds: means, and from the least to the most.
A script that was interrupted goes on: finished runs are read from their folders.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from learning_curves import spread, validations
from torch import Tensor

from standpartner.agent.find import find_agent
from standpartner.corpus.store import open_corpus
from standpartner.explain.report.run_log import Row, read_run
from standpartner.learn.config import TrainConfig, load_config
from standpartner.learn.data import training_set
from standpartner.learn.run import Run, RunData
from standpartner.networks.checkpoint import load_checkpoint

AGENT = "tunes-reward"
TRAIN_TUNES, VALID_TUNES = 48, 24
NEVER = 1_000_000  # steps: the budget ends a run, and its end is the only validation
WIDE: Final = {"ppo.episode.game": "piano"}  # rules with a bound of 170 px instead of 50


@dataclass(frozen=True)
class Change:
    """What one row of the table changes.

    Attributes:
        settings: The new values by the paths of the settings in the configuration.
        wide_share: The share of the budget, from its beginning, that is played by the rules with the wide bound.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    wide_share: float = 0.0

    @property
    def name(self) -> str:
        """The name of its runs' folders."""
        parts = [f"{path.rpartition('.')[2]}-{value}" for path, value in self.settings.items()]
        return "_".join(parts + [f"wide-{self.wide_share}"] * (self.wide_share > 0)) or "base"

    def label(self, base: TrainConfig) -> str:
        """Return the text of its row: each setting with its value in the base and its new one."""
        parts = [f"`{path}` {setting(base, path)} -> {value}" for path, value in self.settings.items()]
        parts += [f"rules `piano` for the first {self.wide_share:.0%}"] * (self.wide_share > 0)
        return ", ".join(parts) or "nothing"


CHANGES: Final = (
    Change(),
    Change({"ppo.value_weight": 0.01}),
    Change({"ppo.value_weight": 25.0}),
    Change({"ppo.mean_values": False}),
    Change({"ppo.entropy": 0.0}),
    Change({"ppo.entropy": 0.02}),
    Change({"ppo.episode.frames": 8}),
    Change({"ppo.episode.frames": 128}),
    Change({"ppo.episode.anywhere": 0.0, "ppo.episode.again": 0.0}),
    Change({"ppo.episode.again": 0.0}),
    Change({"ppo.discount": 0.9}),
    Change({"ppo.discount": 0.99}),
    Change(wide_share=0.5),
    Change({"ppo.episode.episodes": 32}),
    Change({"ppo.optimiser.learning_rate": 2.7e-4}),
    Change({"ppo.optimiser.learning_rate": 2.4e-3}),
    Change({"ppo.places.parts": 0}),
    Change({"network.ahead_frames": 0}),
    Change({"ppo.epochs": 1}),
    Change({"ppo.minibatches": 1}),
    Change({"network.remembers": False}),
    Change({"ppo.places.replay": 8}),
    Change({"ppo.episode.anywhere": 1.0}),
    Change({"ppo.epochs": 6}),
    Change({"ppo.optimiser.gradient_norm": 1e9}),
)
"""All rows, the most wanted first."""


def setting(config: Any, path: str) -> Any:
    """Return the value of a setting by its path, such as ``ppo.episode.frames``."""
    name, _, rest = path.partition(".")
    return setting(getattr(config, name), rest) if rest else getattr(config, name)


def changed(config: Any, path: str, value: Any) -> Any:
    """Return a configuration with another value of the setting at a path."""
    name, _, rest = path.partition(".")
    return replace(config, **{name: changed(getattr(config, name), rest, value) if rest else value})


def with_settings(config: TrainConfig, settings: Mapping[str, Any]) -> TrainConfig:
    """Return a configuration with other values of some settings, by their paths."""
    for path, value in settings.items():
        config = changed(config, path, value)
    return config


def base_config(minutes: float) -> TrainConfig:
    """Return what every run begins with: the PPO of `tunes-reward` with half as many episodes, for a small budget."""
    config = replace(
        load_config(AGENT),
        stages=("ppo",),
        minutes=minutes,
        validate_every=NEVER,
        validation_pieces=VALID_TUNES,
        validate_greedy=False,
    )
    own = {"ppo.steps": NEVER, "ppo.episode.episodes": 128, "ppo.optimiser.patience": 0}
    return with_settings(config, own)


def phases(base: TrainConfig, change: Change, *, seed: int) -> list[TrainConfig]:
    """Return the configurations of a change's runs, which follow one another: one, or a wide and a narrow one."""
    config = with_settings(replace(base, name=change.name, seed=seed), change.settings)
    if not change.wide_share:
        return [config]
    wide = with_settings(replace(config, minutes=base.minutes * change.wide_share), WIDE)
    return [wide, replace(config, minutes=base.minutes - wide.minutes)]


def load_small_data(config: TrainConfig) -> RunData:
    """Load the tunes that all runs learn from and are validated on."""
    corpus = open_corpus(config.corpus)
    return RunData(
        train=training_set(corpus.pieces("train", limit=TRAIN_TUNES)),
        valid=training_set(corpus.pieces("valid", limit=config.validation_pieces)),
        checksum=f"{corpus.name} {corpus.checksum('train')}",
    )


def taught_encoders() -> dict[str, Tensor]:
    """Return the weights of the agent by name, without its policy and tracker."""
    network, _, _ = load_checkpoint(find_agent(AGENT) / "weights.safetensors")
    return {name: weight for name, weight in network.state_dict().items() if not name.startswith("policy.")}


def learn(configs: list[TrainConfig], folder: Path, data: RunData) -> dict[str, float]:
    """Make the runs that are not finished; return the last validation, and the frames that all of them played."""
    weights, frames = taught_encoders(), 0.0
    for number, config in enumerate(configs):
        own = folder / str(number)
        run = Run(config, own, data=data)
        run.network.load_state_dict(run.network.state_dict() | weights)  # what is not given stays new
        weights = load_checkpoint(run.train())[0].state_dict()
        _, rows = read_run(own)
        frames += frames_played(rows)
    return validations(rows)[-1] | {"frames": frames}


def frames_played(rows: list[Row]) -> float:
    """Return the frames of a log; steps that were repeated after an interruption count once."""
    return sum({row["step"]: row["episode/frames"] for row in rows if "episode/frames" in row}.values())


def main() -> None:
    """Learn and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/policy_learning"))
    parser.add_argument("--minutes", type=float, default=0.5, help="of processor time for each run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--changes", nargs="+", default=[one.name for one in CHANGES], help="names of folders")
    options = parser.parse_args()
    base = base_config(options.minutes)
    data = load_small_data(base)
    print("| changed | seeds | R_on | within 0.5 s | frames played |\n|---|---:|---|---|---:|", flush=True)
    for change in (one for one in CHANGES if one.name in options.changes):
        seeds = range(1, options.seeds + 1)
        found = [learn(phases(base, change, seed=seed), options.out / change.name / str(seed), data) for seed in seeds]
        measures = [spread([one[f"valid/{key}"] for one in found]) for key in ("r_on", "within_0.5_s")]
        frames = sum(one["frames"] for one in found) / len(found)
        print(f"| {change.label(base)} | {len(found)} | {' | '.join(measures)} | {frames:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
