"""The rooms of the package, as the design page lists them: who may import whom."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "standpartner"


def listed_floors() -> list[list[str]]:
    """The rooms of each floor, from the listing in docs/design.md."""
    text = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    listing = text.split("<!-- rooms -->")[1]
    return [re.findall(r"^\| `(\w+)` \|", floor, re.MULTILINE) for floor in listing.split("\n### ")[1:]]


FLOORS = listed_floors()
ROOMS = [room for floor in FLOORS for room in floor]
PRODUCT = [room for floor in FLOORS[:2] for room in floor]


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in ROOMS)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    """Rooms that a file imports anything of, also inside functions, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "standpartner" and len(parts) > 1 and not parts[1].startswith("__"):
                yield parts[1], node.lineno


def test_the_design_page_lists_every_room_once() -> None:
    there = {room_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert len(ROOMS) == len(set(ROOMS))
    assert set(ROOMS) == there


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_listed_before_it(path: Path) -> None:
    own = ROOMS.index(room_of(path))
    upward = [f"{room} (line {line})" for room, line in imported_rooms(path) if ROOMS.index(room) > own]
    assert not upward, f"{path.relative_to(PACKAGE)} imports from rooms above its own: {', '.join(upward)}"


def test_what_a_musician_runs_needs_no_research() -> None:
    for path in modules():
        if room_of(path) in PRODUCT:
            assert {room for room, _ in imported_rooms(path)} <= set(PRODUCT), path
