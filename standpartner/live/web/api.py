"""Answers requests over HTTP: the library of scores and the takes; docs/reference/live-protocol.md lists them."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from standpartner.errors import ConfigError, ScoreError
from standpartner.live.scores.corrections import checked_changes, corrected
from standpartner.live.scores.library import ScoreRecord, TakeRecord, new_id
from standpartner.live.scores.reading import read_folder, thumbnail
from standpartner.live.scores.uploads import read_body, read_form, store_files
from standpartner.live.scores.views import score_view, short_score, short_take
from standpartner.live.sessions.hub import Hub
from standpartner.live.takes.exports import bars_csv, score_archive, take_csv, take_page
from standpartner.live.takes.recordings import RecordingFollower
from standpartner.live.takes.takes import read_positions, take_content
from standpartner.live.web.access import SANDBOX_POLICY

_LAYOUT_BYTES: Final = 20_000_000
_PATCH_BYTES: Final = 1_000_000
_UPLOADS_AT_ONCE: Final = 4
_LONGEST_TITLE: Final = 200
_T = TypeVar("_T")


class Api:
    """The requests of one server.

    Args:
        hub: The sessions of the server.
        recordings: The follower of dropped recordings.
    """

    def __init__(self, hub: Hub, recordings: RecordingFollower) -> None:
        self._hub, self._library, self._config = hub, hub.library, hub.config
        self._recordings = recordings
        self._uploads = asyncio.Semaphore(_UPLOADS_AT_ONCE)

    def routes(self) -> list[Route]:
        """The routes of the API."""
        score, take = "/api/scores/{score}", "/api/takes/{take}"
        return [
            Route("/api/scores", self.list_scores, methods=["GET"]),
            Route("/api/scores", self.add_score, methods=["POST"]),
            Route(score, self.get_score, methods=["GET"]),
            Route(score, self.change_score, methods=["PATCH"]),
            Route(score, self.delete_score, methods=["DELETE"]),
            Route(score + "/layout", self.put_layout, methods=["PUT"]),
            Route(score + "/export", self.export_score, methods=["GET"]),
            Route(score + "/pages/{page:int}.png", self.get_page, methods=["GET"]),
            Route(score + "/thumbnail.png", self.get_thumbnail, methods=["GET"]),
            Route(score + "/recordings", self.add_recording, methods=["POST"]),
            Route(score + "/takes", self.list_takes, methods=["GET"]),
            Route(take + ".json", self.get_take, methods=["GET"]),
            Route(take + ".bars.csv", self.get_take_bars, methods=["GET"]),
            Route(take + ".csv", self.get_take_csv, methods=["GET"]),
            Route(take + ".html", self.get_take_page, methods=["GET"]),
            Route(take + "/audio", self.get_take_audio, methods=["GET"]),
            Route(take, self.delete_take, methods=["DELETE"]),
        ]

    async def list_scores(self, request: Request) -> Response:
        """List the scores whose title has the words of the query."""
        query = request.query_params.get("query", "")[:_LONGEST_TITLE]
        records = await asyncio.to_thread(self._library.scores, query)
        return JSONResponse({"scores": [short_score(record) for record in records]})

    async def add_score(self, request: Request) -> Response:
        """Store an uploaded score, to be read soon."""
        if self._uploads.locked():
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Several uploads are coming in; send it again soon.")
        score = new_id()
        folder = self._library.score_folder(score)
        try:
            async with self._uploads, self._form(request, most_files=self._config.most_files) as form:
                files = [item for item in form.getlist("files") if isinstance(item, UploadFile) and item.size]
                if not files:
                    raise ConfigError("no file came; send a PDF, pictures of the pages in order, or one notation file")
                title = str(form.get("title") or "").strip()[:_LONGEST_TITLE]
                names = await asyncio.to_thread(store_files, files, folder / "files")
            kind = "notation" if _is_notation(names) else "print"
            await asyncio.to_thread(self._library.add_score, score, title or Path(names[0]).stem, kind=kind)
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._hub.reader.read(score)
        return JSONResponse({"id": score}, HTTPStatus.ACCEPTED)

    async def get_score(self, request: Request) -> Response:
        """Tell of one score."""
        record = self._score(request)
        return JSONResponse(await asyncio.to_thread(score_view, self._library, record))

    async def change_score(self, request: Request) -> Response:
        """Change title, order of pages, links or first bar of a score."""
        record = self._score(request)
        values = _json(await read_body(request, most_bytes=_PATCH_BYTES))
        changes, again = await asyncio.to_thread(checked_changes, self._library, record, values)
        await asyncio.to_thread(lambda: self._library.change_score(record.id, **changes))
        if again:
            self._hub.reader.read(record.id)
        elif set(changes) - {"title"}:
            await self._hub.score_changed(record.id, links_only=set(changes) <= {"links", "title"})
        return await self.get_score(request)

    async def put_layout(self, request: Request) -> Response:
        """Read a score again by a corrected layout."""
        record = self._score(request)
        layout = _json(await read_body(request, most_bytes=_LAYOUT_BYTES))
        await asyncio.to_thread(corrected, self._library, record, layout)
        self._hub.reader.read(record.id)
        return JSONResponse({"id": record.id}, HTTPStatus.ACCEPTED)

    async def delete_score(self, request: Request) -> Response:
        """Delete a score with its takes."""
        record = self._score(request)
        self._hub.score_deleted(record.id)
        await asyncio.to_thread(self._library.delete_score, record.id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def export_score(self, request: Request) -> Response:
        """Send a score, its corrections and its takes as a zip."""
        record = self._score(request)
        archive = await asyncio.to_thread(score_archive, self._library, record)
        return Response(
            archive,
            media_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{record.id}.zip"'},
        )

    async def get_page(self, request: Request) -> Response:
        """Send the picture of a page."""
        record = self._score(request)
        return FileResponse(self._page_file(record, request.path_params["page"]), headers=_kept())

    async def get_thumbnail(self, request: Request) -> Response:
        """Send the picture of the first page, made small."""
        record = self._score(request)
        picture = await asyncio.to_thread(thumbnail, self._page_file(record, 1))
        return Response(picture, media_type="image/png", headers=_kept())

    async def add_recording(self, request: Request) -> Response:
        """Follow a recording that was dropped on the page."""
        record = self._score(request)
        if record.state != "ready":
            raise ConfigError("the score is not ready; wait until it is read")
        take = new_id()
        folder = self._library.take_file(take, ".upload")
        async with self._uploads, self._form(request, most_files=1) as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile) or not upload.size:
                raise ConfigError("no recording came; send a wav, flac, ogg or mp3 file")
            keep_audio = form.get("keep_audio") in ("true", "1", "on")
            await asyncio.to_thread(store_files, [upload], folder)
        recording = self._library.take_file(take, ".recording")
        next(folder.iterdir()).replace(recording)
        folder.rmdir()
        await asyncio.to_thread(self._library.add_take, take, record.id)
        self._recordings.follow(take, record, recording, keep_audio=keep_audio)
        return JSONResponse({"take": take}, HTTPStatus.ACCEPTED)

    async def list_takes(self, request: Request) -> Response:
        """List the takes of a score."""
        record = self._score(request)
        takes = await asyncio.to_thread(self._library.takes, record.id)
        return JSONResponse({"takes": [short_take(take, record) for take in takes]})

    async def get_take(self, request: Request) -> Response:
        """Tell all of a take."""
        take, record = self._take(request)
        content = await self._of_take(take, take_content)
        return JSONResponse({**short_take(take, record), **content})

    async def get_take_csv(self, request: Request) -> Response:
        """Send the positions of a take as a table."""
        return _table(await self._of_take(self._take(request)[0], take_csv))

    async def get_take_bars(self, request: Request) -> Response:
        """Send the bar-to-time list of a take."""
        return _table(await self._of_take(self._take(request)[0], bars_csv))

    async def get_take_page(self, request: Request) -> Response:
        """Send a take as a page that needs no other files, and that may reach nothing."""
        take, record = self._take(request)
        page = await asyncio.to_thread(take_page, self._library, take, record)
        return Response(page, media_type="text/html", headers={"Content-Security-Policy": SANDBOX_POLICY})

    async def get_take_audio(self, request: Request) -> Response:
        """Send the sound of a take that was kept."""
        take, _ = self._take(request)
        file = self._library.take_file(take.id, ".flac")
        if not file.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, "The sound of this take was not kept.")
        return FileResponse(file, media_type="audio/flac")

    async def delete_take(self, request: Request) -> Response:
        """Delete a take."""
        take, _ = self._take(request)
        await asyncio.to_thread(self._library.delete_take, take.id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @asynccontextmanager
    async def _form(self, request: Request, *, most_files: int) -> AsyncIterator[FormData]:
        """Read an upload, and close its temporary files in the end."""
        form = await read_form(request, most_bytes=self._config.most_upload_bytes, most_files=most_files)
        try:
            yield form
        finally:
            await form.close()

    async def _of_take(self, take: TakeRecord, make: Callable[[list[dict[str, Any]]], _T]) -> _T:
        path = self._library.take_file(take.id, ".jsonl")
        return await asyncio.to_thread(lambda: make(read_positions(path)))

    def _score(self, request: Request) -> ScoreRecord:
        record = self._library.score(request.path_params["score"])
        if record is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such score; it may have been deleted.")
        return record

    def _take(self, request: Request) -> tuple[TakeRecord, ScoreRecord]:
        take = self._library.take(request.path_params["take"])
        record = None if take is None else self._library.score(take.score)
        if take is None or record is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such take; it may have been deleted.")
        return take, record

    def _page_file(self, record: ScoreRecord, page: int) -> Path:
        if record.state == "failed" or not 1 <= page <= len(record.page_order):
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such page.")
        file = read_folder(self._library, record) / f"page-{record.page_order[page - 1]:03d}.png"
        if not file.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, "This page is not read yet.")
        return file


def _is_notation(names: list[str]) -> bool:
    from standpartner.score.print.files import PRINT_SUFFIXES

    notation = [name for name in names if Path(name).suffix.lower() not in PRINT_SUFFIXES]
    if notation and len(names) > 1:
        raise ScoreError(
            f"{notation[0]} is no picture of a page; send one notation file alone, or PDFs and pictures in order"
        )
    return bool(notation)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is no JSON ({error})") from error


def _kept() -> dict[str, str]:
    """Headers of a picture whose address changes with it."""
    return {"Cache-Control": "private, max-age=604800, immutable"}


def _table(text: str) -> Response:
    return Response(text, media_type="text/csv")
