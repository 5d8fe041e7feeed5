"""Keeps all sessions of a server: who joins which, who has room, and what is saved of them."""

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from standpartner.agent.bundle import load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import ConfigError, ScoreError, StandpartnerError
from standpartner.live.config import LiveConfig
from standpartner.live.engine import Engine
from standpartner.live.protocol import messages
from standpartner.live.protocol.client import Client
from standpartner.live.scores.library import Library, SavedSession, new_id
from standpartner.live.scores.pages import in_order
from standpartner.live.scores.reading import ScoreReader, load_read
from standpartner.live.sessions.performer import LoadedScore
from standpartner.live.sessions.session import Listener, Session
from standpartner.live.takes.takes import save_take

_LOG: Final = logging.getLogger("standpartner.live")
_TICK_S: Final = 1.0
_MOST_LOADED: Final = 24
_ABANDONED_S: Final = 120.0  # a take whose listening device is away for so long is closed
_RETRY_S: Final = 30.0


class BusyError(StandpartnerError):
    """The server has no room for one more listener."""


class ScoreShelf:
    """Loads scores to be followed and keeps those that were used last. Threads may share it.

    Args:
        library: The library.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._agent = load_agent(DEFAULT_AGENT)
        self._lock = threading.Lock()
        self._loaded: OrderedDict[tuple[str, int, tuple[int, ...]], LoadedScore] = OrderedDict()

    def load(self, score: str) -> LoadedScore:
        """Load a score.

        Raises:
            ScoreError: There is no such score, or it is not ready.
        """
        record = self._library.score(score)
        if record is None:
            raise ScoreError("There is no such score; choose one from the library.")
        if record.state != "ready":
            words = record.sentence or "It is still being read; wait a moment."
            raise ScoreError(f"This score is not ready: {words}")
        key = (score, record.revision, tuple(record.page_order))
        with self._lock:
            loaded = self._loaded.get(key)
            if loaded is None:
                read = in_order(load_read(self._library, record), record.page_order)
                loaded = LoadedScore(score, record.title, read, self._agent, self._agent.read(read.strip))
                self._loaded[key] = loaded
            self._loaded.move_to_end(key)
            while len(self._loaded) > _MOST_LOADED:
                self._loaded.popitem(last=False)
        return replace(loaded, title=record.title, links=record.links)


class Hub:
    """All sessions of a server. Its methods are called in the event loop.

    Args:
        config: The settings of the server.
        library: The library.
        cues: Functions that are told every message of every session.

    Attributes:
        connections: The number of open WebSockets.
    """

    def __init__(self, config: LiveConfig, library: Library, *, cues: Sequence[Listener] = ()) -> None:
        self.config, self.library = config, library
        self._cues = list(cues)
        self.shelf = ScoreShelf(library)
        self.engine = Engine()
        self.sessions: dict[str, Session] = {}
        self.connections = 0
        self._roaming: set[Client] = set()  # devices that are shown whatever is played, while they see nothing
        self._loop = asyncio.get_running_loop()
        self.reader = ScoreReader(library, max_pages=config.max_pages, changed=self._was_read)
        self._task = asyncio.create_task(self._tick())
        self._tasks: set[asyncio.Task[None]] = set()
        self._joining = asyncio.Lock()

    async def close(self) -> None:
        """Save all sessions and stop working."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for session in self.sessions.values():
            for client in list(session.clients):
                client.close()
        await asyncio.to_thread(self._save, [(s, s.snapshot()) for s in self.sessions.values()])
        self.reader.close()
        await asyncio.to_thread(self.engine.close)
        for session in self.sessions.values():
            session.close()

    def has_room(self) -> bool:
        """Whether one more take may begin."""
        taken = sum(session.listening for session in self.sessions.values())
        return taken < self.config.most_listeners and self.engine.late_s < self.config.late_s

    def check_room(self) -> None:
        """Check that one more take may begin.

        Raises:
            BusyError: There are as many as the server can follow.
        """
        if not self.has_room():
            raise BusyError(
                "This server follows as many players as it can; those who play go on. Try again in half a minute."
            )

    async def join(self, hello: messages.Hello, client: Client) -> Session | None:
        """Let a device join the session that it asks for, which may be a new one.

        Returns:
            The session, or None for a showing device while nothing is played.

        Raises:
            BusyError: A new listener asks while there is no room.
            ConfigError: It listens without a score, in no session or in one that is not there any more.
            ScoreError: There is no such score, or it is not ready.
        """
        client.roams, client.score = hello.role == "show", hello.score
        async with self._joining:
            session = await self._session_for(hello)
        if session is None:
            self._roaming.add(client)
            client.tell(self._lobby_welcome())
            return None
        session.add(client, hello.role)
        return session

    def leave(self, client: Client) -> None:
        """Let a device leave."""
        self._roaming.discard(client)
        if client.session is not None:
            client.session.remove(client)

    def started(self, session: Session) -> None:
        """Show a take that began to the showing devices that asked for its score or for any, and see no take now."""
        silent = [other for other in self.sessions.values() if other is not session and not other.listening]
        for client in [*self._roaming, *(client for other in silent for client in other.clients)]:
            if client.roams and client.score in (None, session.loaded.id):
                self.leave(client)
                session.add(client, "show")

    async def score_changed(self, score: str, *, links_only: bool = False) -> None:
        """Let the sessions of a score take in a correction."""
        concerned = [session for session in self.sessions.values() if session.loaded.id == score]
        if not concerned:
            return
        try:
            loaded = await asyncio.to_thread(self.shelf.load, score)
        except StandpartnerError as error:
            _LOG.warning("a corrected score cannot be loaded: %s", error)
            return
        for session in concerned:
            session.take_score(loaded, links_only=links_only)

    def score_deleted(self, score: str) -> None:
        """End the sessions of a score that was deleted."""
        for session in [session for session in self.sessions.values() if session.loaded.id == score]:
            session.stop()
            session.tell([messages.Error(code="no_score", sentence="This score was deleted.")])
            for client in list(session.clients):
                session.remove(client)
            del self.sessions[session.id]

    async def _session_for(self, hello: messages.Hello) -> Session | None:
        named = None
        if hello.session is not None:
            named = self.sessions.get(hello.session) or await self._restored(hello.session)
        if hello.role == "show":
            return self._shown(hello)
        if named is not None:
            return named
        if hello.session is not None and hello.score is None:
            raise ConfigError("This session is over; choose the score and start again.")
        if hello.score is None:
            raise ConfigError("A listening device names the score that is played; say which.")
        self.check_room()
        loaded = await asyncio.to_thread(self.shelf.load, hello.score)
        return self._made(new_id(), loaded)

    async def _restored(self, session: str) -> Session | None:
        """Go on with a session that an earlier server kept."""
        kept = await asyncio.to_thread(self.library.session, session)
        if kept is None:
            return None
        score, content = kept
        loaded = await asyncio.to_thread(self.shelf.load, score)
        made = self._made(session, loaded)
        made.resume(content)
        return made

    def _made(self, session: str, loaded: LoadedScore) -> Session:
        made = Session(session, loaded, engine=self.engine, library=self.library)
        self.sessions[session] = made
        made.observers = self._cues
        return made

    def _shown(self, hello: messages.Hello) -> Session | None:
        """The session that plays the score of a showing device, or any; else the one that it names or played last."""
        fitting = [session for session in self.sessions.values() if hello.score in (None, session.loaded.id)]
        return max(fitting, key=lambda each: (each.listening, each.id == hello.session, each.played_s), default=None)

    def _lobby_welcome(self) -> messages.Welcome:
        from standpartner import __version__

        return messages.Welcome(
            version=messages.PROTOCOL_VERSION,
            server=f"standpartner {__version__}",
            session=None,
            score=None,
            role="show",
            state="idle",
            listening=False,
            position=None,
            page=1,
            lead_systems=0.0,
        )

    def _was_read(self, score: str) -> None:
        """Called in the reader's thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._spawn_change, score)

    def _spawn_change(self, score: str) -> None:
        task = asyncio.create_task(self.score_changed(score))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        """Once a second: save what changed, drop who is stuck, close what was abandoned, forget what is over."""
        began_s = time.time()
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                await self._look_after(began_s)
            except StandpartnerError as error:
                _LOG.warning("sessions cannot be saved: %s", error)
            except Exception:
                _LOG.exception("looking after the sessions failed")

    async def _look_after(self, began_s: float) -> None:
        now = time.time()
        if not any(session.lane.busy for session in self.sessions.values()):
            self.engine.late_s *= 0.5
        for session in list(self.sessions.values()):
            for client in list(session.clients):
                if client.is_stuck(self.config.stuck_s):
                    client.drop("it does not read what it is sent")
            away_s = 0.0 if session.left_s is None else now - session.left_s
            if session.listening and away_s > _ABANDONED_S:
                session.stop()
            if away_s > self.config.forget_s:
                del self.sessions[session.id]
        changed = [(session, session.snapshot()) for session in self.sessions.values() if session.changed]
        going_on = {session.take for session in self.sessions.values()}
        await asyncio.to_thread(self._save, changed)
        if now - began_s > _ABANDONED_S:
            await asyncio.to_thread(self._close_takes, going_on, began_s)

    def _save(self, changed: list[tuple[Session, dict]]) -> None:
        saved = [
            SavedSession(session.id, session.loaded.id, content, _last_position(session.position))
            for session, content in changed
        ]
        self.library.save_sessions(saved)
        self.library.forget_sessions(time.time() - self.config.forget_s)

    def _close_takes(self, going_on: set[str | None], began_s: float) -> None:
        """Close the takes of earlier servers with which nobody goes on."""
        for take in self.library.open_takes():
            if take.id not in going_on and take.started_s < began_s:
                save_take(self.library, take.id)


def _last_position(position: messages.Position | None) -> dict[str, object] | None:
    if position is None:
        return None
    return {name: getattr(position, name) for name in ("bar", "page", "page_x", "page_y")}
