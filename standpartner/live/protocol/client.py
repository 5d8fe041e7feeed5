"""Sends messages to one connected program without waiting for it: the newest position wins."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from standpartner.live.protocol import messages

if TYPE_CHECKING:
    from standpartner.live.sessions.session import Session

_MOST_WAITING: Final = 512
_ALIVE_S: Final = 5.0  # after so long a silence the client is told that the connection lives


class Client:
    """A connected program. All methods are called in the event loop.

    Args:
        socket: Its WebSocket, which is open.

    Attributes:
        role: Whether it sends sound or only shows.
        roams: Whether it is shown whatever is played now, of its score or of any.
        score: The score that it asked for, or None.
        reason: Why it is dropped, or None.
        session: The session that it is in, or None.
        listening: The task that takes in its messages, which ends when it is dropped.
    """

    def __init__(self, socket: WebSocket) -> None:
        self.role = "show"
        self.roams = False
        self.score: str | None = None
        self.reason: str | None = None
        self.session: Session | None = None
        self.listening: asyncio.Task[None] | None = None
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._position: str | None = None
        self._wake = asyncio.Event()
        self._sending_since: float | None = None
        self._task = asyncio.create_task(self._send())

    def tell(self, message: messages.ServerMessage, text: str | None = None) -> None:
        """Send a message soon. A position replaces one that still waits.

        Args:
            message: The message.
            text: The message as JSON, if it was written already.
        """
        text = messages.encode(message) if text is None else text
        if isinstance(message, messages.Position) and not message.jumped:
            self._position = text
        else:
            if self._position is not None:
                self._waiting.append(self._position)
            self._position = None
            self._waiting.append(text)
        if len(self._waiting) > _MOST_WAITING:
            self.drop("it does not read what it is sent")
        self._wake.set()

    def is_stuck(self, after_s: float) -> bool:
        """Whether it has not read for some time."""
        return self._sending_since is not None and time.monotonic() - self._sending_since > after_s

    def drop(self, reason: str) -> None:
        """End the connection without waiting for it."""
        self.reason = self.reason or reason
        self._task.cancel()
        if self.listening is not None:
            self.listening.cancel()

    async def flush(self) -> None:
        """Wait until everything has been sent, at most a second."""
        deadline = time.monotonic() + 1.0
        while (self._waiting or self._position or self._sending_since) and time.monotonic() < deadline:
            if self._task.done():
                return
            await asyncio.sleep(0.005)

    def close(self) -> None:
        """Send no more."""
        self._task.cancel()

    async def _send(self) -> None:
        try:
            await self._wake.wait()  # nothing is said before the welcome
            while True:
                self._wake.clear()
                while (text := self._next()) is not None:
                    self._sending_since = time.monotonic()
                    await self._socket.send_text(text)
                    self._sending_since = None
                try:
                    async with asyncio.timeout(_ALIVE_S):
                        await self._wake.wait()
                except TimeoutError:
                    self.tell(messages.Alive())
        except (WebSocketDisconnect, RuntimeError, OSError):  # it went away
            self.reason = self.reason or "it went away"

    def _next(self) -> str | None:
        if self._waiting:
            return self._waiting.popleft()
        text, self._position = self._position, None
        return text
