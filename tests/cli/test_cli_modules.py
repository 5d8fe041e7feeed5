"""The command line as a module: ``python -m standpartner``."""

import subprocess
import sys

import pytest

from standpartner import __version__
from standpartner.demo.bundled import load_menuet


def run(module, *words):
    command = [sys.executable, "-m", module, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", ["standpartner", "standpartner.cli"])
def test_a_module_is_the_command(module):
    done = run(module, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"standpartner {__version__}\n", "")
    assert f"Usage: python -m {module} [OPTIONS] COMMAND" in run(module, "--help").stdout


def test_errors_are_one_sentence_and_an_exit_code(tmp_path):
    done = run("standpartner", "follow", load_menuet().score, tmp_path / "missing.wav")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: there is no file {tmp_path / 'missing.wav'}; check the path\n"
    assert run("standpartner", "fly").returncode == 2
