"""Hooks of mkdocs: the reference of commands is written from the commands themselves each time the site is built."""

import re
from typing import Any

import typer
from typer.cli import get_docs_for_click

_MARK = "<!-- commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the commands' own help where a page asks for it."""
    if _MARK not in markdown:
        return markdown
    return markdown.replace(_MARK, _commands())


def _commands() -> str:
    from standpartner.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="standpartner")
    text = text.split("\n", 1)[1]  # the page has a title of its own
    return re.sub(r"<(?!/?(?:br|code|pre)\b)", "&lt;", text)
