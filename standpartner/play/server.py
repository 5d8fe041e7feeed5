"""Serves one page locally, with its pictures and sound, and the game.

The page's sound is the clock. After each frame the page sends the key that was pressed for it, and the game
takes a step here, by the same rules that agents are trained with. The page itself knows no rules.
"""

import io
import json
import sys
import threading
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import soundfile

from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import ConfigError, GameError
from standpartner.evaluate.sound import AudibleTrack
from standpartner.game.policies import OraclePolicy
from standpartner.game.rendering import loudness_grey
from standpartner.play.round import Round, play_round
from standpartner.support.embed import grey_png, tiles
from standpartner.support.pages import render_page

_ADDRESS = "127.0.0.1"
_LONGEST_REQUEST_BYTES = 1 << 20

Content = tuple[str, bytes]


class PlayServer(ThreadingHTTPServer):
    """A server of rounds over one piece of music, to this machine only.

    Attributes:
        music: The music that is played.
        contents: The files that can be fetched: media type and bytes, by path.
    """

    daemon_threads = True

    def __init__(self, music: AudibleTrack, *, port: int = 0) -> None:
        """Open the port. `serve_forever` starts serving.

        Args:
            music: The music that is played.
            port: The port; 0 takes any free one.

        Raises:
            ConfigError: The port is not free.
        """
        try:
            super().__init__((_ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"cannot listen on port {port} ({error}); choose another, or 0 for any free one"
            ) from error
        self.music = music
        self.contents = _contents(music)
        self._round, self._number = Round(music), 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{_ADDRESS}:{self.server_port}/"

    def start_round(self) -> dict[str, Any]:
        """Start another round and end the current one.

        Returns:
            The number of the round, ``round``, and the state of the game; see `Round.view`.
        """
        with self._lock:
            self._round, self._number = Round(self.music), self._number + 1
            return {"round": self._number, **self._round.view()}

    def step(self, *, number: int, frame: int, actions: list[int]) -> dict[str, Any]:
        """Play some frames of the current round.

        Args:
            number: The number of the round.
            frame: The frame at which the game stands, so that a request that comes twice is played once.
            actions: The indices of changes of speed, one a frame; those after the round's end are ignored.

        Returns:
            ``views`` holds the state of the game after each step. At the round's end ``measures`` holds those of the
            round (``you``) and of the oracle on the same track, before it is None.

        Raises:
            GameError: This is another round, the game stands at another frame, or the round has ended.
        """
        with self._lock:
            if number != self._number:
                raise GameError(f"round {number} is over: another was started; go on there, or start again")
            if frame != self._round.game.frame[0]:
                raise GameError(f"the game stands at frame {self._round.game.frame[0]}, not {frame}; start again")
            views = [self._round.step(actions[0])]
            for action in actions[1:]:
                if self._round.running:
                    views.append(self._round.step(action))
            return {"views": views, "measures": None if self._round.running else self._compared()}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a browser that closed its connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _compared(self) -> dict[str, Any]:
        return {"you": self._round.measures(), "oracle": self._oracle}

    @cached_property
    def _oracle(self) -> dict[str, Any]:
        return play_round(OraclePolicy(), self.music).measures()


class _Handler(BaseHTTPRequestHandler):
    """Handles the page's requests."""

    server: PlayServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # answers are small and must not wait for more

    def do_GET(self) -> None:
        """Answer with the page, a picture or the sound."""
        if not self._is_local():
            return
        content = self.server.contents.get(self.path)
        if content is None:
            self._say(HTTPStatus.NOT_FOUND, {"error": f"there is nothing at {self.path}"})
        else:
            self._send(HTTPStatus.OK, *content)

    def do_POST(self) -> None:
        """Start a round, or play some frames of it."""
        if not self._is_local():
            return
        body = self._body()
        try:
            if self.path == "/start":
                self._say(HTTPStatus.OK, self.server.start_round())
            elif self.path == "/step":
                self._say(HTTPStatus.OK, self.server.step(**_checked_step(body, self.server.music)))
            else:
                self._say(HTTPStatus.NOT_FOUND, {"error": f"there is nothing at {self.path}"})
        except ConfigError as error:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        except GameError as error:
            self._say(HTTPStatus.CONFLICT, {"error": str(error)})

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, so that the terminal stays free."""

    def _is_local(self) -> bool:
        """Refuse other names for this machine, by which other pages could reach it."""
        name = (self.headers.get("Host") or "").rpartition(":")[0]
        if name in (_ADDRESS, "localhost"):
            return True
        self.close_connection = True  # the rest of the request is not read
        self._say(HTTPStatus.FORBIDDEN, {"error": f"use the address {self.server.url}"})
        return False

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _LONGEST_REQUEST_BYTES:
            self.close_connection = True
            return b""
        return self.rfile.read(int(length))

    def _say(self, status: HTTPStatus, values: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(values).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def _checked_step(body: bytes, music: AudibleTrack) -> dict[str, Any]:
    """Read the arguments of `PlayServer.step` from a request."""
    count = len(music.config.actions)
    try:
        request = json.loads(body)
        number, frame, actions = request["round"], request["frame"], request["actions"]
        whole = [type(value) is int for value in (number, frame, *actions)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError("expected JSON with round, frame and actions") from error
    if not all(whole) or not actions or not all(0 <= action < count for action in actions):
        raise ConfigError(f"expected whole numbers, and one action or more from 0 to {count - 1}")
    return {"number": number, "frame": frame, "actions": list(actions)}


def _contents(music: AudibleTrack) -> dict[str, Content]:
    strip = [grey_png(tile) for tile in tiles(music.track.strip)]
    heard = [grey_png(tile) for tile in tiles(loudness_grey(music.track.spectrogram).T[::-1])]
    sound = io.BytesIO()
    soundfile.write(sound, np.clip(music.audio, -1.0, 1.0), SAMPLE_RATE_HZ, format="FLAC")
    page = _page(music, strip_tiles=len(strip), heard_tiles=len(heard))
    return {
        "/": ("text/html; charset=utf-8", page.encode()),
        "/sound.flac": ("audio/flac", sound.getvalue()),
        **{f"/strip/{k}.png": ("image/png", tile) for k, tile in enumerate(strip)},
        **{f"/heard/{k}.png": ("image/png", tile) for k, tile in enumerate(heard)},
    }


def _page(music: AudibleTrack, *, strip_tiles: int, heard_tiles: int) -> str:
    track, config = music.track, music.config
    data = {
        "rules": config.name,
        "sound": music.sound,
        "frameRate": FRAME_RATE_HZ,
        "firstFrame": track.first_frame,
        "lastFrame": track.last_frame,
        "actions": config.actions,
        "boundPx": config.bound_px,
        "windowPx": [config.window_width_px, config.window_height_px],
        "stripPx": [track.strip.shape[1], track.strip.shape[0]],
        "heardPx": [len(track.spectrogram), track.spectrogram.shape[1]],
        "framesInView": config.frames_in_view,
        "stripTiles": strip_tiles,
        "heardTiles": heard_tiles,
        "start": Round(music).view(),
    }
    return render_page("play/page.html", {"title": music.title, "data": data})
