"""A training run: its folder, its stages one after the other, its log, and going on after any interruption.

The folder of a run holds ``config.json``, ``commits.txt`` (of the code, one for each start with another),
``checkpoint.safetensors`` (the newest state of the stage under way), one checkpoint for each finished stage,
``best.safetensors`` (what validated best), ``log.jsonl`` and TensorBoard's files. Every random draw is made from
(seed, stage, step), and a checkpoint holds optimiser and episodes, so a run that was killed goes on to exactly the
result of one that was not.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from standpartner.agent.bundle import find_agent
from standpartner.agent.checkpoint import commit_of_code, load_checkpoint, save_checkpoint
from standpartner.agent.networks import ReadOnceNetwork
from standpartner.audio import AugmentConfig
from standpartner.corpus.store import open_corpus
from standpartner.errors import ConfigError
from standpartner.game.rules import CONFIGS
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import TrainingSet, training_set
from standpartner.learn.features import Features, encode
from standpartner.learn.imitate import Imitate
from standpartner.learn.optimise import Optimiser
from standpartner.learn.ppo import Ppo
from standpartner.learn.pretrain import Pretrain
from standpartner.learn.validate import validate

Progress = Callable[[str, int, int, dict[str, float]], None]


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


STAGES = ("pretrain", "imitate", "ppo")


@dataclass(frozen=True)
class RunData:
    """What a run learns from and is validated on, with one checksum of all files it learns from."""

    train: TrainingSet
    valid: TrainingSet
    checksum: str


def load_data(config: TrainConfig) -> RunData:
    """Take the built corpora of a configuration into memory.

    Raises:
        CorpusError: one is not built.
    """
    corpus, *others = [open_corpus(name) for name in (config.corpus, *config.also)]
    checksums = {each.name: each.checksum("train") for each in (corpus, *others)}
    return RunData(
        train=training_set(chain.from_iterable(each.pieces("train") for each in (corpus, *others))),
        valid=training_set(corpus.pieces("valid", limit=config.validation_pieces)),
        checksum=", ".join(f"{name} {checksum}" for name, checksum in checksums.items()),
    )


class Run:
    """One training run in one folder.

    Args:
        config: everything the result depends on.
        folder: of the run; if it holds a run of the same configuration, that one goes on.
        data: see RunData.
        progress: called after every step with stage, step, steps of the stage, and what was measured.

    Raises:
        ConfigError: the folder holds a run of another configuration, or the agent to start from has another network.
        AgentError: there is no such agent to start from.
    """

    def __init__(self, config: TrainConfig, folder: Path, *, data: RunData, progress: Progress | None = None) -> None:
        self.config, self.folder, self.data = config, folder, data
        self.progress: Progress = progress or (lambda stage, step, steps, measured: None)
        self._check_folder()
        self.commit = self._commits()
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(config.seed)
        self.network = self._started() if config.start else ReadOnceNetwork(config.network)
        self.best: dict[str, float] = {}
        self._features: tuple[Features, Features] | None = None

    def _started(self) -> ReadOnceNetwork:
        """The network of the agent that the run starts from."""
        network, _, _ = load_checkpoint(find_agent(self.config.start) / "weights.safetensors")
        if network.config != self.config.network:
            raise ConfigError(
                f"the agent {self.config.start} has other sizes than the configuration's network: expected "
                f"{self.config.network}, got {network.config}; take the sizes in its agent.json or no start"
            )
        return network

    def _check_folder(self) -> None:
        wanted = json.loads(json.dumps(self.config.to_json()))
        path = self.folder / "config.json"
        if path.is_file():
            if json.loads(path.read_text()) != wanted:
                raise ConfigError(
                    f"{self.folder} holds a run of another configuration; give another --out or delete the folder"
                )
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted, indent=1) + "\n")

    def _commits(self) -> str:
        """Commits of the code that the run was begun and went on with."""
        path = self.folder / "commits.txt"
        known = path.read_text().split() if path.is_file() else []
        now = commit_of_code()
        if now and now not in known:
            known.append(now)
            path.write_text("\n".join(known) + "\n")
        return ", ".join(known)

    def train(self) -> Path:
        """Run all stages that are not finished.

        Returns:
            The checkpoint that validated best.
        """
        for name in STAGES:
            finished = self.folder / f"{name}.safetensors"
            if finished.is_file():
                self.network, info, _ = load_checkpoint(finished)
                self.best = info.get("best", {})
            else:
                self._run_stage(name)
        return self.folder / "best.safetensors"

    def _stage(self, name: str) -> tuple[Stage, Callable[[], dict[str, float]]]:
        """A stage, and how it is validated."""
        if name == "pretrain":
            pretrain = Pretrain(self.network, self.data.train, self.config)
            return pretrain, lambda: {f"valid/{k}": v for k, v in pretrain.validate(self.data.valid).items()}
        heard, valid = self._encoded()
        kind = Imitate if name == "imitate" else Ppo
        game = CONFIGS[self.config.ppo.episode.game]  # one game for all validations: they choose the best together
        return kind(self.network, self.data.train, heard, config=self.config), lambda: validate(
            self.network, self.data.valid, valid, game=game
        )

    def _encoded(self) -> tuple[Features, Features]:
        """What the fixed encoders make of the training and validation data; imitation and PPO share it."""
        if self._features is None:
            config = self.config
            self._features = (
                encode(
                    self.network,
                    self.data.train,
                    settings=config.augment,
                    seed=config.seed,
                    mixed_precision=config.mixed_precision,
                ),
                encode(self.network, self.data.valid, settings=AugmentConfig.none(), seed=config.seed),
            )
        return self._features

    def _run_stage(self, name: str) -> None:
        first = 0
        newest = self.folder / "checkpoint.safetensors"
        resumed: dict[str, Tensor] | None = None
        if newest.is_file():
            network, info, tensors = load_checkpoint(newest)
            if info["stage"] == name:
                self.network, resumed, first, self.best = network, tensors, info["step"], info["best"]
        stage, measure = self._stage(name)
        if resumed is not None:
            stage.load(resumed)
        with _Log(self.folder, name, self._steps_before(name)) as log:
            for number in range(first, stage.steps):
                start_s = time.monotonic()
                measured = stage.step(number)
                log.write(number, measured | {"seconds": time.monotonic() - start_s})
                self.progress(name, number + 1, stage.steps, measured)
                if (number + 1) % self.config.validate_every == 0 or number + 1 == stage.steps:
                    log.write(number, self._validated(stage, measure, number))
                    self._save(newest, name, number + 1, stage.state())
        stage.optimiser.swap_average()
        self._save(self.folder / f"{name}.safetensors", name, stage.steps, {})

    def _steps_before(self, name: str) -> int:
        steps = {stage: getattr(self.config, stage).steps for stage in STAGES}
        return sum(steps[stage] for stage in STAGES[: STAGES.index(name)])

    def _validated(self, stage: Stage, measure: Callable[[], dict[str, float]], number: int) -> dict[str, float]:
        """Validate the averaged weights; keep them if they follow better than all before."""
        stage.optimiser.swap_average()
        found = measure()
        if "valid/r_on" in found and _rank(found) > _rank(self.best):
            self.best = found | {"step": float(number + 1)}
            self._save(self.folder / "best.safetensors", stage.name, number + 1, {})
        stage.optimiser.swap_average()
        return found

    def _save(self, path: Path, stage: str, step: int, tensors: dict[str, Tensor]) -> None:
        info: dict[str, Any] = {
            "stage": stage,
            "step": step,
            "best": self.best,
            "seed": self.config.seed,
            "commit": self.commit,
            "config": self.config.to_json(),
            "data": self.data.checksum,
        }
        save_checkpoint(path, self.network, info=info, others=tensors)


def _rank(found: dict[str, float]) -> tuple[float, float]:
    """Pieces are compared by onsets followed, then by error."""
    return (found["valid/r_on"], -found["valid/error_cm"]) if found else (-1.0, 0.0)


class _Log:
    """``log.jsonl`` and TensorBoard side by side."""

    def __init__(self, folder: Path, stage: str, steps_before: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.stage, self.steps_before = stage, steps_before
        self.board = SummaryWriter(str(folder / "tensorboard"))
        self.lines = (folder / "log.jsonl").open("a")

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()
        self.lines.close()

    def write(self, number: int, measured: dict[str, float]) -> None:
        """Write what step ``number`` measured."""
        row = {"stage": self.stage, "step": number + 1} | {k: round(v, 6) for k, v in measured.items()}
        self.lines.write(json.dumps(row) + "\n")
        self.lines.flush()
        for name, value in measured.items():
            self.board.add_scalar(f"{self.stage}/{name}", value, self.steps_before + number + 1)
