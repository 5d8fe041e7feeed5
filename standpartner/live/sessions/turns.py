"""Decides when another page is to be shown, from positions as they come.

A page is turned when the music is within a lead of the page's end: a part of the last system on it, half of one by
default. While the follower is not sure, no page is turned. A page that the player turned to by hand stays until
the music has been there, or has long been found elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from standpartner.constants import FRAME_RATE_HZ
from standpartner.follow import Position
from standpartner.live.scores.links import Route
from standpartner.live.scores.pages import page_span_px
from standpartner.score import Score

SURE: Final = 0.7  # the probability from which a position is called sure, and turns pages
DEFAULT_LEAD_SYSTEMS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class TurnConfig:
    """When pages are turned.

    Attributes:
        lead_systems: The part of a system before the end of a page at which the next page is shown.
        lead_by_page: The same for single pages, counted from 1.
        sure: The probability from which a position counts.
        ahead_s: The time in s for which the music must be near the end.
        back_s: The time in s for which it must be on another page than the one shown.
        held_s: The same time while a page stays that the player turned to.
    """

    lead_systems: float = DEFAULT_LEAD_SYSTEMS
    lead_by_page: Mapping[int, float] = field(default_factory=dict)
    sure: float = SURE
    ahead_s: float = 0.1
    back_s: float = 0.5
    held_s: float = 4.0


@dataclass(frozen=True)
class PageTurn:
    """A page to be shown, counted from 1, and why: ``ahead``, ``arrived``, ``back``, ``jump`` or ``player``."""

    page: int
    reason: str


class TurnPlanner:
    """Turns the pages of one score for one performance.

    Args:
        score: The score.
        route: The links of the score, by which the page after a page's end may be an earlier one.
        config: When pages are turned.

    Attributes:
        page: The page that is shown, counted from 1.
        config: When pages are turned; it may be replaced at any time.
    """

    def __init__(self, score: Score, route: Route | None = None, *, config: TurnConfig | None = None) -> None:
        self.config = config or TurnConfig()
        self._score, self._route = score, route or Route(score, [])
        self.page = int(score.systems.page[0]) + 1
        spans = ((page, page_span_px(score, page)) for page in range(1, len(score.pages) + 1))
        self._ends_px = {page: span[1] for page, span in spans if span is not None}
        self._near = self._elsewhere = 0
        self._before_page = self.page  # the page that the music was on when the one shown was turned to
        self._held = self._jumped = False

    def take(self, position: Position) -> PageTurn | None:
        """Take in the position of one frame; return the turn that it makes, if any."""
        self._jumped |= position.jumped_from_px is not None
        if position.lost or position.confidence < self.config.sure:
            self._near = self._elsewhere = 0
            return None
        if position.page == self.page:
            return self._on_shown_page(position)
        if position.page == self._before_page and not self._held and self._is_near_end(position):
            return None  # the page was turned to ahead of the music
        return self._on_other_page(position)

    def show(self, page: int) -> PageTurn:
        """Show the page that the player turned to, and keep it."""
        self.page, self._held = page, True
        self._near = self._elsewhere = 0
        return PageTurn(page, "player")

    def go(self, page: int) -> PageTurn | None:
        """Show the page on which the music goes on because a person or a link said so."""
        self._held = self._jumped = False
        self._near = self._elsewhere = 0
        self._before_page, shown = page, self.page
        self.page = page
        return None if page == shown else PageTurn(page, "jump")

    def _on_shown_page(self, position: Position) -> PageTurn | None:
        self._elsewhere, self._held, self._jumped = 0, False, False
        arrived = self._before_page != self.page
        self._before_page = self.page
        if arrived:
            self._near = 0
            return PageTurn(self.page, "arrived")
        following = self._following_page(position)
        self._near = self._near + 1 if following is not None else 0
        if following is None or self._near < self.config.ahead_s * FRAME_RATE_HZ:
            return None
        self.page, self._near = following, 0
        return PageTurn(following, "ahead")

    def _on_other_page(self, position: Position) -> PageTurn | None:
        self._elsewhere += 1
        patience_s = self.config.held_s if self._held else self.config.back_s
        if position.page == self.page + 1 and not self._held and not self._jumped:
            patience_s = 0.0  # the music went on without the end of the page having been seen
        if self._elsewhere < patience_s * FRAME_RATE_HZ:
            return None
        reason = "jump" if self._jumped else "arrived" if position.page > self.page else "back"
        self.page = self._before_page = position.page
        self._near, self._elsewhere, self._held, self._jumped = 0, 0, False, False
        return PageTurn(position.page, reason)

    def _is_near_end(self, position: Position) -> bool:
        return self._following_page(position) == self.page

    def _following_page(self, position: Position) -> int | None:
        """The page on which the music goes on within the lead, or None."""
        last_px = self._ends_px[position.page]
        link = self._route.next_link(position.strip_x_px, last_px)
        end_px, after_px = (last_px, last_px) if link is None else (link.from_px, link.to_px)
        if after_px >= self._score.width_px or position.strip_x_px < end_px - self._lead_px(position.page, end_px):
            return None
        page = int(self._score.place(np.array([after_px + 1e-6])).page[0]) + 1
        return None if page == position.page else page

    def _lead_px(self, page: int, end_px: float) -> float:
        """The lead before an end on a page, in strip px: a part of the system that ends there."""
        lead = self.config.lead_by_page.get(page, self.config.lead_systems)
        table = self._score.systems
        system = max(0, int(np.searchsorted(table.strip_left_px, end_px - 1e-6, side="right")) - 1)
        return lead * float(table.strip_right_px[system] - table.strip_left_px[system])
