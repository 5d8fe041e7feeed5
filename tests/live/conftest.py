"""A score of three pages that nobody had to read, a library with it, and a server that runs in a thread."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from websockets.sync.client import ClientConnection, connect

from standpartner.live.config import LiveConfig
from standpartner.live.scores.library import Library
from standpartner.live.scores.reading import read_folder, write_reading
from standpartner.live.web.app import LiveApp
from standpartner.score import Bars, Printed, Score, Systems

PAGES, SYSTEMS_A_PAGE, BARS_A_SYSTEM, SYSTEM_PX = 3, 2, 4, 400
SCORE = "score1"


def make_score() -> Score:
    """Three pages of two systems of four bars; a bar is 100 strip px, and a page px is a strip px."""
    systems = PAGES * SYSTEMS_A_PAGE
    number = np.arange(systems)
    left = SYSTEM_PX * number.astype(float)
    top = np.where(number % SYSTEMS_A_PAGE == 0, 100.0, 400.0)
    bars = np.arange(systems * BARS_A_SYSTEM)
    page = np.full((600, 500), 255, np.uint8)
    page[100:200, 50:450] = page[400:500, 50:450] = 0
    return Score(
        title="Made",
        strip=np.full((160, systems * SYSTEM_PX), 255, np.uint8),
        pages=tuple(page.copy() for _ in range(PAGES)),
        page_scale=1.0,
        systems=Systems(
            page=number // SYSTEMS_A_PAGE,
            page_left_px=np.full(systems, 50.0),
            page_top_px=top,
            page_right_px=np.full(systems, 450.0),
            page_bottom_px=top + 100.0,
            strip_left_px=left,
            strip_right_px=left + SYSTEM_PX,
            staves=np.full(systems, 2),
            doubt=np.zeros(systems),
        ),
        music=Printed(
            begin_px=40.0,
            end_px=float(systems * SYSTEM_PX),
            bars=Bars(
                label=np.array([str(bar + 1) for bar in bars]),
                strip_left_px=100.0 * bars,
                strip_right_px=100.0 * bars + 100.0,
                system=bars // BARS_A_SYSTEM,
                doubt=np.zeros(len(bars)),
            ),
        ),
    )


def put_into(library: Library, score: Score, *, name: str = SCORE) -> None:
    """Put a score into a library as if it had been uploaded and read."""
    files = library.score_folder(name) / "files"
    files.mkdir(parents=True)
    (files / "001-made.pdf").write_bytes(b"%PDF-1.4")
    library.add_score(name, score.title, kind="print")
    record = library.score(name)
    assert record is not None
    read_folder(library, record).mkdir()
    write_reading(score, read_folder(library, record))
    order = list(range(1, len(score.pages) + 1))
    library.change_score(name, state="ready", page_order=order, page_count=len(order), pages_read=len(order))


@dataclass
class RunningServer:
    """A server in a thread, and how to talk to it."""

    listening: socket.socket
    app: LiveApp
    stack: contextlib.ExitStack

    @property
    def port(self) -> int:
        return int(self.listening.getsockname()[1])

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and content of an answer."""
        content = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, content, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered, which must not be an error."""
        status, _, content = self.request(method, path, body)
        assert status < 400, content
        return json.loads(content) if content else None

    def socket(self, **options: Any) -> contextlib.AbstractContextManager[ClientConnection]:
        """Opens a WebSocket without a hello."""
        return connect(f"ws://127.0.0.1:{self.port}/ws", open_timeout=20, close_timeout=2, **options)

    def client(self, role: str = "listen", score: str | None = SCORE, session: str | None = None) -> "Device":
        """A device that said hello."""
        return Device(self.stack.enter_context(self.socket()), role=role, score=score, session=session)


class Device:
    """A connected program that keeps what it is told."""

    def __init__(
        self, connection: ClientConnection, *, role: str, score: str | None = None, session: str | None = None
    ) -> None:
        self.connection = connection
        self.say(type="hello", version=1, role=role, score=score, session=session)
        self.welcome = self.told("welcome")

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def told(self, kind: str, *, seconds: float = 20.0) -> dict[str, Any]:
        """The next message of a kind; those before it are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            message = json.loads(self.connection.recv(timeout=max(0.01, deadline - time.monotonic())))
            if message["type"] == kind:
                return message

    def sound(self, samples: np.ndarray, *, frame: int = 441) -> None:
        """Send mono sound in frames."""
        for first in range(0, len(samples), frame):
            self.connection.send(samples[first : first + frame].astype("<f4").tobytes())

    def start(self, **values: Any) -> dict[str, Any]:
        self.say(type="audio", sample_rate_hz=22_050, channels=1)
        self.say(type="start", **values)
        return self.told("state")

    def close(self) -> None:
        self.connection.close()


@contextlib.contextmanager
def running(config: LiveConfig) -> Iterator[RunningServer]:
    """Run a server in a thread."""
    app = LiveApp(config)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app.asgi,
            log_level="error",
            ws="websockets-sansio",
            ws_max_size=config.most_frame_bytes,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
    )
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        with contextlib.ExitStack() as stack:
            yield RunningServer(listening, app, stack)
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@pytest.fixture
def score() -> Score:
    return make_score()


@pytest.fixture
def library(tmp_path: Path, score: Score) -> Iterator[Library]:
    made = Library(tmp_path / "library")
    put_into(made, score)
    yield made
    made.close()


@pytest.fixture
def run_server(tmp_path: Path, score: Score) -> Iterator[Callable[..., RunningServer]]:
    """Runs servers of one library with the made score, with some settings changed."""
    config = LiveConfig(folder=tmp_path / "library", ahead_s=1_000.0, late_s=1_000.0)
    made = Library(config.folder)
    put_into(made, score)
    made.close()
    with contextlib.ExitStack() as stack:
        yield lambda **changes: stack.enter_context(running(replace(config, **changes)))


@pytest.fixture
def server(run_server: Callable[..., RunningServer]) -> RunningServer:
    return run_server()
