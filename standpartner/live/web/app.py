"""Puts the application together: the page, the API, the WebSocket, and the gate before them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from standpartner import __version__
from standpartner.errors import ConfigError, OutputError, StandpartnerError
from standpartner.live.config import LiveConfig
from standpartner.live.protocol.messages import PROTOCOL_VERSION
from standpartner.live.scores.library import Library
from standpartner.live.sentences import sentence_of
from standpartner.live.sessions.hub import Hub
from standpartner.live.sessions.session import Listener
from standpartner.live.takes.recordings import RecordingFollower
from standpartner.live.web.access import Gate
from standpartner.live.web.addresses import addresses, qr_code
from standpartner.live.web.api import Api
from standpartner.live.web.connection import Connection

PAGE_FOLDER: Final = Path(__file__).parent / "page"


class LiveApp:
    """The application of one server, for any ASGI server or test client.

    Args:
        config: The settings of the server.
        cues: Functions that are told every message of every session; see `standpartner.live.protocol.cues`.

    Attributes:
        hub: The sessions, while the application runs.
        asgi: The application with the gate before it.
    """

    def __init__(self, config: LiveConfig, *, cues: Sequence[Listener] = ()) -> None:
        self.config = config
        self._cues = list(cues)
        self.hub: Hub | None = None
        self._api: Api | None = None
        self._inner = Starlette(
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _refused, StandpartnerError: _failed, Exception: _broke},
        )
        self.asgi: ASGIApp = Gate(self._inner, config)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        library = Library(self.config.folder)
        self.hub = Hub(self.config, library, cues=self._cues)
        recordings = RecordingFollower(library)
        app.router.routes[:] = self._routes(Api(self.hub, recordings))
        try:
            yield
        finally:
            recordings.close()
            await self.hub.close()
            library.close()

    def _routes(self, api: Api) -> list[Any]:
        return [
            Route("/api/server", self._about, methods=["GET"]),
            Route("/api/qr.svg", self._qr, methods=["GET"]),
            *api.routes(),
            WebSocketRoute("/ws", self._socket),
            Mount("/", StaticFiles(directory=PAGE_FOLDER, html=True, check_dir=False)),
        ]

    async def _about(self, request: Request) -> Response:
        """Tell of the server and of its addresses for other devices."""
        config = self.config
        return JSONResponse(
            {
                "version": __version__,
                "protocol": PROTOCOL_VERSION,
                "address": str(request.base_url),
                "addresses": addresses(config),
                "secure": config.tls,
                "limits": {
                    "upload_bytes": config.most_upload_bytes,
                    "files": config.most_files,
                    "pages": config.max_pages,
                    "listeners": config.most_listeners,
                },
            }
        )

    async def _qr(self, request: Request) -> Response:
        """Send the address for other devices as a picture."""
        others = addresses(self.config)
        if not others:
            raise ConfigError(
                "other devices cannot reach this server; start it with --host 0.0.0.0 to let them, and with --tls if "
                "they are to listen"
            )
        return Response(qr_code(others[0]), media_type="image/svg+xml")

    async def _socket(self, socket: WebSocket) -> None:
        if self.hub is not None:
            await Connection(socket, self.hub).serve()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (it is registered for these)
    words = error.detail
    if words == HTTPStatus(error.status_code).phrase:
        words = f"There is nothing at this address ({words})."
    return JSONResponse({"error": words}, error.status_code)


async def _failed(request: Request, error: Exception) -> Response:
    status = HTTPStatus.INSUFFICIENT_STORAGE if isinstance(error, OutputError) else HTTPStatus.BAD_REQUEST
    return JSONResponse({"error": sentence_of(str(error))}, status)


async def _broke(request: Request, error: Exception) -> Response:
    return JSONResponse(
        {"error": "Something went wrong in the server; its terminal says what. Try again."},
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
