"""A server that only pretends: it answers a browser's requests with what a test gives it. Nothing runs but the page."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, WebSocketRoute

from standpartner.score import Score

PAGE = Path(__file__).parents[4] / "standpartner" / "live" / "web" / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def tell_score(score: Score, *, doubtful_system: int = 0, **more: Any) -> dict[str, Any]:
    """What the server says of a score."""
    sizes = [page.shape for page in score.pages]
    table, bars = score.systems, score.bars
    systems = [
        {
            "system": k + 1,
            "page": int(table.page[k]) + 1,
            "left_px": float(table.page_left_px[k]),
            "top_px": float(table.page_top_px[k]) + 40,
            "right_px": float(table.page_right_px[k]),
            "bottom_px": float(table.page_bottom_px[k]) - 40,
            "staves": 2,
            "doubt": 0.8 if k + 1 == doubtful_system else 0.01,
        }
        for k in range(len(table))
    ]
    assert bars is not None
    left, right = score.place(bars.strip_left_px), score.place(bars.strip_right_px - 0.01)
    told_bars = [
        {
            "bar": k + 1,
            "measure": k + 1,
            "system": int(bars.system[k]) + 1,
            "page": int(table.page[bars.system[k]]) + 1,
            "left_px": float(left.page_x_px[k]),
            "right_px": float(right.page_x_px[k]),
            "doubt": 0.01,
        }
        for k in range(len(bars))
    ]
    layout = {
        "pages": [
            {
                "width_px": width,
                "height_px": height,
                "file": "music.pdf",
                "picture": number,
                "systems": [
                    {
                        **{
                            key: system[key]
                            for key in ("left_px", "top_px", "right_px", "bottom_px", "staves", "doubt")
                        },
                        "barlines_px": [bar["right_px"] for bar in told_bars if bar["system"] == system["system"]],
                        "bars": sum(bar["system"] == system["system"] for bar in told_bars),
                    }
                    for system in systems
                    if system["page"] == number
                ],
            }
            for number, (height, width) in enumerate(sizes, start=1)
        ]
    }
    return {
        "id": "k3v9x2",
        "title": score.title or "Study",
        "kind": "print",
        "state": "ready",
        "sentence": "",
        "progress": {"pages_read": len(sizes), "pages": len(sizes)},
        "pages": [
            {
                "page": number,
                "width_px": width,
                "height_px": height,
                "image": f"/api/scores/k3v9x2/pages/{number}.png?v=1",
                "crop": {"left": 0.02, "top": 0.03, "right": 0.98, "bottom": 0.97},
            }
            for number, (height, width) in enumerate(sizes, start=1)
        ],
        "page_count": len(sizes),
        "systems": systems,
        "bars": told_bars,
        "layout": layout,
        "page_order": list(range(1, len(sizes) + 1)),
        "first_measure": 1,
        "links": [],
        "last_position": None,
        "added_s": 1795880000.0,
        "played_s": None,
        "thumbnail": "/api/scores/k3v9x2/thumbnail.png?v=1",
        **more,
    }


class PretendServer:
    """Answers a page's requests; a context that ends with it.

    Attributes:
        origin: Its address.
        answers: What is answered to "METHOD /path", as JSON; what can be called is called, and {} is answered.
        asked: The requests for the API so far, each with its body.
        said: The messages that the page sent over its WebSockets.
        sound_frames: How many binary frames came.
        sockets: The open WebSockets.
        away: Whether WebSockets are broken as soon as they are opened.
    """

    def __init__(self, page: Page, score: Score, pictures: list[bytes], **more: Any) -> None:
        self.score = tell_score(score, **more)
        self._images, self._readings = pictures, 0
        short = {key: value for key, value in self.score.items() if key not in ("systems", "bars", "layout", "links")}
        self.answers: dict[str, Any] = {
            "GET /api/scores": {"scores": [short]},
            "GET /api/scores/k3v9x2": self.score,
            "PATCH /api/scores/k3v9x2": self.score,
            "PUT /api/scores/k3v9x2/layout": self.read_again,
            "GET /api/scores/k3v9x2/takes": {"takes": []},
            "GET /api/server": {"addresses": [], "protocol": 1},
        }
        self.asked: list[tuple[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.sound_frames = 0
        self.sockets: list[WebSocketRoute] = []
        self.away = False
        self.welcome = {"listening": False, "state": "idle", "position": None, "page": 1}
        self._http = _HttpServer(("127.0.0.1", 0), _handler(self))
        self.origin = f"http://localhost:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        page.route_web_socket("**/ws", self._socket)

    def __enter__(self) -> "PretendServer":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def say(self, **message: Any) -> None:
        """Send a message to all that are connected."""
        for socket in self.sockets:
            socket.send(json.dumps(message))

    def place(self, system: int, x: float, **more: Any) -> None:
        """Say a position; system counts from 1."""
        self.say(**position(self.score, system, x, **more))

    def drop(self, *, away: bool = False) -> None:
        """Break all connections; where the server is away then, those that come are broken, too."""
        self.away = away
        for socket in self.sockets:
            socket.close()
        self.sockets = []

    def read_again(self) -> None:
        """Tell from now on of a score that was read again, whose pictures have new addresses."""
        self._readings += 1
        pages = [{**page, "image": f"{page['image']}-{self._readings}"} for page in self.score["pages"]]
        self.answers["GET /api/scores/k3v9x2"] = {**self.score, "pages": pages}

    def answer(self, method: str, path: str, body: str | None) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        if not path.startswith("/api/"):
            file = PAGE / (path.lstrip("/") or "index.html")
            return (200, _TYPES[file.suffix], file.read_bytes()) if file.is_file() else (404, "text/plain", b"")
        if path.endswith(".png"):
            number = path.rpartition("/")[2].removesuffix(".png")
            return 200, "image/png", self._images[int(number) - 1 if number.isdecimal() else 0]
        key = f"{method} {path}"
        self.asked.append((key, _body(body)))
        answer = self.answers.get(key, {"error": f"The pretended server has no {key}."})
        if callable(answer):
            answer()
            answer = {}
        return 200 if key in self.answers else 404, "application/json", json.dumps(answer).encode()

    def _socket(self, socket: WebSocketRoute) -> None:
        if self.away:
            socket.close()
            return

        def take(message: str | bytes) -> None:
            if isinstance(message, bytes):
                self.sound_frames += 1
                return
            told = json.loads(message)
            self.said.append(told)
            if told["type"] == "hello":
                self.sockets.append(socket)
                fixed = {"version": 1, "server": "pretended", "session": "s1", "lead_systems": 0.5}
                score = told.get("score") or "k3v9x2"
                socket.send(
                    json.dumps({"type": "welcome", **fixed, "score": score, "role": told["role"], **self.welcome})
                )
            elif told["type"] == "start":
                socket.send(json.dumps({"type": "state", "state": "following", "listening": True, "take": "t1"}))
            elif told["type"] == "stop":
                socket.send(json.dumps({"type": "state", "state": "idle", "listening": False, "take": None}))

        socket.on_message(take)


def position(score: dict[str, Any], system: int, x: float, **more: Any) -> dict[str, Any]:
    """Make a position within a system; x is 0 at its left end and 1 at its right end."""
    box = score["systems"][system - 1]
    page = score["pages"][box["page"] - 1]
    x_px = box["left_px"] + x * (box["right_px"] - box["left_px"])
    bar = [bar for bar in score["bars"] if bar["system"] == system and bar["left_px"] <= x_px + 0.5][-1]
    made = {
        "type": "position",
        "time_s": 1.0,
        "heard_s": 1.0,
        "page": box["page"],
        "system": system,
        "bar": bar["bar"],
        "measure": bar["measure"],
        "page_x": x_px / page["width_px"],
        "page_y": (box["top_px"] + box["bottom_px"]) / 2 / page["height_px"],
        "strip_x_px": 0.0,
        "probability": 0.95,
        "confidence": "sure",
        "jumped": False,
    }
    return {**made, **more}


class _HttpServer(ThreadingHTTPServer):
    request_queue_size = 128  # a browser asks for all files of the page at once, and for what is refused a second later


def _handler(server: PretendServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            status, kind, answer = server.answer(self.command, self.path.split("?")[0], body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _body(text: str | None) -> Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text


def encode_pages(score: Score) -> list[bytes]:
    """The pages as PNG files."""
    files = [io.BytesIO() for _ in score.pages]
    for file, image in zip(files, score.pages, strict=True):
        Image.fromarray(image).save(file, "PNG", compress_level=1)
    return [file.getvalue() for file in files]
