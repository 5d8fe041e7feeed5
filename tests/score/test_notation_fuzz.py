"""Damaged notation files give a score or one sentence, and never end the reader."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DATA = Path(__file__).parent / "data"


@pytest.mark.slow
def test_sixty_damaged_files_keep_the_promises() -> None:
    command = [sys.executable, str(BENCHMARKS / "fuzz_notation.py"), str(DATA), "--count", "60", "--seed", "1"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "60 files; the largest child had" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
