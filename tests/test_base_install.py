"""The base install, in a virtual environment of its own: no PyTorch, no game extras, and the demo runs."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


CLEAN = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=CLEAN, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """Folder of a fresh virtual environment with the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    done = run(python, "-m", "pip", "install", "-q", "-c", REPOSITORY / "constraints.txt", REPOSITORY, cwd=folder)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip(f"no package index can be reached: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder


def of_the_fresh_environment(test):
    """Marks a test; all of them share one environment, whose making counts as the time of the first of them."""
    return pytest.mark.slow(pytest.mark.xdist_group("base install")(test))


@of_the_fresh_environment
def test_the_demo_runs_with_the_base_install(fresh):
    python = fresh / "venv" / "bin" / "python"
    missing = "import importlib.util as u, json; print(json.dumps([n for n in {} if u.find_spec(n)]))"
    extras = ["torch", "gymnasium", "pygame", "scipy", "onnx", "pretty_midi", "midirenderer", "tensorboard"]
    assert json.loads(run(python, "-c", missing.format(extras), cwd=fresh).stdout) == []
    done = run(fresh / "venv" / "bin" / "standpartner", "demo", "--out", "demo", cwd=fresh)
    assert done.returncode == 0, done.stderr
    assert all(words in done.stdout for words in ("Canon in D", "right system", "followed to the end"))
    assert (fresh / "demo" / "index.html").stat().st_size > 100_000


@of_the_fresh_environment
def test_a_person_can_play_with_the_base_install(fresh):
    words = [fresh / "venv" / "bin" / "standpartner", "play", "--no-browser"]
    command = subprocess.Popen(words, cwd=fresh, env=CLEAN, stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/", command.stdout.readline())[0]
        with urllib.request.urlopen(address + "sound.flac", timeout=20) as answer:  # noqa: S310 - http, see above
            assert answer.read(4) == b"fLaC"
    finally:
        command.terminate()
        command.communicate(timeout=20)


@of_the_fresh_environment
def test_missing_extras_are_one_sentence_with_the_command(fresh):
    done = run(fresh / "venv" / "bin" / "standpartner", "train", "tunes", cwd=fresh)
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        == 'error: PyTorch and msgspec are not installed; install them with: pip install "standpartner[train]"'
    )
    code = "import standpartner.game as g; g.ScoreFollowingEnv"
    assert 'pip install "standpartner[game]"' in run(fresh / "venv" / "bin" / "python", "-c", code, cwd=fresh).stderr


@pytest.mark.skipif(sys.platform != "linux", reason="make targets are tried on Linux")
def test_make_knows_its_targets():
    for target in ("demo", "test", "lint", "clean"):
        assert run("make", "-n", target, cwd=REPOSITORY).returncode == 0
