"""Progress is told in the words that were given."""

import pytest

from standpartner.support.progress import progress_bar


def test_brackets_in_a_name_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        bar.advance(bar.add_task("Reading Partita [urtext].pdf", total=1))
    assert "Reading Partita [urtext].pdf" in capsys.readouterr().err
