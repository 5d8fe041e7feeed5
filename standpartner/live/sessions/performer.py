"""Follows one listener's performance: sound and commands in, messages of the protocol out.

A `Performer` belongs to one session and is used by one thread at a time. It knows no network and no disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.agent.bundle import Agent, Floats
from standpartner.errors import AudioError, ConfigError
from standpartner.follow import ANYWHERE, Follower, FollowerConfig, Position
from standpartner.follow.position import FramePosition, place_all
from standpartner.hear import Resampler
from standpartner.live.protocol import messages
from standpartner.live.scores.links import Route
from standpartner.live.scores.pages import bar_left_px, page_span_px, strip_x_of
from standpartner.live.sessions.turns import SURE, PageTurn, TurnConfig, TurnPlanner
from standpartner.score import Score

_NEAR_SYSTEMS: Final = 1.0


@dataclass(frozen=True)
class LoadedScore:
    """A score that is ready to be followed, shared by all that play it.

    Attributes:
        id: Its identifier.
        title: Its title.
        score: The score with its pages in the order in which they are played.
        agent: The agent that follows it.
        view: The agent's view of its strip.
        links: Its links; see `Route`.
    """

    id: str
    title: str
    score: Score
    agent: Agent
    view: Floats
    links: Sequence[Mapping[str, int]] = ()


class Performer:
    """Follows one take.

    Args:
        loaded: The score.
        start_px: The place on the strip where the music begins; None stands for the first note.
        anywhere: Whether it may begin anywhere.
        playing: Whether the music is going on already, as after a restart of the server; then no first note is awaited.
        began_s: The second of the take at which this follower begins, if an earlier one was broken off.
        turns: When pages are turned.

    Attributes:
        position: The last position, or None before the first.
        heard_s: The second of the take up to which sound has come.
        last_sound: The sound that was followed last, mono at 22 050 Hz.
    """

    def __init__(
        self,
        loaded: LoadedScore,
        *,
        start_px: float | None = None,
        anywhere: bool = False,
        playing: bool = False,
        began_s: float = 0.0,
        turns: TurnConfig | None = None,
    ) -> None:
        self.loaded = loaded
        self.position: Position | None = None
        self.heard_s = self._began_s = began_s
        self._route = Route(loaded.score, loaded.links)
        self.turns = TurnPlanner(loaded.score, self._route, config=turns)
        self.last_sound: Floats = np.zeros(0, np.float32)
        self._resampler: Resampler | None = None
        self._follower = Follower(
            loaded.score,
            loaded.agent,
            config=FollowerConfig(wait=not playing),
            from_measure=ANYWHERE if anywhere else None,
            view=loaded.view,
        )
        self._state = self.state
        if start_px is not None:
            self._follower.move_to(start_px)
            self.turns.go(int(loaded.score.place(np.array([start_px])).page[0]) + 1)

    @property
    def state(self) -> messages.SessionState:
        """The state of the follower."""
        return self._follower.state.value

    def hear(self, samples: Floats, *, rate_hz: int) -> list[messages.ServerMessage]:
        """Hear the next samples.

        Args:
            samples: The samples, float32 (n, channels), in [-1, 1].
            rate_hz: The samples a second; it may differ from that of the samples before.

        Returns:
            What clients are told of it.

        Raises:
            AudioError: The samples are not finite numbers; silence takes their place, so that time goes on.
        """
        self.heard_s += len(samples) / rate_hz
        try:
            sound = self._resampled(samples, rate_hz)
        except AudioError:
            self._follow(self._resampled(np.zeros_like(samples), rate_hz))
            raise
        return self._follow(sound)

    def move(self, message: messages.Move) -> list[messages.ServerMessage]:
        """Go on from the place that a player tapped.

        Raises:
            ConfigError: There is no such place.
        """
        return self._go_to(place_px(self.loaded.score, message), links_again=True)

    def take_links(self, links: Sequence[Mapping[str, int]]) -> None:
        """Take other links of the score from now on."""
        self._route.replace(self.loaded.score, links)

    def turn_page(self, page: int) -> list[messages.ServerMessage]:
        """Show the page that a player turned to; go to it unless the music is within a system of it.

        Raises:
            ConfigError: There is no such page.
        """
        score = self.loaded.score
        span = page_span_px(score, page)
        if not 1 <= page <= len(score.pages):
            raise ConfigError(f"there is no page {page}; the score has {len(score.pages)}")
        told: list[messages.ServerMessage] = []
        x_px = score.begin_px if self.position is None else self.position.strip_x_px
        if span is not None and not span[0] - self._system_px(x_px) <= x_px < span[1]:
            told = [message for message in self._go_to(span[0]) if not isinstance(message, messages.Turn)]
        turn = self.turns.show(page)
        return [*told, messages.Turn(page=turn.page, reason="player")]

    def _resampled(self, samples: Floats, rate_hz: int) -> Floats:
        rest = np.zeros(0, np.float32)
        if self._resampler is not None and self._resampler.rate_hz != rate_hz:
            rest, self._resampler = self._resampler.finish(), None
        if self._resampler is None:
            self._resampler = Resampler(rate_hz)
        return np.concatenate([rest, self._resampler.push(samples)])

    def _follow(self, sound: Floats) -> list[messages.ServerMessage]:
        told: list[messages.ServerMessage] = []
        self.last_sound = sound
        for position in self._follower.push(sound):
            told += self._take(position)
        if self.state != self._state:
            self._state = self.state
            told.append(messages.State(state=self.state, listening=True))
        return told

    def _take(self, position: Position) -> list[messages.ServerMessage]:
        """Take in a position: tell of it, of the page turn that it makes, and of the link that it passes."""
        before, self.position = self.position, position
        turn = self.turns.take(position)
        told: list[messages.ServerMessage] = [self.message(position)]
        if turn is not None:
            told.append(_turn(turn))
        moved_on = before is not None and position.jumped_from_px is None and not position.lost
        link = self._route.passed(before.strip_x_px, position.strip_x_px) if before is not None and moved_on else None
        return told if link is None else told + self._go_to(link.to_px)

    def _go_to(self, x_px: float, *, links_again: bool = False) -> list[messages.ServerMessage]:
        if links_again:
            self._route.went_back(x_px)
        told: list[messages.ServerMessage] = []
        for position in self._follower.move_to(x_px):
            self.position = position
            turn = self.turns.go(position.page)
            told.append(self.message(position))
            if turn is not None:
                told.append(_turn(turn))
        if self.state != self._state:
            self._state = self.state
            told.append(messages.State(state=self.state, listening=True))
        return told

    def _system_px(self, x_px: float) -> float:
        table = self.loaded.score.systems
        system = int(self.loaded.score.place(np.array([x_px])).system[0])
        return _NEAR_SYSTEMS * float(table.strip_right_px[system] - table.strip_left_px[system])

    def message(self, position: Position) -> messages.Position:
        """Return what clients are told of a position."""
        time_s = self._began_s + position.time_s
        return position_message(self.loaded.score, position, time_s=time_s, heard_s=self.heard_s)


def position_message(score: Score, position: Position, *, time_s: float, heard_s: float) -> messages.Position:
    """Return what clients are told of a position at a second of the take, by sound up to another second."""
    bars = score.bars
    bar = None if bars is None else max(1, int(np.searchsorted(bars.strip_left_px, position.strip_x_px, side="right")))
    return messages.Position(
        time_s=round(time_s, 3),
        heard_s=round(heard_s, 3),
        page=position.page,
        system=position.system,
        bar=bar,
        measure=position.measure,
        page_x=_share(position.page_x),
        page_y=_share(position.page_y),
        strip_x_px=round(position.strip_x_px, 2),
        probability=_share(position.confidence),
        confidence=confidence_word(position),
        jumped=position.jumped_from_px is not None,
    )


def cursor_message(score: Score, x_px: float) -> messages.Position:
    """Return the position of a cursor that a person put at a place on the strip before any music."""
    (position,) = place_all(score, [FramePosition(0, x_px, 1.0, False, jumped_from_px=x_px)])
    return position_message(score, position, time_s=0.0, heard_s=0.0)


def confidence_word(position: Position) -> messages.Confidence:
    """Return the confidence in one word."""
    if position.lost:
        return "lost"
    return "sure" if position.confidence >= SURE else "unsure"


def place_px(score: Score, message: messages.Move) -> float:
    """Return the strip px of a bar or of a place on a page.

    Raises:
        ConfigError: There is no such place, or neither bar nor page is given.
    """
    if message.bar is not None:
        return bar_left_px(score, message.bar)
    if message.page is None:
        raise ConfigError("expected a bar or a page to move to; say which")
    return strip_x_of(score, message.page, page_x=message.page_x, page_y=message.page_y)


def _share(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 5)


def _turn(turn: PageTurn) -> messages.Turn:
    return messages.Turn(page=turn.page, reason=turn.reason)  # type: ignore[arg-type]
