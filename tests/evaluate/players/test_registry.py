"""Players by name."""

import re
from pathlib import Path

import pytest

from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.players import PLAYERS, Player, agent_of_player, find_player, load_agent_player
from standpartner.evaluate.players.baselines import BlindPlayer, DeafPlayer
from standpartner.evaluate.players.follower import FollowerPlayer
from standpartner.evaluate.players.forward_filter import ForwardFilterPlayer
from standpartner.evaluate.players.read_once import ReadOncePlayer

REPOSITORY = Path(__file__).parents[3]


def test_names_become_players(tiny_bundle):
    kinds = {
        "": ReadOncePlayer,
        "filter:": ForwardFilterPlayer,
        "follower:": FollowerPlayer,
        "deaf:": DeafPlayer,
        "blind:": BlindPlayer,
    }
    for head, kind in kinds.items():
        player = find_player(f"{head}{tiny_bundle}")
        assert type(player) is kind
        assert player.name == f"{head}tiny"
    for name in ("oracle", "constant", "random"):
        assert find_player(name).name == name


def test_a_kind_that_takes_an_agent_has_one_without_a_name():
    assert find_player("follower").name == "follower:piano"
    assert [agent_of_player(name) for name in ("follower", "filter:piano", "piano-human", "otw", "oracle")] == [
        "piano",
        "piano",
        "piano-human",
        "piano",
        "piano",
    ]


@pytest.mark.parametrize("name", ["nobody", "oracle:loud", "filter:nobody", "follower:oracle", "tunes:1", ""])
def test_an_unknown_name_is_one_sentence_that_lists_what_there_is(name):
    kinds = (
        "oracle, constant, random, otw, filter[:AGENT], deaf[:AGENT], blind[:AGENT], follower[:AGENT], policy:FILE.py"
    )
    listed = re.escape(f"{kinds}, an agent (piano, ")
    for ask in (find_player, agent_of_player):
        with pytest.raises(ConfigError, match=f"no player '{re.escape(name)}'; expected one of {listed}"):
            ask(name)


def test_a_new_kind_of_player_is_added_in_one_place(monkeypatch, tiny_pieces):
    class Sleeper(Player):
        name = "sleeper"

        def play(self, pieces, config):
            return [[]]

    kind = type(PLAYERS["oracle"])(lambda _: Sleeper())
    monkeypatch.setitem(PLAYERS, "sleeper", kind)
    assert find_player("sleeper").play(tiny_pieces, config=None) == [[]]
    with pytest.raises(ConfigError, match=r"otw, filter.*, sleeper, policy:FILE.py, an agent"):
        find_player("nobody")


def test_what_an_agent_cannot_do_is_said(tmp_path):
    with pytest.raises(AgentError, match="no agent 'nobody'"):
        load_agent_player("nobody")


def test_the_page_and_the_help_list_all_of_them():
    page = (REPOSITORY / "docs" / "evaluation.md").read_text(encoding="utf-8")
    command = (REPOSITORY / "standpartner" / "cli" / "evaluation.py").read_text(encoding="utf-8")
    for name, kind in PLAYERS.items():
        written = f"{name}[:AGENT]" if kind.takes_agent else name
        assert f"| `{written}` |" in page
        assert written in command
