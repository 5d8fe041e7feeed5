"""The example of PPO in one file learns the toy piece from reward alone."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("gymnasium")
torch = pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "vector_ppo.py"


@pytest.mark.slow
def test_the_toy_piece_is_followed_to_its_end(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("vector_ppo", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "vector_ppo", example)  # its dataclass looks itself up there
    spec.loader.exec_module(example)
    torch.set_num_threads(1)
    track = example.ramp_track()
    curve = example.train([track], [track], example.Settings())
    assert curve[0] < 0.7
    assert curve[-1] == 1.0
