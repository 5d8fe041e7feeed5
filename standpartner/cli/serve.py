"""Defines the commands ``standpartner serve`` and ``listen``, which import what they need when they run."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from standpartner.cli.play import has_screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from standpartner.live.config import LiveConfig
    from standpartner.live.sessions.session import Listener

_PACKAGES = {
    "starlette": "Starlette",
    "uvicorn": "Uvicorn",
    "websockets": "websockets",
    "multipart": "python-multipart",
    "msgspec": "msgspec",
    "segno": "Segno",
    "cryptography": "cryptography",
}
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on; 0.0.0.0 lets other devices in.")]
Port = Annotated[int, typer.Option(help="The port; 0 takes any free one.", min=0, max=65_535)]
Tls = Annotated[
    bool, typer.Option("--tls", help="Speak https, by a certificate of its own; microphones of other devices need it.")
]
LibraryFolder = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help="The folder of scores and takes; default: the user's own."),
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]
Osc = Annotated[
    str | None, typer.Option("--osc", metavar="HOST:PORT", help="Tell this OSC receiver of bars and pages.")
]
Midi = Annotated[str | None, typer.Option("--midi", metavar="PORT", help="Tell this MIDI output of bars and pages.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(serve)
    app.command()(listen)


def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    tls: Tls = False,
    library: LibraryFolder = None,
    browser: Browser = True,
    osc: Osc = None,
    midi: Midi = None,
) -> None:
    """Serve the page that listens to your playing and turns your pages. Ctrl-C ends the command.

    On this machine alone no token is needed. With --host 0.0.0.0 it prints an address with a token, and as a QR code.
    """
    config = _config(host=host, port=port, tls=tls, library=library)
    _run(config, cues=_cues(osc, midi), browser=browser)


def listen(
    score: Annotated[
        Path | None, typer.Argument(metavar="SCORE", help="A PDF, a picture, a folder of pictures, or notation.")
    ] = None,
    *,
    device: Annotated[
        str | None, typer.Option(metavar="NUMBER|NAME", help="The input to listen to; default: the system's choice.")
    ] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List the inputs and end.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    tls: Tls = False,
    library: LibraryFolder = None,
    browser: Browser = True,
    osc: Osc = None,
    midi: Midi = None,
) -> None:
    """Listen with this machine's own sound card, and serve the page that shows it, here and on other devices.

    Ctrl-C ends the command.
    """
    from standpartner.errors import ConfigError

    config = _config(host=host, port=port, tls=tls, library=library)
    from standpartner.live.scores.adding import add_from_disk
    from standpartner.live.scores.library import Library
    from standpartner.live.sound_card.microphone import MicrophoneSource, input_names

    if devices:
        typer.echo("\n".join(input_names()) or "This machine has no sound input.")
        return
    if score is None:
        raise ConfigError("expected the file of a score to listen with; give a PDF, pictures or notation")
    source = MicrophoneSource(int(device) if device is not None and device.isdecimal() else device)
    shelf = Library(config.folder)
    try:
        identifier = add_from_disk(shelf, score)
    finally:
        shelf.close()

    def begin(running: LiveConfig) -> None:
        from threading import Thread

        from standpartner.live.sound_card.listening import listen_when_ready

        typer.echo(f"Listening with {source.name}.")
        Thread(
            target=listen_when_ready,
            args=(running, identifier, source),
            kwargs={"failed": lambda sentence: sys.stderr.write(f"error: {sentence}\n")},
            daemon=True,
        ).start()

    _run(config, cues=_cues(osc, midi), browser=browser, begin=begin, view="#/show")


def _config(*, host: str, port: int, tls: bool, library: Path | None) -> LiveConfig:
    from standpartner.support.requirements import check_installed

    check_installed("live", _PACKAGES)
    from standpartner.live.config import LiveConfig, library_folder

    return LiveConfig(folder=library or library_folder(), host=host, port=port, tls=tls)


def _cues(osc: str | None, midi: str | None) -> list[Listener]:
    from standpartner.live.protocol.cues import MidiCues, OscCues

    return [*([OscCues(osc)] if osc else []), *([MidiCues(midi)] if midi else [])]


def _run(
    config: LiveConfig,
    *,
    cues: list[Listener],
    browser: bool,
    begin: Callable[[LiveConfig], None] | None = None,
    view: str = "",
) -> None:
    from standpartner.live.web.server import serve as run

    def ready(running: LiveConfig) -> None:
        if begin is not None:
            begin(running)
        _say_where(running, browser=browser, view=view)

    run(config, ready=ready, cues=cues)


def _say_where(config: LiveConfig, *, browser: bool, view: str) -> None:
    """Say where the page is, and open it."""
    from standpartner.live.web.addresses import addresses, page_address, qr_text

    typer.echo(f"The page is at {page_address(config)}{view} (Ctrl-C ends this).")
    others = addresses(config)
    if others:
        typer.echo(f"For other devices: {' or '.join(others)}\n{qr_text(others[0])}")
        if not config.tls:
            typer.echo("They can show pages; to let their microphones listen as well, start with --tls.")
    if browser and has_screen():
        webbrowser.open(page_address(config) + view)
