"""Processes that learn together: the same weights everywhere, the mean of their gradients, shares that fit."""

import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed, multiprocessing, nn

from standpartner.errors import ConfigError
from standpartner.learn.config import load_config
from standpartner.learn.run import Run
from standpartner.learn.stages import share_of
from standpartner.learn.team import Team, joined_team
from standpartner.networks.checkpoint import load_checkpoint, same_weights
from tests.ports import free_port


def _group_threads():
    """Threads of a process group; one that outlives the interpreter aborts the process now and then."""
    return [name for thread in Path("/proc/self/task").glob("*/comm") if "gloo" in (name := thread.read_text())]


def _as_process(rank, size, port, work, arguments):
    names = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "LOCAL_RANK": rank}
    os.environ.update({name: str(value) for name, value in names.items()})
    torch.set_num_threads(1)
    with joined_team() as team:
        work(team, *arguments)
    assert not _group_threads()


def together(work, *arguments, size=2):
    """Call ``work(team, *arguments)`` in several processes, as torchrun does."""
    multiprocessing.start_processes(
        _as_process, (size, free_port(), work, arguments), nprocs=size, start_method="spawn"
    )


def _average_one_gradient(team, folder):
    layer = nn.Linear(3, 2)
    layer.weight.grad = torch.full((2, 3), 1.0 + team.rank)
    layer.bias.grad = torch.tensor([team.rank * 4.0, 6.0])
    team.average_gradients(layer.parameters())
    seen = {"weight": layer.weight.grad, "bias": layer.bias.grad}
    measured = team.means({"a": float(team.rank), "b": 2.0})
    said = team.agree(team.rank + 7)
    own = {"episodes/at": torch.arange(3) + 10 * team.rank, "episodes/on": torch.tensor([team.rank == 1]),
           "episodes/count": torch.tensor(5 + team.rank), "optimiser/step": torch.tensor(1)}  # fmt: skip
    kept = team.gathered(own, "episodes/")
    if team.leads:
        torch.save({**seen, **measured, "said": said, "kept": kept}, folder / "seen.pt")


def test_gradients_and_measures_are_means_and_the_first_decides(tmp_path):
    together(_average_one_gradient, tmp_path)
    seen = torch.load(tmp_path / "seen.pt", weights_only=True)
    torch.testing.assert_close(seen["weight"], torch.full((2, 3), 1.5))
    torch.testing.assert_close(seen["bias"], torch.tensor([2.0, 6.0]))
    assert (seen["a"], seen["b"], seen["said"]) == (0.5, 2.0, 7)
    kept = seen["kept"]
    assert kept["process-1/episodes/at"].tolist() == [10, 11, 12]
    assert kept["process-1/episodes/on"].tolist() == [True]
    assert int(kept["process-1/episodes/count"]) == 6
    assert "process-1/optimiser/step" not in kept
    assert Team(1, 2).handed_out(kept)["episodes/at"].tolist() == [10, 11, 12]
    assert Team(0, 2).handed_out(kept)["episodes/at"].tolist() == [0, 1, 2]


def _train(team, config, folder, data, killed_at=None):
    def progress(stage, step, steps, measured):
        if killed_at == (stage, step):
            os.kill(os.getpid(), signal.SIGKILL)

    run = Run(config, folder, data=data, progress=progress, team=team)
    run.train()
    state = torch.cat([value.flatten().double() for value in run.network.state_dict().values()])
    states = [torch.empty_like(state) for _ in range(team.size)]
    distributed.all_gather(states, state)
    for other in states:
        torch.testing.assert_close(other, state, rtol=0, atol=0)


@pytest.mark.slow
def test_a_stage_without_episodes_goes_on_after_a_kill_too(tiny_config, tiny_data, tmp_path):
    pretrain = dataclasses.replace(tiny_config.pretrain, steps=3, segments=4)
    config = dataclasses.replace(tiny_config, stages=("pretrain",), validate_every=1, pretrain=pretrain)
    together(_train, config, tmp_path / "whole", tiny_data)
    with pytest.raises((multiprocessing.ProcessExitedException, multiprocessing.ProcessRaisedException)):
        together(_train, config, tmp_path / "killed", tiny_data, ("pretrain", 2))
    with pytest.raises(ConfigError, match="begun by 2 processes, not 1"):
        Run(config, tmp_path / "killed", data=tiny_data).train()
    together(_train, config, tmp_path / "killed", tiny_data)
    assert same_weights(tmp_path / "whole" / "pretrain.safetensors", tmp_path / "killed" / "pretrain.safetensors")


@pytest.mark.slow
def test_two_processes_share_a_run_and_go_on_after_a_kill(tiny_config, tiny_data, tmp_path):
    stages = {name: dataclasses.replace(getattr(tiny_config, name), steps=3) for name in ("imitate", "ppo")}
    config = dataclasses.replace(tiny_config, stages=("imitate", "ppo"), validate_every=1, **stages)
    together(_train, config, tmp_path / "whole", tiny_data)
    # The one that was killed, or the other that misses it, is noticed first.
    with pytest.raises((multiprocessing.ProcessExitedException, multiprocessing.ProcessRaisedException)):
        together(_train, config, tmp_path / "killed", tiny_data, ("ppo", 2))
    assert not (tmp_path / "killed" / "ppo.safetensors").exists()
    together(_train, config, tmp_path / "killed", tiny_data)
    for stage in config.stages:
        assert same_weights(tmp_path / "whole" / f"{stage}.safetensors", tmp_path / "killed" / f"{stage}.safetensors")
    Run(config, tmp_path / "alone", data=tiny_data).train()
    assert not same_weights(tmp_path / "whole" / "ppo.safetensors", tmp_path / "alone" / "ppo.safetensors")
    _, info, _ = load_checkpoint(tmp_path / "whole" / "ppo.safetensors")
    assert info["config"]["ppo"]["episode"]["episodes"] == config.ppo.episode.episodes  # of all together


def test_a_share_is_a_part_with_a_seed_of_its_own(tiny_config):
    four = {name: dataclasses.replace(getattr(tiny_config, name), segments=4) for name in ("pretrain", "seek")}
    config = dataclasses.replace(tiny_config, **four)
    first, second = (share_of(config, Team(rank, 2)) for rank in (0, 1))
    assert first.pretrain.segments == 2
    assert first.ppo.episode.episodes == second.imitate.episode.episodes == 3
    assert first.seed == config.seed
    draws = {np.random.default_rng([share.seed, 4, 0]).random() for share in (first, second)}
    assert len(draws) == 2
    assert share_of(config, Team()) is config
    with pytest.raises(ConfigError, match=r"pretrain.segments: .* 3 processes"):
        share_of(config, Team(0, 3))


def test_reinforce_with_minibatches_cannot_be_shared():
    config = load_config("paper-nottingham-reinforce")
    episode = dataclasses.replace(config.reinforce.episode, episodes=4)
    whole = dataclasses.replace(config.reinforce, samples=0, episode=episode)
    shared = share_of(dataclasses.replace(config, reinforce=whole), Team(0, 2))
    assert shared.reinforce.episode.episodes == 2
    parts = dataclasses.replace(whole, samples=8)
    with pytest.raises(ConfigError, match="not equally long"):
        share_of(dataclasses.replace(config, reinforce=parts), Team(0, 2))
