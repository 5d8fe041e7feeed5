"""Runs that begin where another one ended."""

import pytest

pytest.importorskip("torch")

from standpartner.errors import ConfigError
from standpartner.learn.chain import begins_with, runs_before
from standpartner.learn.config import load_config, parse_config


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """Three configurations, each after the one before; the names of their runs differ from those of their files."""
    monkeypatch.chdir(tmp_path)
    for name, before in (("a", ""), ("b", "a.toml"), ("c", "b.toml")):
        (tmp_path / f"{name}.toml").write_text(f'name = "run-{name}"\ncorpus = "x"\nafter = "{before}"\n')
    return load_config("c.toml")


def test_the_runs_before_come_in_their_order_and_beside_the_run(chain, tmp_path):
    there = tmp_path / "runs"
    assert runs_before(chain, there / "c") == [("a.toml", there / "run-a"), ("b.toml", there / "run-b")]
    assert begins_with(chain, there / "c") == str(there / "run-b" / "agent")


def test_a_run_with_an_agent_is_finished(chain, tmp_path):
    there = tmp_path / "runs"
    for name in ("run-a", "run-b"):
        (there / name / "agent").mkdir(parents=True)
    assert [name for name, _ in runs_before(chain, there / "c")] == ["a.toml", "b.toml"], "they are not written yet"
    (there / "run-a" / "agent" / "agent.json").touch()
    assert runs_before(chain, there / "c") == [("b.toml", there / "run-b")]
    (there / "run-b" / "agent" / "agent.json").touch()
    assert runs_before(chain, there / "c") == []


def test_a_start_is_taken_as_it_is(tmp_path):
    config = parse_config({"name": "x", "corpus": "x", "start": "piano"})
    assert (begins_with(config, tmp_path), runs_before(config, tmp_path)) == ("piano", [])


def test_a_circle_and_two_beginnings_are_refused(chain, tmp_path):
    (tmp_path / "a.toml").write_text('name = "run-a"\ncorpus = "x"\nafter = "c.toml"\n')
    with pytest.raises(ConfigError, match=r"leads back to b\.toml"):
        runs_before(chain, tmp_path / "c")
    with pytest.raises(ConfigError, match="expected at most one of them, got 'piano' and 'tunes'"):
        parse_config({"name": "x", "corpus": "x", "start": "piano", "after": "tunes"})


@pytest.mark.parametrize("name", ["piano", "piano-human"])
def test_the_shipped_agents_are_made_from_nothing(name, tmp_path):
    first, _ = runs_before(load_config(name), tmp_path / name)[0]
    assert (load_config(first).start, load_config(first).after) == ("", "")
