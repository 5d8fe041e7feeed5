"""What a session keeps of itself for a server that goes on with it."""

import pytest

from standpartner.live.protocol import messages
from standpartner.live.sessions.performer import LoadedScore
from standpartner.live.sessions.session import Session


class BusyEngine:
    """An engine that has not come to any work yet."""

    def submit(self, lane, work, done):
        lane.work.append((0.0, work, done))


@pytest.mark.parametrize("keep_audio", [True, False])
def test_a_take_that_is_only_asked_for_says_whether_its_sound_is_kept(keep_audio, score, library):
    loaded = LoadedScore("a", "A", score, agent=None, view=None, links=())
    session = Session("s", loaded, engine=BusyEngine(), library=library)
    assert not session.snapshot()["keep_audio"]
    session.start(messages.Start(keep_audio=keep_audio))
    kept = session.snapshot()
    assert (kept["listening"], kept["take"], kept["keep_audio"]) == (True, session.take, keep_audio)
