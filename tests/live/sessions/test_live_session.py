"""What a session keeps of itself for a server that goes on with it, and where its takes begin."""

import contextlib

import numpy as np
import pytest

from standpartner.live.protocol import messages
from standpartner.live.sessions.performer import LoadedScore
from standpartner.live.sessions.session import Session
from tests.follow.conftest import ScriptedAgent
from tests.live.conftest import SCORE

SECOND = np.zeros((22_050, 1), np.float32)


class BusyEngine:
    """An engine that has not come to any work yet."""

    def submit(self, lane, work, done):
        lane.work.append((0.0, work, done))


class InstantEngine:
    """An engine that does all work at once."""

    def submit(self, lane, work, done):
        done(work())


@pytest.fixture
def session(score, library):
    """A session of the made score; its agent goes on at 16 px a frame."""
    agent = ScriptedAgent(action=lambda speed: 1 + int(np.sign(16 - speed)))
    loaded = LoadedScore(SCORE, "A", score, agent, agent.read(score.strip))
    made = Session("s", loaded, engine=InstantEngine(), library=library)
    yield made
    made.close()


@pytest.mark.parametrize("keep_audio", [True, False])
def test_a_take_that_is_only_asked_for_says_whether_its_sound_is_kept(keep_audio, score, library):
    loaded = LoadedScore("a", "A", score, agent=None, view=None, links=())
    session = Session("s", loaded, engine=BusyEngine(), library=library)
    assert not session.snapshot()["keep_audio"]
    session.start(messages.Start(keep_audio=keep_audio))
    kept = session.snapshot()
    assert (kept["listening"], kept["take"], kept["keep_audio"]) == (True, session.take, keep_audio)


def play_to_the_end(session):
    """Go on with a take from bar 23, until the follower has come to the end."""
    kept = {"take": "t1", "listening": True, "state": "following", "x_px": 2200.0, "heard_s": 0.0, "page": 3}
    session.resume({**session.snapshot(), **kept})
    for _ in range(4):
        session.hear(SECOND, rate_hz=22_050)
    assert (session.state, session.position.bar) == ("finished", 24)
    session.stop()


@pytest.mark.parametrize("anywhere", [True, False])
def test_after_the_end_the_next_take_begins_at_the_first_note(session, anywhere):
    play_to_the_end(session)
    session.start(messages.Start(anywhere=anywhere))
    assert (session.page, session.position.bar) == (1, 1)
    session.hear(SECOND, rate_hz=22_050)
    assert (session.state, session.position.strip_x_px) == ("waiting", 40.0)


def test_after_the_end_and_a_restart_of_the_server_the_next_take_begins_at_the_first_note(session, library):
    play_to_the_end(session)
    again = Session("s", session.loaded, engine=InstantEngine(), library=library)
    again.resume(session.snapshot())
    assert again.position.bar == 24
    again.start(messages.Start())
    again.hear(SECOND, rate_hz=22_050)
    assert again.position.strip_x_px == 40.0
    again.close()


def test_sound_after_a_stop_is_not_heard_by_the_take_before(session, library):
    with contextlib.closing(Session("s", session.loaded, engine=BusyEngine(), library=library)) as late:
        kinds = []
        late.observers.append(lambda _, message: kinds.append(type(message).__name__))
        for samples in (800, 1300):  # a frame of 1102 begins with the first sample
            late.stop()
            late.start(messages.Start())
            late.hear(SECOND[:samples], rate_hz=22_050)
        for _, work, done in late.lane.work:
            done(work())
    ended = kinds.index("Take")
    assert (kinds[:ended].count("Position"), kinds[ended:].count("Position")) == (1, 2)


def test_after_the_end_a_tapped_bar_is_where_the_next_take_begins(session):
    play_to_the_end(session)
    session.move(messages.Move(bar=17))
    session.start(messages.Start())
    session.hear(SECOND, rate_hz=22_050)
    assert session.position.strip_x_px == 1600.0


def test_a_page_turned_to_after_the_end_is_where_the_next_take_begins(session):
    play_to_the_end(session)
    session.turn_page(3)
    session.start(messages.Start())
    session.hear(SECOND, rate_hz=22_050)
    assert session.position.strip_x_px == 1600.0


def test_a_place_to_be_found_by_ear_is_not_where_the_cursor_is(session):
    session.move(messages.Move(bar=17))
    session.start(messages.Start(anywhere=True))
    session.hear(SECOND, rate_hz=22_050)
    assert session.position.strip_x_px == 40.0
