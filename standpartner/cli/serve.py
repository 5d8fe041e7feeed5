"""Defines the command ``standpartner serve``, which imports what it needs when it runs."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from standpartner.cli.play import has_screen

if TYPE_CHECKING:
    from standpartner.live.config import LiveConfig

_PACKAGES = {
    "starlette": "Starlette",
    "uvicorn": "Uvicorn",
    "websockets": "websockets",
    "multipart": "python-multipart",
    "msgspec": "msgspec",
    "segno": "Segno",
    "cryptography": "cryptography",
}


def add_commands(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(serve)


def serve(
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on; 0.0.0.0 lets other devices in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes any free one.", min=0, max=65_535)] = 8765,
    tls: Annotated[
        bool,
        typer.Option("--tls", help="Speak https, by a certificate of its own; microphones of other devices need it."),
    ] = False,
    library: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder of scores and takes; default: one of the user's."),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Serve the page that listens to your playing and turns your pages. Ctrl-C ends the command.

    On this machine alone no token is needed. With --host 0.0.0.0 it prints an address with a token, and as a QR code.
    """
    from standpartner.support.requirements import check_installed

    check_installed("live", _PACKAGES)
    from standpartner.live.config import LiveConfig, library_folder
    from standpartner.live.server import serve as run

    config = LiveConfig(folder=library or library_folder(), host=host, port=port, tls=tls)
    run(config, ready=lambda running: _ready(running, browser=browser))


def _ready(config: LiveConfig, *, browser: bool) -> None:
    """Say where the page is, and open it."""
    from standpartner.live.addresses import addresses, page_address, qr_text

    typer.echo(f"The page is at {page_address(config)} (Ctrl-C ends this).")
    others = addresses(config)
    if others:
        typer.echo(f"For other devices: {' or '.join(others)}\n{qr_text(others[0])}")
        if not config.tls:
            typer.echo("They can show pages; to let their microphones listen as well, start with --tls.")
    if browser and has_screen():
        webbrowser.open(page_address(config))
