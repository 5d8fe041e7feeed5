"""The table of unusual input in docs/robustness.md says what a user sees."""

import re
from pathlib import Path

import pytest

from tests.score.print.bad_input import write_all

DOCS = Path(__file__).parents[2] / "docs" / "robustness.md"


def what_is_said(result: tuple[int, str, str]) -> str:
    """The sentences of a call, without the folder and without numbers of bars and doubts, which may change."""
    code, said, error = result
    if code:
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return error.removeprefix("error: ").strip()
    lines = [re.sub(r", \d+ bars? -> .*", ".", line) for line in said.splitlines()]
    return " ".join(re.sub(r"^\d+ systems? in doubt", "Systems in doubt", line) for line in lines)


@pytest.mark.slow
def test_the_table_of_unusual_input_is_true(call, tmp_path):
    rows = ["| file | what `standpartner read` says |", "|---|---|"]
    for what, path in write_all(tmp_path).items():
        words = what_is_said(call("read", path, "--out", tmp_path / "out"))
        rows.append(f"| {what} | {words} |")
    table = "\n".join(rows)
    assert table in DOCS.read_text(encoding="utf-8"), f"put this into {DOCS.name}:\n{table}"
