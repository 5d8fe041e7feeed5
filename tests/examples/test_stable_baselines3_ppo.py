"""The documented example runs, sees with convolutions, and learns something from a few hundred steps."""

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "stable_baselines3_ppo.py"


def test_it_trains_for_a_few_hundred_steps():
    pytest.importorskip("stable_baselines3", reason="no Stable-Baselines3; pip install stable-baselines3")
    import torch
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.torch_layers import NatureCNN

    model = runpy.run_path(str(EXAMPLE))["make_model"]()
    extractors = model.policy.features_extractor.extractors
    assert {key: type(part) for key, part in extractors.items()} == {"score": NatureCNN, "spectrogram": NatureCNN}
    before = {name: value.clone() for name, value in model.policy.state_dict().items()}
    model.learn(512)
    assert model.num_timesteps == 512
    after = model.policy.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    unchanged = [name for name, value in before.items() if torch.equal(value, after[name])]
    assert not unchanged
    reward, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=8)
    assert 0 < reward <= 312


def test_the_documentation_shows_the_example():
    text = (EXAMPLE.parents[1] / "docs" / "environment.md").read_text()
    lines = EXAMPLE.read_text().split('"""\n', 1)[1].strip().splitlines()
    assert len(lines) <= 30
    assert "\n".join(lines) in text
