"""Decides which requests may reach the server: its own page's, and those with the token where one is asked for."""

import os
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from standpartner.errors import OutputError
from standpartner.live.config import LOOPBACK, LiveConfig

COOKIE: Final = "standpartner_token"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), screen-wake-lock=(self), fullscreen=(self), camera=(), geolocation=()",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; worker-src 'self' blob:; connect-src 'self' {sockets}; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SANDBOX_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; media-src data:; "
    "sandbox allow-scripts; frame-ancestors 'none'"
)


def own_token(folder: Path) -> str:
    """Return the token kept in the library's folder, made if it is missing, so that devices come back after a restart.

    Raises:
        OutputError: The file cannot be read or written.
    """
    path = folder / "token"
    try:
        if path.is_file() and (kept := path.read_text(encoding="ascii").strip()):
            return kept
        token = secrets.token_urlsafe(12)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token)
    except (OSError, ValueError) as error:
        raise OutputError(f"the token in {path} cannot be kept ({error}); make room, or delete that file") from error
    return token


def token_is_right(token: str | None, connection: HTTPConnection, *, said: str | None = None) -> bool:
    """Return whether a request or a WebSocket has the token, in its cookie, its header or its hello."""
    if token is None:
        return True
    bearer = connection.headers.get("authorization", "").removeprefix("Bearer ")
    offered = (said or "", connection.cookies.get(COOKIE, ""), bearer)
    return any(secrets.compare_digest(word.encode(), token.encode()) for word in offered)


class Gate:
    """Refuses requests from other sites and without the token, and adds headers that keep the page to itself.

    Args:
        app: The application behind the gate.
        config: The settings of the server.
    """

    def __init__(self, app: ASGIApp, config: LiveConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(refusal, scope, receive=receive, send=send)
            return
        policy = _POLICY.format(sockets=_sockets(Headers(scope=scope)))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", policy)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._config.token is None and _name(host) not in LOOPBACK:
            return _sentence("Use the address that standpartner serve printed.", HTTPStatus.MISDIRECTED_REQUEST)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _sentence("Only the server's own page may use it.", HTTPStatus.FORBIDDEN)
        if scope["type"] == "websocket":
            return None  # the token may come in its hello
        request = Request(scope)
        offered = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if self._config.token is not None and scope["path"] == "/" and offered:
            return self._let_in(request, offered)
        if not token_is_right(self._config.token, request):
            return _sentence(
                "This server asks for a token; open the whole address that standpartner serve printed.",
                HTTPStatus.UNAUTHORIZED,
            )
        return None

    def _let_in(self, request: Request, offered: str) -> Response:
        """Set the cookie of a token that is right, and go on without the token in the address."""
        if not secrets.compare_digest(offered.encode(), (self._config.token or "").encode()):
            return _sentence("This token is wrong or old; open the address that is shown now.", HTTPStatus.UNAUTHORIZED)
        rest = {name: value for name, value in request.query_params.items() if name != "token"}
        response = RedirectResponse("/" + (f"?{urlencode(rest)}" if rest else ""), HTTPStatus.SEE_OTHER)
        response.set_cookie(
            COOKIE, offered, max_age=30 * 86_400, httponly=True, samesite="strict", secure=self._config.tls
        )
        return response


def _sentence(words: str, status: HTTPStatus) -> Response:
    return JSONResponse({"error": words}, status)


async def _refuse(refusal: Response, scope: Scope, *, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    if scope["type"] == "websocket":
        await receive()
    await refusal(scope, receive, send)


def _name(host: str) -> str:
    """Return a host's name without its port and brackets."""
    return host.rpartition(":")[0].strip("[]") if host.rpartition(":")[2].isdecimal() else host.strip("[]")


def _sockets(headers: Headers) -> str:
    """Return the server's own WebSockets for the content security policy; old browsers do not count them as self."""
    host = headers.get("host", "")
    plain = "".join(letter for letter in host if letter.isalnum() or letter in ".-:[]")
    return f"ws://{plain} wss://{plain}" if plain else ""
