"""Faults of the machine while a take goes on."""

import numpy as np

from tests.live.conftest import SCORE

NOISE = np.random.default_rng(0).normal(0, 0.01, 22_050).astype(np.float32)


class FullDisk:
    """A file on a full disk."""

    def write(self, content):
        raise OSError(28, "No space left on device")

    def flush(self):
        raise OSError(28, "No space left on device")

    def close(self):
        return None


def test_a_full_disk_during_a_take_is_told_and_following_goes_on(server):
    device = server.client()
    device.start()
    device.sound(NOISE)
    device.told("position")
    session = server.app.hub.sessions[device.welcome["session"]]
    written = session._writer._file  # the engine may still be writing to it: it is closed last
    session._writer._file = FullDisk()
    device.sound(NOISE)
    assert device.told("error")["sentence"].startswith(
        "This take cannot be kept (No space left on device); following goes on, but make room on the disk of "
    )
    device.say(type="move", bar=9)
    device.sound(NOISE)
    while device.told("position")["bar"] != 9:
        pass
    device.say(type="stop")
    assert device.told("take")["score"] == SCORE
    written.close()


def test_a_database_on_a_full_disk_keeps_the_server_alive(server, monkeypatch):
    device = server.client()
    device.start()
    library = server.app.hub.library

    def full(*_args, **_keywords):
        from standpartner.errors import OutputError

        raise OutputError("the library cannot be written (database or disk is full); is the disk full? Make room.")

    monkeypatch.setattr(library, "_write", full)
    status, _, content = server.request("PATCH", f"/api/scores/{SCORE}", {"title": "New"})
    assert (status, b"is the disk full? Make room." in content) == (507, True)
    device.say(type="start")  # this take cannot be kept
    assert "is the disk full?" in device.told("error")["sentence"]
    device.sound(NOISE)
    assert device.told("position")  # but following goes on
    monkeypatch.undo()
    device.start()
    device.sound(NOISE)
    device.say(type="stop")
    assert device.told("take")["duration_s"] > 0


def test_a_fault_of_the_program_ends_no_session(server, caplog):
    device = server.client()
    device.start()
    session = server.app.hub.sessions[device.welcome["session"]]
    session._do(lambda: 1 // 0)
    assert device.told("error")["sentence"] == "Something went wrong in the server; stop and start again."
    device.sound(NOISE)
    assert device.told("position")
    assert "ZeroDivisionError" in caplog.text
