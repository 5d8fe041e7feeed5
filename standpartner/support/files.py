"""Writing results: whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from standpartner.errors import OutputError


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
            with replacing(path) as draft:
                draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; give another place or make room") from error


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a draft to write to, which takes the file's place when the block ends without an error.

    The draft lies in the same folder, is unlike any other's, and ends like the file. After an error, or a crash, the
    file is what it was before.

    Raises:
        OSError: the file system refuses; the caller says in its own words what could not be written.
    """
    path = Path(path).resolve()  # a link stays a link
    draft = path.with_name(f".{secrets.token_hex(4)}.part-{path.name[-100:]}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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
