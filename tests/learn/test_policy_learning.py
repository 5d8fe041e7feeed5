"""The benchmark of the policy's own learning changes what it names, and nothing else."""

import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from policy_learning import CHANGES, WIDE, Change, base_config, frames_played, phases, taught_encoders

from standpartner.agent.find import find_agent
from standpartner.networks.checkpoint import load_checkpoint

each = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)


def differences(config, other, above=""):
    """The settings of ``other`` that differ from a configuration's, by their paths."""
    found = {}
    for one in fields(config):
        here, there, path = getattr(config, one.name), getattr(other, one.name), above + one.name
        if is_dataclass(here):
            found |= differences(here, there, above=f"{path}.")
        elif here != there:
            found[path] = there
    return found


@each
def test_each_change_differs_from_the_base_in_what_it_names(change: Change) -> None:
    base = base_config(2.0)
    *_, last = phases(base, change, seed=base.seed)
    found = differences(base, last)
    found.pop("name", None)
    found.pop("minutes", None)
    assert found == dict(change.settings)
    assert bool(change.settings) or bool(change.wide_share) == (change.name != "base")


@each
def test_each_change_has_the_same_budget_and_is_validated_by_the_narrow_rules(change: Change) -> None:
    configs = phases(base_config(2.0), change, seed=5)
    assert sum(config.minutes for config in configs) == pytest.approx(2.0)
    assert {config.seed for config in configs} == {5}
    assert configs[-1].ppo.game == "nottingham"
    assert not configs[-1].validate_greedy


def test_the_wide_bound_comes_first_and_for_its_share() -> None:
    wide, narrow = phases(base_config(2.0), Change(wide_share=0.25), seed=1)
    assert differences(narrow, wide) == {"minutes": 0.5, **WIDE}


def test_names_of_folders_differ() -> None:
    assert len({change.name for change in CHANGES}) == len(CHANGES)


def test_a_row_says_what_was_changed_into_what() -> None:
    assert Change({"ppo.discount": 0.9}).label(base_config(1.0)) == "`ppo.discount` 0.97 -> 0.9"


def test_nothing_of_the_policy_is_given() -> None:
    network, _, _ = load_checkpoint(find_agent("tunes-reward") / "weights.safetensors")
    new = network.state_dict().keys() - taught_encoders().keys()
    assert new == {f"policy.{name}" for name in network.policy.state_dict()}


def test_frames_that_were_played_again_after_an_interruption_count_once() -> None:
    steps = [{"step": step, "episode/frames": 100.0} for step in (1, 2, 1, 2, 3)]
    assert frames_played([*steps, {"step": 3, "valid/r_on": 0.5}]) == 300.0
