"""Speaks the live protocol over one WebSocket; docs/reference/live-protocol.md describes it."""

import asyncio
import time
from contextlib import suppress
from typing import Final

import numpy as np
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from standpartner.errors import ConfigError, ScoreError, StandpartnerError
from standpartner.live.protocol import messages
from standpartner.live.protocol.client import Client
from standpartner.live.sentences import sentence_of
from standpartner.live.sessions.hub import BusyError, Hub
from standpartner.live.sessions.session import Session
from standpartner.live.web.access import token_is_right

_RETRY_S: Final = 30.0
_MESSAGES_A_SECOND: Final = 100.0
_MOST_AT_ONCE: Final = 300.0
_POLICY, _TOO_LARGE, _TRY_LATER, _FAILED, _NORMAL = 1008, 1009, 1013, 1011, 1000


class _EndedError(Exception):
    """The connection is to be closed, after a message that says why."""

    def __init__(self, message: messages.Error | messages.Busy, code: int) -> None:
        super().__init__(message.sentence)
        self.message, self.code = message, code


class Connection:
    """One connected program, from its hello to its end.

    Args:
        socket: The WebSocket, not yet accepted.
        hub: The sessions of the server.
    """

    def __init__(self, socket: WebSocket, hub: Hub) -> None:
        self._socket, self._hub, self._config = socket, hub, hub.config
        self._audio: messages.Audio | None = None
        self._began_s: float | None = None
        self._sound_s = 0.0
        self._credit, self._credited_s = _MOST_AT_ONCE, time.monotonic()
        self._warned_s = 0.0

    async def serve(self) -> None:
        """Speak until either side ends it."""
        await self._socket.accept()
        client = Client(self._socket)
        self._hub.connections += 1
        code = _NORMAL
        try:
            if self._hub.connections > self._config.most_connections:
                raise _busy("This server has as many connections as it can; close a page, or try again later.")
            await self._greet(client)
            await self._listen(client)
        except _EndedError as ended:
            self._hub.leave(client)
            client.tell(ended.message)
            code = ended.code
            await client.flush()
        except WebSocketDisconnect:
            pass
        finally:
            self._hub.connections -= 1
            self._hub.leave(client)
            client.close()
        if client.reason is not None:
            code = _POLICY
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self._socket.close(code, client.reason), 1.0)

    async def _greet(self, client: Client) -> None:
        try:
            received = await asyncio.wait_for(self._socket.receive(), self._config.hello_s)
        except TimeoutError as error:
            raise _ended("bad_message", "No hello came; say hello first.") from error
        text = _text(received)
        if text is None:
            raise _ended("bad_message", "The first message must be a hello.")
        try:
            hello = self._decoded(text)
        except ConfigError as error:
            raise _ended("bad_message", sentence_of(str(error))) from error
        if not isinstance(hello, messages.Hello):
            raise _ended("bad_message", "The first message must be a hello.")
        if hello.version != messages.PROTOCOL_VERSION:
            raise _ended(
                "version",
                f"This server speaks version {messages.PROTOCOL_VERSION} of the protocol, not {hello.version}; load "
                "the page again, or update the program.",
            )
        if not token_is_right(self._config.token, self._socket, said=hello.token):
            raise _ended("not_allowed", "The token is wrong; open the address that standpartner serve printed.")
        try:
            await self._hub.join(hello, client)
        except BusyError as error:
            raise _busy(str(error)) from error
        except ScoreError as error:
            raise _ended("no_score", str(error)) from error
        except StandpartnerError as error:
            raise _ended("ended", str(error)) from error

    async def _listen(self, client: Client) -> None:
        """Take in messages until the device goes away or is dropped."""
        task = client.listening = asyncio.current_task()
        try:
            while True:
                self._take(client, await self._socket.receive())
        except asyncio.CancelledError:
            if client.reason is None or task is None:
                raise  # the server ends
            task.uncancel()

    def _take(self, client: Client, received: Message) -> None:
        text = _text(received)
        session = client.session
        if text is None:
            self._take_sound(client, session, received.get("bytes") or b"")
            return
        self._count()
        try:
            self._act(client, session, self._decoded(text))
        except BusyError as error:
            raise _busy(str(error)) from error
        except StandpartnerError as error:
            client.tell(messages.Error(code="bad_message", sentence=sentence_of(str(error))))

    def _act(self, client: Client, session: Session | None, message: messages.ClientMessage) -> None:
        if isinstance(message, messages.Hello):
            raise ConfigError("hello was said already; close the connection and open another one")
        if session is None:
            raise ConfigError("nothing is played yet; wait for the next welcome")
        if isinstance(message, messages.Audio):
            self._audio = message
        elif isinstance(message, messages.Start):
            if client.role != "listen":
                raise ConfigError("only a listening device starts; say hello with the role listen")
            if not session.listening:
                self._hub.check_room()
            session.start(message)
            self._hub.started(session)
        elif isinstance(message, messages.Stop):
            session.stop()
        elif isinstance(message, messages.Move):
            session.move(message)
        elif isinstance(message, messages.TurnPage):
            session.turn_page(message.page)
        else:
            session.set_turns(message)

    def _take_sound(self, client: Client, session: Session | None, data: bytes) -> None:
        sentence = self._wrong_sound(client, session, data)
        if sentence is None and session is not None and self._audio is not None:
            samples = np.frombuffer(data, "<f4").reshape(-1, self._audio.channels)
            self._pace(len(samples) / self._audio.sample_rate_hz)
            session.hear(samples, rate_hz=self._audio.sample_rate_hz)
        elif sentence is not None:
            self._count()
            if time.monotonic() - self._warned_s > 1.0:
                self._warned_s = time.monotonic()
                client.tell(messages.Error(code="bad_audio", sentence=sentence))

    def _wrong_sound(self, client: Client, session: Session | None, data: bytes) -> str | None:
        """The sentence about sound that cannot be heard, or None."""
        if session is None or session.listener is not client:
            return "Sound came from a device that only shows; say hello with the role listen."
        if self._audio is None:
            return "Sound came before its rate; send audio with sample_rate_hz and channels first."
        if len(data) % (4 * self._audio.channels):
            return f"Sound must be 32-bit floats of {self._audio.channels} channels; {len(data)} bytes are not."
        if len(data) > 4 * self._audio.channels * self._audio.sample_rate_hz:
            return "A frame of sound holds more than a second; send shorter ones."
        return None

    def _pace(self, duration_s: float) -> None:
        """Count sound against the clock."""
        now = time.monotonic()
        self._began_s = now if self._began_s is None else self._began_s
        self._sound_s += duration_s
        behind_s = (now - self._began_s) - self._sound_s
        if behind_s > 1.0:  # sound paused; what was missed is no credit for later
            self._began_s += behind_s - 1.0
        if -behind_s > self._config.ahead_s:
            raise _ended("too_fast", "Sound comes faster than it is played; drop the recording on the page instead.")

    def _count(self) -> None:
        """Count messages against the clock."""
        now = time.monotonic()
        self._credit = min(_MOST_AT_ONCE, self._credit + (now - self._credited_s) * _MESSAGES_A_SECOND) - 1.0
        self._credited_s = now
        if self._credit < 0:
            raise _ended("too_fast", f"More than {_MESSAGES_A_SECOND:.0f} messages a second came; send fewer.")

    def _decoded(self, text: str) -> messages.ClientMessage:
        if len(text) > self._config.most_text_bytes:
            raise _EndedError(
                messages.Error(code="bad_message", sentence="This message is too large.", fatal=True), _TOO_LARGE
            )
        return messages.decode(text)


def _text(received: Message) -> str | None:
    """Return the text of a message, or None for sound.

    Raises:
        WebSocketDisconnect: The device went away.
    """
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1006), received.get("reason"))
    text: str | None = received.get("text")
    return text


def _ended(code: messages.ErrorCode, sentence: str) -> _EndedError:
    return _EndedError(messages.Error(code=code, sentence=sentence, fatal=True), _POLICY)


def _busy(sentence: str) -> _EndedError:
    return _EndedError(messages.Busy(sentence=sentence, retry_s=_RETRY_S), _TRY_LATER)
