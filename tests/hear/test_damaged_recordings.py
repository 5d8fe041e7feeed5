"""Recordings with random damage: whole, in part or refused in one sentence, and nothing else."""

import sys
from pathlib import Path

import pytest
from test_formats import FORMATS, bursts, write

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from fuzz_recordings import fuzz


@pytest.mark.slow
def test_damage_never_gives_a_traceback(tmp_path):
    originals = [tmp_path / f"{number}.{kind.ending}" for number, kind in enumerate(FORMATS)]
    for path, kind in zip(originals, FORMATS, strict=True):
        write(path, kind, bursts())
    outcomes, slowest_s = fuzz(originals, tmp_path, count=2 * len(FORMATS), seed=1)
    assert set(outcomes) <= {"whole", "in part", "refused"}
    assert slowest_s < 60
