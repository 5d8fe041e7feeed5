"""What ``import standpartner`` gives: quickly, lazily, with types; and the example of the README."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import standpartner
from standpartner.demo.bundled import load_canon

REPOSITORY = Path(__file__).parents[1]


def python(code: str, cwd: Path) -> str:
    """Run code in a Python of its own; returns what it prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_costs_next_to_nothing(tmp_path: Path) -> None:
    code = "import sys, standpartner; print([name for name in {} if name in sys.modules])"
    heavy = ["numpy", "onnxruntime", "soundfile", "soxr", "PIL", "verovio", "rich", "typer", "standpartner.score"]
    assert python(code.format(heavy), tmp_path).strip() == "[]"
    code = "import time; begun = time.process_time(); import standpartner; print(time.process_time() - begun)"
    assert float(python(code, tmp_path)) < 0.25


def test_each_name_is_that_of_its_room() -> None:
    from standpartner.agent.bundle import load_agent
    from standpartner.errors import StandpartnerError
    from standpartner.follow import Follower
    from standpartner.hear import FileSource
    from standpartner.score import read_score

    names = {"FileSource": FileSource, "Follower": Follower, "load_agent": load_agent, "read_score": read_score}
    names |= {"StandpartnerError": StandpartnerError, "__version__": standpartner.__version__}
    assert {name: getattr(standpartner, name) for name in standpartner.__all__} == names
    assert set(standpartner.__all__) <= set(dir(standpartner))
    with pytest.raises(AttributeError, match="has no attribute 'Leader'"):
        standpartner.Leader  # noqa: B018


@pytest.mark.slow
def test_type_checkers_see_the_names(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    assert (Path(standpartner.__file__).parent / "py.typed").is_file()
    (tmp_path / "use.py").write_text(
        "from standpartner import Follower, load_agent, read_score\n"
        'reveal_type(Follower(read_score("a"), load_agent("b")).push)\n'
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}"]
    done = subprocess.run([*command, "use.py"], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert "list[standpartner.follow.position.Position]" in done.stdout, done.stdout + done.stderr


def test_the_readme_example_runs(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("## From Python")[1]
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example is not None
    piece = load_canon()
    for path in (piece.score, piece.recording):
        shutil.copy(path, tmp_path)
    lines = python(example[1], tmp_path).splitlines()
    measures = [int(line.split("measure ")[1]) for line in lines]
    assert (measures[0], measures[-1]) == (1, 37)
    assert set(measures) == set(range(1, 38))
