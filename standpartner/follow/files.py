"""Writing results: whole or not at all."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from standpartner.errors import StandpartnerError
from standpartner.follow.position import Position


class OutputError(StandpartnerError):
    """A result cannot be written."""


def write_text(path: str | Path, text: str) -> None:
    """Write a text file; an existing one is replaced only when the new one is complete.

    What is no plain file (``/dev/stdout``, a pipe) is written to as it is.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; give another place or make room") from error


def _replace(path: Path, text: str) -> None:
    path = path.resolve()  # a link stays a link
    temporary = path.with_name(f".{path.name[:100]}-{secrets.token_hex(4)}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        if temporary.exists():
            temporary.unlink()


def check_writable(path: str | Path) -> None:
    """Find out before the work whether a file can be written at the end of it.

    Raises:
        OutputError: its folder is missing, or it is a folder itself.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first")


def make_folder(path: str | Path) -> None:
    """Make a folder unless it is there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {error.strerror or error}; give another place") from error


def write_positions(path: str | Path, positions: Iterable[Position]) -> None:
    """Write positions as JSON lines, one object a frame.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(path, "".join(json.dumps(position.to_json()) + "\n" for position in positions))
