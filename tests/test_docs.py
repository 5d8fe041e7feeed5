"""The pages that people read: lines that fit, links that lead somewhere, commands that exist."""

import re
from pathlib import Path

import pytest
import typer

from standpartner.cli import app

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted((*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")))
LONGEST_LINE = 120
NOT_PROSE = ("|", "    ", "![")  # tables, code, pictures
named = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))


@named
def test_lines_of_prose_fit(page: Path) -> None:
    prose = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith(NOT_PROSE)]
    too_long = [line for line in prose if len(line) > LONGEST_LINE]
    assert not too_long


@named
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


@named
def test_commands_that_are_shown_exist(page: Path) -> None:
    shown = re.findall(r"^ {4}(?:\S*/)?standpartner (\w[\w-]*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(shown) <= set(known)
