"""Takes in uploaded files: limits their size, gives them safe names, and stores them whole or not at all."""

import asyncio
import re
import shutil
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from standpartner.errors import OutputError
from standpartner.support.files import make_folder

_SILENCE_S: Final = 60.0
_LONGEST_NAME: Final = 80
_COPIED_BYTES: Final = 1 << 20


async def read_form(request: Request, *, most_bytes: int, most_files: int) -> FormData:
    """Read an upload; its files lie in unnamed temporary files, which vanish with the process.

    Raises:
        HTTPException: It is too large, has too many files, stalls, or is no multipart form.
    """
    try:
        return await _limited(request, most_bytes).form(max_files=most_files, max_fields=20)
    except MultiPartException as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"This upload cannot be read ({error.message}).") from error
    except OSError as error:
        raise OutputError(
            f"the upload cannot be stored ({error.strerror or error}); make room on the disk and send it again"
        ) from error


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Read the body of a request.

    Raises:
        HTTPException: It is too large or stalls.
    """
    return await _limited(request, most_bytes).body()


def _limited(request: Request, most_bytes: int) -> Request:
    """Return the request with a limit on its size and on the time for which it may stall."""
    too_large = HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"An upload may have {most_bytes / 1e6:.0f} MB; send smaller files."
    )
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most_bytes:
        raise too_large
    receive, came = request.receive, 0

    async def limited() -> Message:
        nonlocal came
        try:
            message = await asyncio.wait_for(receive(), _SILENCE_S)
        except TimeoutError as error:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "The upload stalled; send it again.") from error
        came += len(message.get("body", b""))
        if came > most_bytes:
            raise too_large
        return message

    return Request(request.scope, limited)


def store_files(uploads: Sequence[UploadFile], folder: Path) -> list[str]:
    """Store uploaded files in a folder, numbered in order.

    Returns:
        Their names as they came, made safe.

    Raises:
        OutputError: They cannot be written; nothing is left behind.
    """
    make_folder(folder)
    names = [safe_name(upload.filename or "file") for upload in uploads]
    try:
        for number, (upload, name) in enumerate(zip(uploads, names, strict=True), start=1):
            upload.file.seek(0)
            with (folder / f"{number:03d}-{name}").open("wb") as target:
                shutil.copyfileobj(upload.file, target, _COPIED_BYTES)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(
            f"the upload cannot be stored ({error.strerror or error}); make room on the disk and send it again"
        ) from error
    return names


def safe_name(name: str) -> str:
    """Return the last part of a file's name without what could mean a folder, a control character or a hidden file."""
    last = re.split(r"[/\\]", name)[-1]
    kept = re.sub(r"[^\w .()\[\]-]", "_", last, flags=re.UNICODE).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    suffix = suffix[:10]
    return f"{stem[: _LONGEST_NAME - len(suffix)]}{dot}{suffix}" if stem else (kept[:_LONGEST_NAME] or "file")
