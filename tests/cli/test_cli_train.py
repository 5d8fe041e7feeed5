"""``train`` as a user starts it: as a module, by torchrun, once more on the same folder."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("torch")

from standpartner.agent.bundle import load_agent
from standpartner.networks.checkpoint import load_checkpoint, same_weights
from standpartner.piece import save_piece

CONFIG = """name = "tiny"
corpus = "tiny"
stages = ["{stage}"]
validate_every = 2

[network]
strip_channels = [4, 8, 8, 8, 8]
frame_channels = [4, 8, 8]
features = 16
heads = 4
column_dilations = [1, 2]
frame_dilations = [1, 2]
policy_hidden = 32
memory = 16

[pretrain]
steps = 3
segments = 2
frames = 8
columns = 96

[imitate]
steps = 3
minibatches = 1

[imitate.episode]
episodes = 4
frames = 8
"""


@pytest.fixture
def train(tiny_pieces, tmp_path):
    """Starts the command on a built corpus of tiny pieces, in a process of its own."""
    splits = dict(zip(("tune-a", "tune-b", "tune-c"), ("train", "train", "valid"), strict=True))
    corpus = tmp_path / "cache" / "corpora" / "tiny"
    for name, piece in zip(splits, (*tiny_pieces, tiny_pieces[0]), strict=True):
        save_piece(replace(piece, name=name), corpus / "pieces" / name)
    rows = [f"{name}\t{split}\t-\n" for name, split in splits.items()]
    (corpus / "split.tsv").write_text("name\tsplit\tsha256\n" + "".join(rows))

    def run(*start, stage="pretrain", out="run", first="", options=()):
        (tmp_path / "tiny.toml").write_text(f'after = "{first}"\n' + CONFIG.format(stage=stage))
        own = {"STANDPARTNER_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
        own["OMP_NUM_THREADS"] = "1"
        command = [sys.executable, "-W", "error::UserWarning:standpartner", *start, "train", "tiny.toml", "--out", out]
        done = subprocess.run(
            [*command, *options],
            cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done, tmp_path / out

    return run


def test_the_module_trains_an_agent(train):
    done, folder = train("-m", "standpartner", options=("--seed", "7"))
    assert "trained; try: standpartner evaluate --agent run/agent --corpus tiny" in " ".join(done.stdout.split())
    about = load_agent(str(folder / "agent")).about
    assert (about["command"], about["corpus"]) == ("standpartner train tiny.toml --seed 7", "tiny")
    assert json.loads((folder / "config.json").read_text())["seed"] == 7
    assert [(stage["stage"], stage["steps"]) for stage in about["stages"]] == [("pretrain", 3)]


@pytest.mark.slow
def test_the_same_command_goes_on_and_another_start_trains_the_same(train):
    _, folder = train("-m", "standpartner")
    log = (folder / "log.jsonl").read_bytes()
    train("-m", "standpartner")  # there is nothing left to do
    assert (folder / "log.jsonl").read_bytes() == log
    _, other = train("-m", "standpartner.cli", out="other")
    assert same_weights(folder / "pretrain.safetensors", other / "pretrain.safetensors")


@pytest.mark.slow
def test_torchrun_trains_in_two_processes(train):
    start = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "standpartner")
    _, folder = train(*start, stage="imitate")
    about = load_agent(str(folder / "agent")).about
    assert about["command"] == "standpartner train tiny.toml, in 2 processes"
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "seconds" in row] == [1, 2, 3], "the first process alone writes"
    assert rows[0]["episode/frames"] == 2 * 8, "a process plays its share"
    _, info, tensors = load_checkpoint(folder / "checkpoint.safetensors")
    assert info["step"] == 3
    assert any(name.startswith("process-1/") for name in tensors)


@pytest.mark.slow
@pytest.mark.parametrize("start", [(), ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")])
def test_the_run_that_comes_before_is_trained_first(train, tmp_path, start):
    (tmp_path / "first.toml").write_text(CONFIG.format(stage="pretrain").replace('"tiny"', '"first"', 1))
    _, folder = train(*start, "-m", "standpartner", stage="imitate", out="runs/tiny", first="first.toml")
    about = load_agent(str(folder / "agent")).about
    assert (about["start"], about["corpus"]) == ("the weights of first.toml", "tiny")
    before = folder.parent / "first"
    assert load_agent(str(before / "agent")).about["command"].startswith("standpartner train first.toml")
    assert same_encoders(before / "pretrain.safetensors", folder / "imitate.safetensors")


def same_encoders(first, second):
    networks = [load_checkpoint(path)[0].encoder_weights() for path in (first, second)]
    return all(bool((networks[0][name] == networks[1][name]).all()) for name in networks[0])


def test_a_configuration_that_does_not_fit_ends_with_one_sentence(call, tmp_path, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")  # so that it does not start itself again
    path = tmp_path / "x.toml"
    path.write_text('name = "x"\ncorpus = "c"\n[ppo]\nsteps = "many"\n')
    code, _, said = call("train", path)
    assert code == 1
    assert said == f"error: {path}.ppo.steps: expected int, got 'many'\n"
