"""``standpartner learn-jumps`` as a user calls it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.jump_policy import INPUTS, JumpPolicy
from standpartner.learn.jumps import LearnedJumps

Call = Callable[..., tuple[int, str, str]]


def test_what_is_learned_is_recorded_on_demand(
    call: Call, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, asked = tmp_path / "agent", []
    shutil.copytree(tiny_bundle, agent)
    policy = JumpPolicy(np.ones((8, len(INPUTS))), np.ones(8), np.ones(8), 1.0)

    def learn(config, corpora, *, progress):
        asked.append((config.limit, config.seed, config.threshold, [corpus.name for corpus in corpora]))
        progress(3, 3)
        return LearnedJumps(policy, pieces=3, hours=0.5, by_rule=60.0, learned=61.0)

    monkeypatch.setattr("standpartner.learn.jumps.learn_jumps", learn)
    words = ("learn-jumps", "--agent", agent, "--corpus", "asap", "--corpus", "msmd", "--limit", 3, "--seed", 2)
    words += ("--threshold", 0.9)
    code, out, err = call(*words)
    assert code == 0, err
    assert "60.00 by the rule, 61.00 as learned" in " ".join(out.split())
    assert load_agent(str(agent)).jump_policy is None
    assert call(*words, "--record")[0] == 0
    assert asked == [(3, 2, 0.9, ["asap", "msmd"])] * 2
    assert json.loads((agent / "agent.json").read_text())["jump_policy"] == policy.to_json()
    assert (
        "| jumps | decided as learned from reward on 0.50 h of 3 pieces of asap, msmd train, seed 2, threshold 0.9 |"
        in (agent / "MODEL_CARD.md").read_text()
    )


def test_mistakes_are_one_sentence(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    for words, said in (
        (("--agent", "nobody", "--corpus", "asap"), "nobody"),
        (("--agent", "piano", "--corpus", "asap"), "no train piece of asap is built"),
        (("--agent", "piano", "--corpus", "nothing"), "nothing"),
    ):
        code, _, err = call("learn-jumps", *words)
        assert code == 1
        assert said in " ".join(err.split())
        assert err.splitlines()[-1].startswith("error: ") or "error: " in err
