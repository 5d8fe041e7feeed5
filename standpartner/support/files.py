"""Writes files whole or not at all."""

import json
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from standpartner.errors import OutputError

# What reading a damaged .npz file or another zip archive may raise.
DAMAGED_ARCHIVE: Final = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    NotImplementedError,
    zlib.error,
    zipfile.BadZipFile,
)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file as `write_parts` does."""
    write_parts(path, [text])


def write_parts(path: str | Path, parts: Iterable[str]) -> None:
    """Write a text file part by part; an existing one is replaced only when the new one is complete.

    Anything but a plain file (``/dev/stdout``, a pipe) is written to directly.

    Raises:
        OutputError: The file cannot be written.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            _write(path, parts)
        else:
            with replacing(path) as draft:
                _write(draft, parts)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; give another place or make room") from error


def _write(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", errors="replace") as file:  # names of files may hold bytes that are no UTF-8
        file.writelines(parts)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a draft to write to, which replaces the file when the block ends without an error.

    The draft lies in the same folder, has a name of its own, and has the file's suffix. After an error, or a crash, the
    file is what it was before.

    Raises:
        OSError: The file system refuses; the caller says in its own words what could not be written.
    """
    path = Path(path).resolve()  # a link stays a link
    draft = path.with_name(f".{secrets.token_hex(4)}.part-{path.name[-100:]}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: str | Path | None, content: Any) -> None:
    """Write what can be JSON, for people to read, as `write_parts` does; None stands for a file that is not wanted."""
    if path is not None:
        write_text(path, json.dumps(content, indent=1) + "\n")


def check_writable(path: str | Path) -> None:
    """Check before the work that a file can be written after it.

    Raises:
        OutputError: The folder is missing, the path is a folder itself, or it may not be written there.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder; give the name of a file")
        if not path.parent.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first")
        written = path if path.exists() and not path.is_file() else path.parent  # a file is replaced by another one
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; give another place") from error
    if not os.access(written, os.W_OK):
        raise OutputError(f"cannot write {path}: you may not write to {written}; give another place")


def check_apart(*outputs: Path | None, inputs: Iterable[Path | None] = ()) -> None:
    """Check that no file is written that is read, or that something else is written to.

    Args:
        outputs: The files that are written; None for one that is not wanted.
        inputs: The files that are read; None for one that there is not.

    Raises:
        OutputError: A plain file is among them twice.
    """
    taken = {path.resolve(): "it is read, too" for path in filter(None, inputs)}
    for path in filter(None, outputs):
        place = path.resolve()
        if place in taken and (path.is_file() or not path.exists()):
            raise OutputError(f"cannot write {path}: {taken[place]}; give another place")
        taken[place] = "something else is written to it, too"


def prepare_outputs(*paths: Path | None) -> None:
    """Make the folders of files that are written after long work, and check that these can be written.

    Args:
        paths: The files; None for one that is not wanted.

    Raises:
        OutputError: A folder cannot be made, or a file cannot be written, or is wanted twice.
    """
    check_apart(*paths)
    for path in filter(None, paths):
        make_folder(path.parent)
        check_writable(path)


def make_folder(path: str | Path) -> None:
    """Make a folder unless it exists.

    Raises:
        OutputError: The folder cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {error.strerror or error}; give another place") from error


def own_pages(folder: Path, *, marker: str) -> list[Path]:
    """List the pictures of pages, page-001.png ..., that an earlier run wrote into a folder.

    Args:
        folder: The folder.
        marker: The name of the file that a run writes beside them.

    Raises:
        OutputError: There are such pictures without the marker: they are of another origin and must not be replaced.
    """
    pages = sorted(path for path in folder.glob("page-*.png") if re.fullmatch(r"page-\d{3,}\.png", path.name))
    if pages and not (folder / marker).is_file():
        raise OutputError(
            f"{folder} holds pictures that would be replaced ({pages[0].name}), and no {marker} of an earlier run "
            "beside them; give another folder"
        )
    return pages
