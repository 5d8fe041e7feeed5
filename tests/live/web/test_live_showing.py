"""Which session a showing device sees: the one that it names, that of its score, or whatever is played."""

import pytest

from standpartner.live.protocol import client
from standpartner.live.scores.library import Library
from tests.live.conftest import SCORE, put_into

OTHER = "score2"


@pytest.fixture
def two_scores(server, score):
    library = Library(server.app.hub.library.folder, tidy=False)
    put_into(library, score, name=OTHER)
    library.close()
    return server


def test_a_device_that_comes_back_without_a_score_is_shown_whatever_is_played(two_scores):
    first = two_scores.client()
    show = two_scores.client("show", score=None, session=first.welcome["session"])
    assert show.welcome["score"] == SCORE
    second = two_scores.client(score=OTHER)
    second.start()
    assert show.told("welcome")["session"] == second.welcome["session"]


def test_a_device_that_comes_back_is_shown_what_has_begun_meanwhile(two_scores):
    first, second = two_scores.client(), two_scores.client(score=OTHER)
    second.start()
    show = two_scores.client("show", score=None, session=first.welcome["session"])
    assert show.welcome["session"] == second.welcome["session"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_device_that_names_a_score_is_shown_whatever_is_played_of_it(two_scores, is_open):
    if is_open:
        two_scores.client()
    show = two_scores.client("show")
    two_scores.client(score=OTHER).start()
    player = two_scores.client()
    player.start()
    assert show.told("welcome")["session"] == player.welcome["session"]


def test_a_showing_device_whose_session_is_over_is_shown_whatever_is_played(server):
    assert server.client("show", score=None, session="gone").welcome["session"] is None


def test_devices_that_are_told_nothing_else_are_told_that_the_connection_lives(server, monkeypatch):
    monkeypatch.setattr(client, "_ALIVE_S", 0.05)
    for device in (server.client("show"), server.client()):
        assert device.told("alive") == device.told("alive") == {"type": "alive"}
