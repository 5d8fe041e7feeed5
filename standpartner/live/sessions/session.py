"""Holds one session: the devices around one performance, of which one listens at most and any number shows.

All methods are called in the event loop. The work of following is done in the session's lane of the engine.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner import __version__
from standpartner.errors import AudioError, ConfigError, OutputError, StandpartnerError
from standpartner.live.engine import Engine, Lane
from standpartner.live.protocol import messages
from standpartner.live.protocol.client import Client
from standpartner.live.scores.library import Library, new_id
from standpartner.live.scores.pages import bar_left_px, page_span_px
from standpartner.live.sentences import sentence_of
from standpartner.live.sessions.performer import LoadedScore, Performer, cursor_message, place_px
from standpartner.live.sessions.turns import TurnConfig
from standpartner.live.sessions.waiting_sound import WaitingSound
from standpartner.live.takes.takes import TakeWriter, save_take

_LOG: Final = logging.getLogger("standpartner.live")
_MOST_WAITING: Final = 2_000
_AGAIN_S: Final = 2.0  # the same error is told again after this time

Told = Sequence[messages.ServerMessage]
Listener = Callable[["Session", messages.ServerMessage], None]


class Session:
    """The devices around one performance.

    Args:
        session: Its identifier.
        loaded: The score that is played.
        engine: The engine that follows.
        library: The library that keeps takes.

    Attributes:
        clients: The connected devices.
        listener: The device that sends sound, or None.
        listening: Whether a take is going on.
        state: The state of the follower.
        take: The take that is going on, or None.
        position: The last position, or None.
        page: The page to show.
        turns: When pages are turned.
        left_s: The time at which the last device left, in seconds since 1970; None while one is there.
        observers: Functions that are told every message, such as those of OSC and MIDI.
    """

    def __init__(self, session: str, loaded: LoadedScore, *, engine: Engine, library: Library) -> None:
        self.id, self.loaded = session, loaded
        self.clients: set[Client] = set()
        self.listener: Client | None = None
        self.lane = Lane()
        self._sound = WaitingSound()
        self._asked = 0  # the count of what the lane was asked to do besides hearing
        self.listening = False
        self.state: messages.SessionState = "idle"
        self.take: str | None = None
        self.position: messages.Position | None = None
        self.page = int(loaded.score.systems.page[0]) + 1
        self.turns = TurnConfig()
        self.left_s: float | None = time.time()
        self.played_s = 0.0
        self.observers: list[Listener] = []
        self.changed = True
        self._engine, self._library = engine, library
        self._cursor_px: float | None = None
        self._over = False  # whether the cursor is where the music ended
        self._performer: Performer | None = None
        self._writer: TakeWriter | None = None
        self._keep_audio = False  # whether the sound of the take is wanted, too
        self._told_errors: dict[str, float] = {}

    # Devices

    def add(self, client: Client, role: str) -> None:
        """Add a device and welcome it; one that listens takes the place of another."""
        if role == "listen":
            if self.listener is not None and self.listener is not client:
                self.listener.tell(messages.Error(code="ended", sentence="Another device listens in this session now."))
                self.listener.role = "show"
            self.listener = client
        client.role, client.session = role, self
        self.clients.add(client)
        self.left_s = None
        client.tell(self.welcome(role))

    def remove(self, client: Client) -> None:
        """Remove a device that left."""
        self.clients.discard(client)
        client.session = None
        if self.listener is client:
            self.listener = None
        if not self.clients:
            self.left_s = time.time()

    def welcome(self, role: str) -> messages.Welcome:
        """Return the welcome for a device."""
        return messages.Welcome(
            version=messages.PROTOCOL_VERSION,
            server=f"standpartner {__version__}",
            session=self.id,
            score=self.loaded.id,
            role=role,  # type: ignore[arg-type]
            state=self.state,
            listening=self.listening,
            position=self.position,
            page=self.page,
            lead_systems=self.turns.lead_systems,
        )

    def tell(self, told: Told) -> None:
        """Tell all devices some messages."""
        for message in told:
            if isinstance(message, messages.State):
                message.take = self.take if message.listening else None
            self._note(message)
            text = messages.encode(message)
            for client in list(self.clients):
                client.tell(message, text)
            for observer in self.observers:
                observer(self, message)

    # What devices ask for

    def start(self, message: messages.Start) -> None:
        """Start a take; one that is going on ends.

        Raises:
            ConfigError: There is no such bar.
        """
        x_px = None if message.bar is None else bar_left_px(self.loaded.score, message.bar)
        if self.listening:
            self.stop()
        if message.bar is None and self._over:
            self._put_cursor(self.loaded.score.begin_px)
        elif message.bar is None and not message.anywhere:
            x_px = self._cursor_px
        take, loaded, turns = new_id(), self.loaded, self.turns
        self.take, self.listening, self.state, self.played_s = take, True, "waiting", time.time()
        self._keep_audio = message.keep_audio

        def begin() -> Told:
            self._performer = Performer(loaded, start_px=x_px, anywhere=message.anywhere, turns=turns)
            try:
                self._library.add_take(take, loaded.id)
                self._library.change_score(loaded.id, played_s=time.time())
                self._open_writer(take, keep_audio=message.keep_audio)
            except OutputError as error:
                self._keep_no_more(error)
            return [messages.State(state=self._performer.state, listening=True, take=take)]

        self._do(begin)

    def resume(self, content: dict[str, Any]) -> None:
        """Go on with a session that an earlier server kept; see `snapshot`."""
        self.turns = TurnConfig(
            lead_systems=content["lead_systems"],
            lead_by_page={int(page): lead for page, lead in content["lead_by_page"].items()},
        )
        self._cursor_px, self.page = content["x_px"], content["page"]
        self._over = content.get("over", False)  # an older server did not keep it
        if self._cursor_px is not None:
            self.position = cursor_message(self.loaded.score, self._cursor_px)
        take, loaded, turns = content["take"], self.loaded, self.turns
        if not content["listening"] or take is None:
            return
        gap_s = max(0.0, time.time() - content["saved_s"])
        self.take, self.listening, self.state = take, True, content["state"]
        self._keep_audio = content["keep_audio"]

        def begin() -> Told:
            self._performer = Performer(
                loaded,
                start_px=content["x_px"],
                playing=content["state"] != "waiting",
                began_s=content["heard_s"] + gap_s,
                turns=turns,
            )
            self._open_writer(take, keep_audio=content["keep_audio"])
            return []

        self._do(begin)

    def stop(self) -> None:
        """End the take that is going on, if any, and save it."""
        if not self.listening:
            return
        self.listening, self.state = False, "idle"
        take, self.take = self.take, None
        assert take is not None  # noqa: S101 (a take is going on)

        def end() -> Told:
            performer, writer = self._performer, self._writer
            self._performer = self._writer = None
            idle = messages.State(state="idle", listening=False)
            if writer is not None:
                writer.close()
            if self._library.take(take) is None:
                return [idle]
            finished = performer is not None and performer.state == "finished"
            duration_s = save_take(self._library, take, finished=finished)
            return [idle, messages.Take(id=take, score=self.loaded.id, duration_s=duration_s)]

        self._do(end)

    def hear(self, samples: NDArray[np.float32], *, rate_hz: int) -> None:
        """Hear the next samples, (n, channels); they are thrown away while no take is going on."""
        if not self.listening:
            return
        if len(self._sound) > _MOST_WAITING:
            self._tell_error("too_slow", "This machine cannot keep up with the sound; close other programs.")
            return
        after = self._asked
        self._sound.add(samples, rate_hz=rate_hz, after=after)
        # Once for each piece, so that all is heard before what comes after it.
        self._engine.submit(self.lane, lambda: self._hear(after), self._done)

    def move(self, message: messages.Move) -> None:
        """Go on from a place.

        Raises:
            ConfigError: There is no such place.
        """
        x_px = place_px(self.loaded.score, message)
        if self.listening:
            self._do(lambda: self._recorded(lambda performer: performer.move(message)))
        else:
            self._put_cursor(x_px)

    def turn_page(self, page: int) -> None:
        """Show the page that a player turned to.

        Raises:
            ConfigError: There is no such page.
        """
        if not 1 <= page <= len(self.loaded.score.pages):
            raise ConfigError(f"there is no page {page}; the score has {len(self.loaded.score.pages)}")
        if self.listening:
            self._do(lambda: self._recorded(lambda performer: performer.turn_page(page)))
            return
        span = page_span_px(self.loaded.score, page)
        cursor_px = None if self._over else self._cursor_px
        if span is not None and not (cursor_px is not None and span[0] <= cursor_px < span[1]):
            self._over, self._cursor_px = False, max(span[0], self.loaded.score.begin_px)
        self.tell([messages.Turn(page=page, reason="player")])

    def set_turns(self, message: messages.Settings) -> None:
        """Change how early pages are turned."""
        if message.lead_systems is not None:
            self.turns = replace(self.turns, lead_systems=message.lead_systems)
        if message.lead_by_page is not None:
            self.turns = replace(self.turns, lead_by_page=message.lead_by_page)
        self.changed = True
        turns = self.turns

        def change() -> Told:
            if self._performer is not None:
                self._performer.turns.config = turns
            return []

        self._do(change)

    def take_score(self, loaded: LoadedScore, *, links_only: bool) -> None:
        """Take in a score that was corrected; a take goes on if only its links changed, and ends otherwise."""
        self.loaded = loaded
        if links_only:

            def change() -> Told:
                if self._performer is not None:
                    self._performer.take_links(loaded.links)
                return []

            self._do(change)
        else:
            self.stop()
            self._cursor_px, self.position, self.page = None, None, int(loaded.score.systems.page[0]) + 1
        self.tell([messages.ScoreChanged(score=loaded.id)])

    def close(self) -> None:
        """Close the files of the take that is going on, when the engine has ended; another server may go on with it."""
        if self._writer is not None:
            self._writer.close()

    def snapshot(self) -> dict[str, Any]:
        """Return what is kept of the session, ready for JSON."""
        self.changed = False
        return {
            "x_px": self._cursor_px if self.position is None else self.position.strip_x_px,
            "over": self._over,
            "page": self.page,
            "state": self.state,
            "listening": self.listening,
            "take": self.take,
            "heard_s": 0.0 if self.position is None else self.position.heard_s,
            "keep_audio": self._keep_audio,
            "lead_systems": self.turns.lead_systems,
            "lead_by_page": dict(self.turns.lead_by_page),
            "saved_s": time.time(),
        }

    # In the lane

    def _open_writer(self, take: str, *, keep_audio: bool) -> None:
        sound = self._library.take_file(take, ".pcm") if keep_audio else None
        self._writer = TakeWriter(self._library.take_file(take, ".jsonl"), sound=sound)

    def _record(self, told: Told) -> None:
        """Write positions to the take; when that fails the take is kept no longer, but following goes on."""
        if self._writer is None or self._performer is None:
            return
        try:
            self._writer.add(told)
            self._writer.add_sound(self._performer.last_sound)
        except OutputError as error:
            self._keep_no_more(error)

    def _keep_no_more(self, error: OutputError) -> None:
        """Go on without writing to the take, and say why."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._engine.tell(lambda words: self._tell_error("failed", words), str(error))

    def _hear(self, after: int) -> Told:
        sound = self._sound.take(after=after)
        if sound is None or self._performer is None:
            return []
        told = self._performer.hear(sound[0], rate_hz=sound[1])
        self._record(told)
        return told

    def _recorded(self, act: Callable[[Performer], Told]) -> Told:
        if self._performer is None:
            return []
        told = act(self._performer)
        self._record([message for message in told if isinstance(message, messages.Position)])
        return told

    # In the event loop

    def _do(self, work: Callable[[], Told]) -> None:
        self._asked += 1
        self._engine.submit(self.lane, work, self._done)

    def _done(self, result: Told | Exception) -> None:
        if not isinstance(result, Exception):
            self.tell(result)
        elif isinstance(result, AudioError):
            self._tell_error("bad_audio", str(result))
        elif isinstance(result, ConfigError):
            self._tell_error("bad_message", str(result))
        elif isinstance(result, StandpartnerError):
            self._tell_error("failed", str(result))
        else:
            _LOG.error("a session failed", exc_info=result)
            self._tell_error("failed", "Something went wrong in the server; stop and start again.")

    def _put_cursor(self, x_px: float) -> None:
        self._over, self._cursor_px = False, x_px
        message = cursor_message(self.loaded.score, x_px)
        turn = [] if message.page == self.page else [messages.Turn(page=message.page, reason="jump")]
        self.tell([message, *turn])

    def _note(self, message: messages.ServerMessage) -> None:
        """Keep what a device that comes later must know."""
        self.changed = True
        if isinstance(message, messages.Position):
            self.position, self._cursor_px = message, message.strip_x_px
        elif isinstance(message, messages.Turn):
            self.page = message.page
        elif isinstance(message, messages.State):
            self.state = message.state
            if message.state != "idle":
                self._over = message.state == "finished"
            else:
                self.state = "waiting" if self.listening else "idle"  # a new take may have begun meanwhile

    def _tell_error(self, code: messages.ErrorCode, words: str) -> None:
        """Tell the listening device, or all without one, what is wrong; the same words at most every two seconds."""
        now = time.monotonic()
        if now - self._told_errors.get(words, -_AGAIN_S) < _AGAIN_S:
            return
        self._told_errors = {words: now}
        message = messages.Error(code=code, sentence=sentence_of(words))
        for client in [self.listener] if self.listener is not None else list(self.clients):
            client.tell(message)
