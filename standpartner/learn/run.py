"""Runs a training: its folder, its stages one after the other, its log, and resuming after any interruption.

The folder of a run holds ``config.json``, ``commits.txt`` (of the code, one for each start with another),
``checkpoint.safetensors`` (the newest state of the stage under way), one checkpoint for each finished stage,
``best.safetensors`` (the weights that validated best), ``log.jsonl`` and TensorBoard's files. Every random draw is made
from (seed, stage, step), and a checkpoint holds optimiser and episodes, so a run that was killed goes on to exactly the
result of one that was not.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from standpartner.agent.find import find_agent
from standpartner.corpus.store import open_corpus
from standpartner.errors import ConfigError
from standpartner.learn.chain import begins_with
from standpartner.learn.config import STAGES, TrainConfig, parse_config
from standpartner.learn.data import roughened, training_set
from standpartner.learn.device import computing_on, find_device
from standpartner.learn.log import Log
from standpartner.learn.patience import Patience
from standpartner.learn.rollout import EPISODES
from standpartner.learn.stage import Stage
from standpartner.learn.stages import Measure, RunData, share_of, stages_for
from standpartner.learn.team import Team
from standpartner.networks.checkpoint import AnyNetwork, build_network, grown, load_checkpoint, save_checkpoint
from standpartner.support.files import replacing
from standpartner.support.provenance import code_version

__all__ = ["STAGES", "Progress", "Run", "RunData", "load_data", "rank"]

Progress = Callable[[str, int, int, dict[str, float]], None]


def load_data(config: TrainConfig, team: Team | None = None) -> RunData:
    """Load the built corpora of a configuration into memory; a team's processes share the training set.

    Raises:
        CorpusError: A corpus has no training piece or no validation piece; nothing was loaded yet.
    """
    team = team or Team()
    corpora = [open_corpus(name) for name in (config.corpus, *config.also)]
    for corpus, split in product(corpora, ("train", "valid")):
        corpus.names(split)
    train = chain.from_iterable(corpus.pieces("train") for corpus in corpora)
    valid = training_set(
        chain.from_iterable(corpus.pieces("valid", limit=config.validation_pieces) for corpus in corpora)
    )
    return RunData(
        train=training_set(islice(train, team.rank, None, team.size)),
        valid=roughened(valid, config.augment, seed=config.seed) if config.validate_rough else valid,
        checksum=", ".join(f"{corpus.title} {corpus.checksum('train')}" for corpus in corpora),
    )


class Run:
    """Runs one training in one folder.

    Args:
        config: The configuration, on which alone the result depends.
        folder: The folder of the run. A run of the same configuration (``minutes`` aside) in it goes on.
        data: The data of the run.
        progress: The function that is called after every step with stage, step, steps of the stage, and the measured
            numbers.
        team: The processes that train together, each of which makes its own `Run`; see `Team`.

    Raises:
        ConfigError: The folder holds a run of another configuration, or there is no such device.
        AgentError: There is no such agent to start from, or it has another network; see `grown`.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        *,
        data: RunData,
        progress: Progress | None = None,
        team: Team | None = None,
    ) -> None:
        self.config, self.folder, self.data, self.team = config, folder, data, team or Team()
        self.progress: Progress = progress or (lambda stage, step, steps, measured: None)
        self.commit = ""
        if self.team.leads:
            self._check_folder()
            self.commit = self._commits()
        torch.set_num_threads(config.threads)
        self.device = find_device(config.device)
        with computing_on(self.device):
            torch.manual_seed(config.seed)  # the same first weights in all processes
            self.network = self._first_network()
        self.best: dict[str, float] = {}
        self.seconds = 0.0  # the processor time of steps and validations so far
        self._share = share_of(config, self.team)
        self._stages = stages_for(self.network, self._share, data)

    def _first_network(self) -> AnyNetwork:
        """Return the network of the agent that the run begins with, or a fresh one."""
        start, wanted = begins_with(self.config, self.folder), self.config.network
        if not start:
            return build_network(wanted)
        network, _, _ = load_checkpoint(find_agent(start) / "weights.safetensors")
        return network if network.config == wanted else grown(network, wanted)

    def _check_folder(self) -> None:
        path = self.folder / "config.json"
        if path.is_file():  # settings that are newer than the run count as their defaults
            before = parse_config(json.loads(path.read_text()), where=str(path))
            if replace(before, minutes=self.config.minutes) != self.config:
                raise ConfigError(
                    f"{self.folder} holds a run of another configuration; give another --out or delete the folder"
                )
            if before == self.config:
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:  # after a crash there is the old file or the new one
            draft.write_text(json.dumps(self.config.to_json(), indent=1) + "\n")

    def _commits(self) -> str:
        """Return the commits of the code with which the run was begun and continued."""
        path = self.folder / "commits.txt"
        known = path.read_text().splitlines() if path.is_file() else []
        now = code_version()
        if now not in known:
            known.append(now)
            path.write_text("\n".join(known) + "\n")
        return ", ".join(known)

    def train(self) -> Path:
        """Run all stages that are not finished, or as many as there is time for.

        Returns:
            The checkpoint that validated best; if no stage follows music, that of the last one.
        """
        with computing_on(self.device):
            for name in self.config.stages:
                if not self._finished(name) and not self._out_of_time():
                    self._run_stage(name)
        best = self.folder / "best.safetensors"
        return best if best.is_file() else self.folder / f"{name}.safetensors"

    def _finished(self, name: str) -> bool:
        """Tell whether a stage is over, and take its network; one that ran out of time is not if there is more."""
        path = self.folder / f"{name}.safetensors"
        if not self.team.agree(path.is_file()):
            return False
        self.network, info, _ = load_checkpoint(path)
        self.best, self.seconds = info.get("best", {}), info.get("seconds", 0.0)
        return not info.get("cut", False) or self._out_of_time()

    def _out_of_time(self) -> bool:
        return bool(self.team.agree(0 < self.config.minutes * 60 <= self.seconds))

    def _run_stage(self, name: str) -> None:
        done, resumed, kept = self._resumed(name)
        stage, measure = self._stages.make(name, self.network)
        stage.optimiser.team = self.team
        if resumed:
            stage.load_state_dict(self.team.handed_out(resumed))
        patience = Patience(stage.optimiser.config)
        patience.load_state_dict(kept)
        with Log(self.folder, name, self._steps_before(name), writes=self.team.leads) as log:
            over = done >= stage.steps
            while not over:
                self._step(stage, done, log)
                done += 1
                over = done == stage.steps or self._out_of_time()
                if done % self.config.validate_every == 0 or over:
                    improved = self._validate(stage, measure, done, log)
                    over |= self._judge(patience, stage, improved)
                    state = self.team.gathered(stage.state_dict(), EPISODES)
                    self._save("checkpoint", name, done, tensors=state, patience=patience)
        stage.optimiser.swap_average()
        self._save(name, name, done, cut=done < stage.steps and self._out_of_time())
        self.team.agree(0)  # no process reads the file before it is written

    def _resumed(self, name: str) -> tuple[int, dict[str, Tensor], dict[str, int]]:
        """Return steps done, tensors and patience of a stage that was under way, and take its network."""
        newest = self.folder / "checkpoint.safetensors"
        if self.team.agree(newest.is_file()):
            network, info, tensors = load_checkpoint(newest)
            if info["stage"] == name:
                self._check_team(info)
                self.network, self.best, self.seconds = network, info["best"], info.get("seconds", 0.0)
                return info["step"], tensors, info.get("patience", {})
        return 0, {}, {}

    def _check_team(self, info: Mapping[str, Any]) -> None:
        """Check that as many processes go on as began, on whose number the result depends."""
        before = info.get("processes", self.team.size)
        if before != self.team.size:
            raise ConfigError(f"the run was begun by {before} processes, not {self.team.size}; go on with as many")

    def _step(self, stage: Stage, number: int, log: Log) -> None:
        start_s, clock_s = _processor_s(), time.perf_counter()
        seed = np.random.SeedSequence([self._share.seed, 9, self.config.stages.index(stage.name), number])
        torch.manual_seed(int(seed.generate_state(1)[0]))  # dropout draws from PyTorch's own generator
        measured = self.team.means(stage.step(number))
        seconds = _processor_s() - start_s
        self.seconds += seconds
        log.write(number + 1, measured | {"seconds": seconds, "clock_seconds": time.perf_counter() - clock_s})
        if self.team.leads:
            self.progress(stage.name, number + 1, stage.steps, measured)

    def _validate(self, stage: Stage, measure: Measure, done: int, log: Log) -> bool | None:
        """Validate the averaged weights; keep them if they follow better than all before.

        Returns:
            Whether they do; None if the stage does not follow yet.
        """
        start_s = _processor_s()
        stage.optimiser.swap_average()
        found = measure(done) if self.team.leads else {}
        follows = "valid/r_on" in found
        improved = follows and rank(found) > rank(self.best)
        follows, improved = bool(self.team.agree(follows)), bool(self.team.agree(improved))
        if improved:
            self.best = found | {"step": float(done)}
            self._save("best", stage.name, done)
        stage.optimiser.swap_average()
        self.seconds += _processor_s() - start_s
        log.write(done, found | {"minutes": self.seconds / 60})
        return improved if follows else None

    def _judge(self, patience: Patience, stage: Stage, improved: bool | None) -> bool:
        """Go back to the best weights, or end the stage, when patience has run out; return whether it ends."""
        if improved is None or patience.goes_on(improved=improved):
            return False
        if patience.is_over:
            return True
        stage.optimiser.go_back(self._best_of(stage).state_dict())
        return False

    def _best_of(self, stage: Stage) -> AnyNetwork:
        """Return the network with the best weights so far, or unchanged if those belong to other encoders.

        A stage that fixes the encoders depends on their features. An earlier stage may have been better with
        other encoders; its policy is of no use here.
        """
        best = self.folder / "best.safetensors"
        if not self.team.agree(best.is_file()):
            return self.network
        network, _, _ = load_checkpoint(best)
        there, here = network.state_dict(), self.network.state_dict()
        fixed = here.keys() - stage.optimiser.parameters.keys()
        return network if all(torch.equal(there[name].to(here[name]), here[name]) for name in fixed) else self.network

    def _steps_before(self, name: str) -> int:
        before = self.config.stages[: self.config.stages.index(name)]
        return sum(self.config.stage(stage).steps for stage in before)

    def _save(
        self,
        file: str,
        stage: str,
        step: int,
        *,
        tensors: dict[str, Tensor] | None = None,
        patience: Patience | None = None,
        cut: bool = False,
    ) -> None:
        if not self.team.leads:
            return
        info: dict[str, Any] = {
            "stage": stage,
            "step": step,
            "best": self.best,
            "seconds": self.seconds,
            "patience": patience.state_dict() if patience else {},
            "cut": cut,
            "seed": self.config.seed,
            "processes": self.team.size,
            "commit": self.commit,
            "config": self.config.to_json(),
            "data": self.data.checksum,
        }
        save_checkpoint(self.folder / f"{file}.safetensors", self.network, info=info, others=tensors)


def _processor_s() -> float:
    """Return the processor time of this process a thread; on an idle machine this is the clock's time."""
    return time.process_time() / torch.get_num_threads()


def rank(found: Mapping[str, float]) -> tuple[float, float]:
    """Return the key by which validations are compared: onsets followed, then error."""
    return (found["valid/r_on"], -found["valid/error_cm"]) if found else (-1.0, 0.0)
