"""A server that is killed with signal 9 loses nothing: clients come back to the next one and go on."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from standpartner.live.scores.library import Library
from tests.live.conftest import SCORE, Device, make_score, put_into

NOISE = np.random.default_rng(0).normal(0, 0.01, 22_050).astype(np.float32)


@dataclass(frozen=True)
class Serving:
    """A server in a process of its own."""

    process: subprocess.Popen
    port: int

    @property
    def socket_address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def json(self, path: str) -> Any:
        """What is answered."""
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as http:
            http.request("GET", path)
            return json.loads(http.getresponse().read())


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """Run ``standpartner serve`` as a person does, until it answers."""
    command = [sys.executable, "-m", "standpartner.cli", "serve", "--library", str(folder), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--no-browser"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        address = re.search(rb"The page is at http://127\.0\.0\.1:(\d+)/", said)
        assert address, said
        server = Serving(process, int(address[1]))
        server.json("/api/server")  # it waits until the server has started
        yield server
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    library = Library(tmp_path / "library")
    put_into(library, make_score())
    library.close()
    return tmp_path / "library"


@pytest.mark.slow
def test_a_take_goes_on_where_it_was_after_kill_9(folder):
    with serving(folder) as server, connect(server.socket_address, close_timeout=1) as connection:
        device = Device(connection, role="listen", score=SCORE)
        device.start()
        device.say(type="move", bar=10)
        for _ in range(4):
            device.sound(NOISE[:11_025])
            time.sleep(0.5)
        session = device.welcome["session"]
        take = server.json(f"/api/scores/{SCORE}/takes")["takes"][0]["id"]
        until(lambda: (server.json(f"/api/scores/{SCORE}")["last_position"] or {}).get("bar") == 10)  # within a second
        server.kill()
    with serving(folder) as server:
        answered_s = time.monotonic()
        with connect(server.socket_address) as connection:
            device = Device(connection, role="listen", session=session)
            assert device.welcome["listening"]
            assert device.welcome["position"]["bar"] == 10
            device.say(type="audio", sample_rate_hz=22_050, channels=1)
            device.sound(NOISE)
            assert device.told("position")["bar"] == 10
            assert time.monotonic() - answered_s < 3.0
            device.say(type="stop")
            assert device.told("take")["id"] == take
    library = Library(folder)
    assert library.take(take).state == "saved"
    library.close()
    lines = (folder / "takes" / f"{take}.jsonl").read_text().splitlines()
    assert all(json.loads(line)["bar"] in (1, 10) for line in lines)


def until(condition):
    """Wait until a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_an_upload_that_was_broken_off_by_kill_9_leaves_the_library_whole(folder):
    with serving(folder) as server, socket.create_connection(("127.0.0.1", server.port)) as upload:
        upload.sendall(
            b"POST /api/scores HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50000000\r\n"
            b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n--edge\r\n"
            b'Content-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n' + bytes(8_000_000)
        )
        time.sleep(0.5)
        server.kill()
    with serving(folder) as server:
        assert [score["id"] for score in server.json("/api/scores")["scores"]] == [SCORE]
    assert [path.name for path in (folder / "scores").iterdir()] == [SCORE]


@pytest.mark.slow
def test_a_score_that_was_being_read_at_kill_9_is_read_by_the_next_server(folder):
    library = Library(folder)
    files = library.score_folder("waits") / "files"
    files.mkdir(parents=True)
    (files / "001-tune.abc").write_text("X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|]\n")
    library.add_score("waits", "Tune", kind="notation")
    library.close()
    with serving(folder) as server:
        until(lambda: server.json("/api/scores/waits")["state"] != "reading")
        assert server.json("/api/scores/waits")["state"] == "ready"
