"""Defines the command line ``standpartner COMMAND``; every command explains itself with ``--help``."""

import errno
import io
import sys
from typing import Annotated, Final

import typer

from standpartner import __version__
from standpartner.cli import explain, follow, piece, play, read, research, serve
from standpartner.errors import StandpartnerError

_NO_OUTPUT: Final = (errno.ENOSPC, errno.EPIPE)  # standard output is full or closed

app = typer.Typer(
    name="standpartner",
    help="Listens to a performance, reads the score, and shows where the music is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"standpartner {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Listens to a performance, reads the score, and shows where the music is."""


follow.add_commands(app)
play.add_commands(app)
read.add_commands(app)
research.add_commands(app)
serve.add_commands(app)
app.add_typer(piece.app, name="piece")
app.add_typer(explain.app, name="explain")


def main() -> None:
    """Run the command line. The exit code is 0 only on success.

    Exit code 1 is an error, which is one sentence on standard error; 2 is wrong usage; 130 is an interrupt.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error: names of files may be no text
    try:
        app()
    except StandpartnerError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_OUTPUT and error.filename is None:
            raise
        what = "the output cannot be written" if error.errno in _NO_OUTPUT else f"{error.filename} cannot be used"
        sys.stderr.write(f"error: {what}: {error.strerror}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
