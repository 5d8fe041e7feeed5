"""Where systems and bars are on straight pages, as tables and as the file `layout.json` that a person may correct.

The file holds ``{"pages": [{"width_px", "height_px", "systems": [{"left_px", "top_px", "right_px", "bottom_px",
"staves", "bars", "barlines_px", "doubt"}]}]}`` and more keys that are written for information and not read back, but
for ``file``, ``picture`` and ``part``. A system's box reaches from its first to its last staff line. ``barlines_px``
are the right ends of its bars, so there are as many as bars.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from standpartner.errors import ScoreError

_MOST_BYTES: Final = 20_000_000
_NUMBERS: Final = ("left_px", "top_px", "right_px", "bottom_px")
_LONGEST: Final = 1_000  # spacings from end to end of a system; a printed one has a few hundred at most


@dataclass(frozen=True)
class BarlineSign:
    """A barline as it is drawn: its middle, its kind (single, double, final, repeat begins, ...), and its doubt."""

    x_px: float
    kind: str
    doubt: float


@dataclass(frozen=True)
class SystemLayout:
    """One system on a straight page.

    Attributes:
        left_px: Left end of its staves.
        top_px: First line of its first staff, where that is highest.
        right_px: Right end of its staves.
        bottom_px: Last line of its last staff, where that is lowest.
        staves: Number of its staves.
        bars: Number of its bars.
        barlines_px: Right end of each bar.
        doubt: Probability that its box or its bars are wrong.
        box_doubt: Probability that its box or its staves are wrong.
        bar_doubts: For each bar the probability that one of its ends is wrong.
        followed: First and last of the staves that are followed, counted from 0.
        begin_px: Where its music begins, after clef, key and time.
        signs: All barlines as they are drawn.
        corners: Its four corners as fractions of the page as the file shows it.
    """

    left_px: float
    top_px: float
    right_px: float
    bottom_px: float
    staves: int
    bars: int
    barlines_px: list[float]
    doubt: float
    box_doubt: float = 0.0
    bar_doubts: list[float] = field(default_factory=list)
    followed: list[int] = field(default_factory=lambda: [0, 0])
    begin_px: float = 0.0
    signs: list[BarlineSign] = field(default_factory=list)
    corners: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class PageLayout:
    """One straight page.

    Attributes:
        width_px: Width of the straight page.
        height_px: Height of the straight page.
        systems: Its systems from top to bottom.
        file: Name of the file it is from.
        picture: Which page or picture of that file, counted from 1.
        part: Which of the pages that it shows side by side, counted from 1.
        spacing_px: Distance of staff lines.
        quarter_turns: Times by which it was turned by 90 degrees against the clock.
        degrees: By how much it was rotated besides.
        was_bent: Whether it was curved or seen from one side, and was straightened.
        left_out: What looks like a staff and was left out, in words.
    """

    width_px: int
    height_px: int
    systems: list[SystemLayout]
    file: str = ""
    picture: int = 1
    part: int = 1
    spacing_px: float = 0.0
    quarter_turns: int = 0
    degrees: float = 0.0
    was_bent: bool = False
    left_out: list[str] = field(default_factory=list)


def page_of(data: Mapping[str, Any]) -> PageLayout:
    """Make a page of what `asdict` made of it."""
    systems = [
        SystemLayout(**{**system, "signs": [BarlineSign(**sign) for sign in system["signs"]]})
        for system in data["systems"]
    ]
    return PageLayout(**{**data, "systems": systems})


def layout_text(pages: Sequence[PageLayout]) -> str:
    """The text of `layout.json`."""
    return json.dumps({"pages": [_rounded(asdict(page)) for page in pages]}, indent=1) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return value


def read_layout(path: Path) -> list[dict[str, Any]]:
    """Read a `layout.json` that may have been corrected by hand.

    Returns:
        For each page its size, file, picture and part (None where it is not told), and its systems with box, staves,
        those followed and right ends of bars.

    Raises:
        ScoreError: The file is missing, no JSON, or says what cannot be.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ScoreError(f"{path.name} is too large for a layout of pages; give the layout.json that read wrote.")
        data = json.loads(path.read_text(encoding="utf-8-sig"))  # editors may put a mark before it
    except OSError as error:
        raise ScoreError(f"The layout {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ScoreError(f"{path.name} is no JSON ({error}); mend it, or let read write it anew.") from error
    pages = data.get("pages") if isinstance(data, dict) else None
    if not isinstance(pages, list) or not pages:
        raise ScoreError(f'{path.name} needs a list "pages" with at least one page; let read write it anew.')
    return [_checked_page(page, f"page {number} of {path.name}") for number, page in enumerate(pages, start=1)]


def _checked_page(page: Any, where: str) -> dict[str, Any]:
    if not isinstance(page, dict) or not isinstance(page.get("systems"), list):
        raise ScoreError(f'{where[0].upper()}{where[1:]} needs a list "systems", which may be empty.')
    size = [_number(page, key, where) for key in ("width_px", "height_px")]
    systems = [
        _checked_system(system, size, f"system {number} on {where}")
        for number, system in enumerate(page["systems"], start=1)
    ]
    counted = {"picture": page.get("picture", 1), "part": page.get("part")}
    for key, value in counted.items():
        if not (type(value) is int and value >= 1) and not (key == "part" and value is None):
            raise ScoreError(f'"{key}" of {where} must be a whole number from 1, not {value!r}.')
    return {
        "width_px": size[0],
        "height_px": size[1],
        "file": str(page.get("file", "")),
        **counted,
        "systems": systems,
    }


def _checked_system(system: Any, size: list[float], where: str) -> dict[str, Any]:
    if not isinstance(system, dict):
        raise ScoreError(f"Expected {where} to be an object with left_px, top_px, right_px and bottom_px.")
    left, top, right, bottom = (_number(system, key, where) for key in _NUMBERS)
    if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
        raise ScoreError(
            f"The box of {where} is {left:g} to {right:g} across and {top:g} to {bottom:g} down, on a page of "
            f"{size[0]:g} x {size[1]:g} px; set it right."
        )
    staves = system.get("staves", 2)
    if isinstance(staves, bool) or not isinstance(staves, int) or not 1 <= staves <= 40:
        raise ScoreError(f'"staves" of {where} must be a whole number from 1 to 40, not {staves!r}.')
    if right - left > _LONGEST * (bottom - top) / (5 * staves - 1):
        raise ScoreError(f'The box of {where} is {bottom - top:g} px high, too low for "staves": {staves}; mend it.')
    barlines = system.get("barlines_px", [])
    numbers = isinstance(barlines, list) and all(_is_number(x) for x in barlines)
    if not numbers or sorted(barlines) != barlines or not all(left < x <= right + 1 for x in barlines):
        raise ScoreError(f'"barlines_px" of {where} must be increasing numbers inside its box, not {barlines!r}.')
    bars = system.get("bars", len(barlines))
    if bars != len(barlines):
        raise ScoreError(
            f'"bars" of {where} is {bars!r}, but there are {len(barlines)} "barlines_px"; give one for each bar.'
        )
    box = {"left_px": left, "top_px": top, "right_px": right, "bottom_px": bottom}
    followed = _followed_among(staves, system.get("followed"))
    return {**box, "staves": staves, "followed": followed, "barlines_px": [float(x) for x in barlines]}


def _followed_among(staves: int, told: Any) -> tuple[int, int]:
    """Return the first and the last of the staves that are followed: those told, if there are such, or the lowest."""
    if isinstance(told, list) and len(told) == 2 and told in [[k, k + 1] for k in range(staves - 1)]:
        return told[0], told[1]
    return max(0, staves - 2), staves - 1


def _number(data: Mapping[str, Any], key: str, where: str) -> float:
    value = data.get(key)
    if not _is_number(value):
        raise ScoreError(f'"{key}" of {where} must be a number, not {value!r}.')
    return float(value)  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
