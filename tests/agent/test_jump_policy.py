"""The weights of a learned decision on jumps: kept as JSON, checked, and never carried into another agent."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.card import record_jump_policy
from standpartner.agent.jump_policy import INPUTS, JumpPolicy
from standpartner.errors import AgentError
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.export import export_bundle


@pytest.fixture
def policy():
    rng = np.random.default_rng(0)
    return JumpPolicy(rng.normal(size=(8, len(INPUTS))), rng.normal(size=8), rng.normal(size=8), 0.5, threshold=0.6)


def test_correction_is_one_hidden_layer_of_tanh(policy):
    inputs = np.random.default_rng(1).normal(size=(5, len(INPUTS)))
    by_hand = [sum(policy.out * np.tanh(policy.hidden @ one + policy.hidden_bias)) + 0.5 for one in inputs]
    np.testing.assert_allclose(policy.correction(inputs), by_hand)


def test_comes_back_from_json(policy):
    again = JumpPolicy.from_json(json.loads(json.dumps(policy.to_json())))
    for name in ("hidden", "hidden_bias", "out", "out_bias", "threshold"):
        np.testing.assert_array_equal(getattr(again, name), getattr(policy, name))
    assert JumpPolicy.from_json(None) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"out": [1.0] * 7}, "shapes"),
        ({"out": 1.0}, "jump policy"),
        ({"hidden": [[0.0], [0.0, 1.0]]}, "jump policy"),
        ({"hidden_bias": ["x"] * 8}, "jump policy"),
        ({"hidden_bias": [float("nan")] * 8}, "finite"),
        ({"out_bias": float("inf")}, "finite"),
        ({"threshold": 1.0}, "threshold"),
        ({"inputs": ["found"]}, "inputs"),
        ({"inputs": 3}, "jump policy"),
    ],
)
def test_bad_numbers_are_refused(policy, change, message):
    with pytest.raises(AgentError, match=f"{message}.*learn again"):
        JumpPolicy.from_json(policy.to_json() | change)


def test_missing_numbers_are_refused(policy):
    with pytest.raises(AgentError, match="learn again"):
        JumpPolicy.from_json({"inputs": list(INPUTS)})
    with pytest.raises(AgentError, match="learn again"):
        JumpPolicy.from_json([1, 2])
    with pytest.raises(AgentError, match="finite"):
        replace(policy, threshold=float("nan"))


def test_is_kept_beside_an_agent_until_it_is_exported_anew(policy, tiny_bundle, tmp_path):
    folder = tmp_path / "agent"
    shutil.copytree(tiny_bundle, folder)
    assert load_agent(str(folder)).jump_policy is None
    record_jump_policy(folder, policy, how="learned on birds")
    np.testing.assert_array_equal(load_agent(str(folder)).jump_policy.hidden, policy.hidden)
    assert "| jumps | learned on birds |" in (folder / "MODEL_CARD.md").read_text()
    network, _, _ = load_checkpoint(folder / "weights.safetensors")
    export_bundle(network, folder, about={"name": "tiny"})
    assert load_agent(str(folder)).jump_policy is None, "the weights were learned with those of before"
