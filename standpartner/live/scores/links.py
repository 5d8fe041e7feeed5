"""Follows the links that a player tapped: a repeat or a D.S. that leads from one bar's end to another bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from standpartner.errors import ConfigError
from standpartner.live.scores.pages import bar_left_px
from standpartner.score import Score

_FIELDS: Final = ("from_bar", "to_bar", "times")
_MOST_LINKS: Final = 200
_MOST_TIMES: Final = 20
_LEAST_AWAY_PX: Final = 4.0


@dataclass(frozen=True)
class Link:
    """A link of the strip: where it leaves and where it leads to, in strip px, and how many times it is taken."""

    from_px: float
    to_px: float
    times: int


class Route:
    """Takes the links of a score in one performance, each as many times as it says.

    Args:
        score: The score.
        links: The links with ``from_bar``, ``to_bar`` and ``times``; those whose bars are not there are left out.
    """

    def __init__(self, score: Score, links: Sequence[Mapping[str, int]]) -> None:
        self.links: list[Link] = []
        self._left: list[int] = []
        self.replace(score, links)

    def replace(self, score: Score, links: Sequence[Mapping[str, int]]) -> None:
        """Take other links from now on."""
        self.links = [made for link in links if (made := _link(score, link)) is not None]
        self._left = [link.times for link in self.links]

    def next_link(self, x_px: float, last_px: float) -> Link | None:
        """The next link that will be taken after a place and not after another one, or None."""
        ahead = [
            link
            for link, left in zip(self.links, self._left, strict=True)
            if left > 0 and x_px <= link.from_px <= last_px
        ]
        return min(ahead, key=lambda link: link.from_px, default=None)

    def passed(self, before_px: float, now_px: float) -> Link | None:
        """Take the first link whose end was passed by moving from one place on to another, or None."""
        for index, link in enumerate(self.links):
            if self._left[index] > 0 and before_px < link.from_px - _LEAST_AWAY_PX <= now_px:
                self._left[index] -= 1
                return link
        return None

    def went_back(self, x_px: float) -> None:
        """Let all links after a place be taken again, because the player began again there."""
        for index, link in enumerate(self.links):
            if link.from_px > x_px:
                self._left[index] = link.times


def check_links(links: Any, *, bars: int) -> list[dict[str, int]]:
    """Check links that came from outside.

    Args:
        links: The links as they came.
        bars: The number of bars of the score.

    Raises:
        ConfigError: They are not a list of links between bars of the score.
    """
    if not isinstance(links, list) or len(links) > _MOST_LINKS:
        raise ConfigError(f"expected a list of at most {_MOST_LINKS} links")
    return [_checked(link, bars) for link in links]


def _checked(link: Any, bars: int) -> dict[str, int]:
    values = link if isinstance(link, dict) else {}
    start, target, times = (values.get(name, 1 if name == "times" else 0) for name in _FIELDS)
    whole = isinstance(start, int) and isinstance(target, int) and isinstance(times, int)
    if not whole or not (1 <= start <= bars and 1 <= target <= bars and 1 <= times <= _MOST_TIMES):
        raise ConfigError(
            f"expected a link with from_bar and to_bar from 1 to {bars} and times from 1 to {_MOST_TIMES}, got {link!r}"
        )
    return {"from_bar": start, "to_bar": target, "times": times}


def _link(score: Score, link: Mapping[str, int]) -> Link | None:
    bars = score.bars
    if bars is None or max(link["from_bar"], link["to_bar"]) > len(bars):
        return None
    end_px = float(bars.strip_right_px[link["from_bar"] - 1])
    try:
        return Link(end_px, bar_left_px(score, link["to_bar"]), link.get("times", 1))
    except ConfigError:
        return None
