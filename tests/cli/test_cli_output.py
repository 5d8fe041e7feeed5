"""A full disk behind standard output is one sentence, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standpartner.demo.bundled import load_menuet

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is always full")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    with FULL.open("wb") as full:
        command = [sys.executable, "-m", "standpartner.cli", "--version"]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 1
    assert run.stderr.splitlines()[0].startswith("error: the output cannot be written: No space left on device")
    assert "Traceback" not in run.stderr


def test_a_path_that_cannot_be_looked_at_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "standpartner.cli", "engrave", f"{'a' * 300}.krn", "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert "File name too long" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_name_that_is_no_text_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "standpartner.cli", "engrave", str(load_menuet().score), "--out"]
    out = os.path.join(os.fsencode(tmp_path), b"o\xe9")  # in Latin-1, as old archives hold it
    settings = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    run = subprocess.run([*map(os.fsencode, command), out], capture_output=True, text=True, env=settings)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith(f"{tmp_path}/o\\udce9\n")
