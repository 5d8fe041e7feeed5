"""Defines the command ``standpartner play``, with which a person plays the game. It imports what it needs."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from standpartner.play import AudibleTrack


def add_commands(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(play)


def play(
    piece: Annotated[
        str | None,
        typer.Argument(
            metavar="PIECE", help="The name of a built piece, CORPUS/NAME, or its folder; default: a menuet."
        ),
    ] = None,
    *,
    performance: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name of the performance; default: the first.")
    ] = None,
    game: Annotated[
        str | None, typer.Option(metavar="piano|nottingham", help="The rules; default: those of the corpus.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port of the page; default: any free one.", min=0, max=65_535)] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Follow a piece yourself in a browser, by the agents' rules. The arrow keys change the reading speed.

    The end shows your measures beside those of the oracle on the same performance. Ctrl-C ends the command.
    """
    from standpartner.errors import ConfigError
    from standpartner.play import PlayServer

    if piece is None and performance is not None:
        raise ConfigError("expected PIECE with --performance: the bundled menuet has one performance only")
    with PlayServer(_music(piece, performance=performance, game=game), port=port) as server:
        typer.echo(f"{server.music.title}: open {server.url} in a browser; Ctrl-C ends this.")
        if browser and has_screen():
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("")


def _music(piece: str | None, *, performance: str | None, game: str | None) -> AudibleTrack:
    from standpartner.corpus.store import find_piece
    from standpartner.demo.bundled import menuet_music
    from standpartner.evaluate.run import game_for
    from standpartner.game.rules import NOTTINGHAM, find_config
    from standpartner.piece import load_piece
    from standpartner.play import audible_track

    if piece is None:
        return menuet_music(find_config(game) if game else NOTTINGHAM)
    folder = find_piece(piece).resolve()
    corpus = folder.parent.parent.name
    return audible_track(load_piece(folder), config=game_for(corpus, game), performance=performance)


def has_screen() -> bool:
    """Tell whether a browser would be seen; without a screen a text browser would take the terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
