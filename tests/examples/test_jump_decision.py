"""The example that learns from reward when to jump: its returns in closed form, and a world that it solves."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "jump_decision.py"
FRAMES = 200


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("jump_decision", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.set_num_threads(1)
    return module


def world(example, *, hint, found_right, right):
    """A world of one hint, in which the rule never decides and the agent stays as right or lost as it is."""
    whole = np.ones(FRAMES)
    return example.World(
        inputs=np.stack([hint * whole, np.linspace(-1, 1, FRAMES)], axis=1),
        prior=0 * whole,
        may_go=whole > 0,
        right=np.full(FRAMES, right),
        found_right=np.full(FRAMES, found_right),
        reward=(0.85 if right else 0.0) * whole,
        player_jumps=whole < 0,
    )


def test_what_going_brings_more_than_staying(example):
    lost = world(example, hint=0.0, found_right=True, right=False)
    never = example.advantages(lost, np.zeros(FRAMES))
    left = np.arange(FRAMES, 0, -1)
    gain = example.RIGHT - example.COST - example.DISCOUNT**left * example.WRONG
    reached = np.cumsum(example.DISCOUNT ** np.arange(FRAMES)) / 20
    np.testing.assert_allclose(never, gain * reached)
    at_home = example.advantages(world(example, hint=0.0, found_right=True, right=True), np.zeros(FRAMES))
    np.testing.assert_allclose(at_home / reached, -example.COST, err_msg="to go from right to right costs the jump")


def test_learns_to_go_where_it_pays_and_to_stay_elsewhere(example):
    pays = world(example, hint=1.0, found_right=True, right=False)
    harms = world(example, hint=-1.0, found_right=False, right=True)
    policy = example.learn([pays, harms], steps=100)
    with torch.no_grad():
        assert policy(pays).min() > 0.7
        assert policy(harms).max() < 0.3


def test_counts_false_jumps_and_what_was_found_in_time(example):
    lost = world(example, hint=0.0, found_right=True, right=False)
    lost.player_jumps[10] = True
    frames = np.arange(FRAMES)
    assert example.play(lost, frames - 30.5) == {"false": 0, "jumps": 1, "within 2 s": 1, "within 5 s": 1}
    assert example.play(lost, frames - 80.5) == {"false": 0, "jumps": 1, "within 2 s": 0, "within 5 s": 1}
    wrong = world(example, hint=0.0, found_right=False, right=True)
    assert example.play(wrong, np.ones(FRAMES))["false"] == 1
    assert example.play(wrong, np.where(frames == 170, -1.0, 1.0))["false"] == 2, "after eight seconds it may go again"


def test_a_record_becomes_a_world(example):
    rows = np.zeros((FRAMES, len(example.COLUMNS)))
    column = {name: number for number, name in enumerate(example.COLUMNS)}
    rows[:, column["found_px"]], rows[:, column["found_speed_px"]] = 1000 + 4 * np.arange(FRAMES), 4
    rows[:, column["target_px"]] = rows[:, column["found_px"]]
    rows[:, column["found"]], rows[:, column["here"]], rows[:, column["tracked"]] = 1.0, np.exp(-10), 0.5
    made = example.make_world(rows)
    assert made.may_go.all()
    assert made.found_right.all()
    assert not made.right.any()
    first = int(np.argmax(made.prior > 0))
    assert (first + 1) * 2 / 20 == pytest.approx(2.5, abs=0.11), "two beyond eight a second gather to two and a half"
