"""Which agent follows a score when none is asked for."""

import pytest

from standpartner.follow import agent_for
from standpartner.score import read_score

HEAD = "X:1\nT:Test\nM:4/4\nL:1/4\nK:C\n"


def test_the_bundled_tune_is_single_line(menuet):
    assert agent_for(menuet) == "tunes"


@pytest.mark.parametrize(
    ("music", "agent"),
    [
        ("C D E F | " * 20 + "[CEG]4 |]", "tunes"),  # a line that ends in a chord
        ("C {d}D E F | " * 8, "tunes"),  # grace notes do not sound together
        ("[CE] D [EG] F | " * 8, "piano"),
    ],
)
def test_chords_are_for_the_piano(music, agent, tmp_path):
    path = tmp_path / "music.abc"
    path.write_text(HEAD + music + "\n")
    assert agent_for(read_score(path)) == agent
