"""Reads uploaded scores one after another in a thread of its own; the reading itself is done in child processes.

What was read lies in a folder of its own, which the library's revision of the score names, so that a reading that is
broken off leaves the one before it whole.
"""

import json
import queue
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import cv2

from standpartner.errors import OutputError, ScoreError, StandpartnerError
from standpartner.live.engine import give_way
from standpartner.live.scores.library import Library, ScoreRecord
from standpartner.live.scores.pages import crop_of
from standpartner.live.sentences import sentence_of
from standpartner.score import PrintOptions, Score, load_score, read_print, read_score, save_score
from standpartner.score.print.files import is_print
from standpartner.score.print.layout import layout_text
from standpartner.support.files import make_folder, write_text

_THUMBNAIL_WIDTH_PX: Final = 320
_DOUBTFUL: Final = 0.3


class ScoreReader:
    """Reads the scores of a library that wait to be read, also those that an earlier server left unread.

    Args:
        library: The library.
        max_pages: The number of pages above which a score is refused.
        changed: The function that is called in the reader's thread with a score that was read or failed.
    """

    def __init__(self, library: Library, *, max_pages: int, changed: Callable[[str], None]) -> None:
        self._library, self._max_pages, self._changed = library, max_pages, changed
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
        for record in library.scores():
            if record.state == "reading":
                self._waiting.put(record.id)
        self._thread.start()

    def read(self, score: str) -> None:
        """Read a score, or read it again, as soon as those before it are read."""
        self._waiting.put(score)

    def close(self) -> None:
        """Read no more than the score that is being read; those that wait are read at the next start."""
        self._waiting.put(None)

    def _work(self) -> None:
        give_way()
        while (score := self._waiting.get()) is not None:
            try:
                record = self._library.score(score)
            except OutputError:
                continue  # the library was closed: it is read at the next start
            if record is None:
                continue
            try:
                self._read(record)
            except StandpartnerError as error:
                self._fail(record, str(error))
            except OSError as error:
                self._fail(record, f"what was read cannot be stored ({error.strerror or error}); make room on the disk")
            self._changed(score)

    def _fail(self, record: ScoreRecord, sentence: str) -> None:
        """Say why; a score that was read before stays as it was, with its earlier corrections."""
        before = read_folder(self._library, record).is_dir()
        try:
            self._library.change_score(record.id, state="ready" if before else "failed", sentence=sentence_of(sentence))
        except OutputError:
            return  # deleted, or the disk is full: the state stays and it is read again at the next start
        next_layout(self._library, record.id).unlink(missing_ok=True)

    def _tell(self, record: ScoreRecord, pages: int) -> None:
        """Note how many pages have been read; a full disk is told when the reading ends."""
        with suppress(OutputError):
            self._library.change_score(record.id, pages_read=pages)

    def _read(self, record: ScoreRecord) -> None:
        folder = self._library.score_folder(record.id)
        files = score_files(folder)
        revision = record.revision + 1 if read_folder(self._library, record).is_dir() else record.revision
        draft, target = folder / "draft", folder / f"read-{revision}"
        for old in (draft, target):
            shutil.rmtree(old, ignore_errors=True)
        make_folder(draft)
        sentence, order = "", record.page_order
        if is_print(files[0]):
            layout, order = self._correction(record)
            options = PrintOptions(max_pages=self._max_pages, layout=layout, first_measure=record.first_measure)
            reading = read_print(files, options, progress=lambda pages: self._tell(record, pages))
            score = reading.score
            write_text(draft / "layout.json", layout_text(reading.pages))
            sentence = _doubts(score)
        else:
            score = read_score(files[0], max_pages=self._max_pages)
        write_reading(score, draft)
        draft.replace(target)
        if sorted(order) != list(range(1, len(score.pages) + 1)):
            order = order if order and max(order) <= len(score.pages) else list(range(1, len(score.pages) + 1))
        title = record.title or score.title or files[0].stem
        self._library.change_score(
            record.id,
            state="ready",
            sentence=sentence,
            revision=revision,
            page_order=order,
            pages_read=len(score.pages),
            page_count=len(score.pages),
            title=title,
        )
        with suppress(FileNotFoundError):
            next_layout(self._library, record.id).replace(corrected_layout(self._library, record.id))
        for old in folder.glob("read-*"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)

    def _correction(self, record: ScoreRecord) -> tuple[Path | None, list[int]]:
        """The layout that a person corrected last, if any, and the order of pages that goes with it."""
        new, old = next_layout(self._library, record.id), corrected_layout(self._library, record.id)
        if not new.is_file():
            return old if old.is_file() else None, record.page_order
        try:
            return new, json.loads(new.read_text(encoding="utf-8"))["page_order"]
        except (ValueError, KeyError) as error:
            raise ScoreError("the corrected layout is damaged; correct it again in the editor") from error


def read_folder(library: Library, record: ScoreRecord) -> Path:
    """The folder of what was read of a score."""
    return library.score_folder(record.id) / f"read-{record.revision}"


def corrected_layout(library: Library, score: str) -> Path:
    """The file of a layout that a person corrected, and by which the score was read."""
    return library.score_folder(score) / "corrected-layout.json"


def next_layout(library: Library, score: str) -> Path:
    """The file of a corrected layout by which the score is still to be read, with the order of its pages then."""
    return library.score_folder(score) / "next-layout.json"


def score_files(folder: Path) -> list[Path]:
    """The uploaded files of a score in order."""
    files = sorted((folder / "files").iterdir())
    if not files:
        raise ScoreError("the files of this score are gone; delete it and add it again")
    return files


def load_read(library: Library, record: ScoreRecord) -> Score:
    """Load what was read, in the order of the files.

    Raises:
        ScoreError: It was not read yet, or is damaged.
    """
    return load_score(read_folder(library, record) / "score.npz")


def read_json(library: Library, record: ScoreRecord, name: str) -> Any:
    """Return the content of a JSON file of what was read, or None if there is none."""
    try:
        return json.loads((read_folder(library, record) / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def thumbnail(page: Path) -> bytes:
    """Return a page's picture, made small, as PNG."""
    image = cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ScoreError("this page cannot be shown; read the score again")
    height = max(1, round(image.shape[0] * _THUMBNAIL_WIDTH_PX / image.shape[1]))
    small = cv2.resize(image, (_THUMBNAIL_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".png", small)[1])


def write_reading(score: Score, target: Path) -> None:
    """Write a score that was read, its pages as pictures, and the parts of them that have ink, to a folder."""
    crops = []
    for number, page in enumerate(score.pages, start=1):
        path = target / f"page-{number:03d}.png"
        path.write_bytes(bytes(cv2.imencode(".png", page)[1]))
        crops.append(crop_of(page, _boxes(score, number)))
    write_text(target / "crops.json", json.dumps(crops))
    save_score(score, target / "score.npz")


def _boxes(score: Score, page: int) -> list[tuple[float, float, float, float]]:
    table = score.systems
    return [
        (table.page_left_px[k], table.page_top_px[k], table.page_right_px[k], table.page_bottom_px[k])
        for k in range(len(table))
        if table.page[k] == page - 1
    ]


def _doubts(score: Score) -> str:
    systems = int((score.systems.doubt > _DOUBTFUL).sum())
    bars = 0 if score.bars is None else int((score.bars.doubt > _DOUBTFUL).sum())  # type: ignore[union-attr]
    if not systems and not bars:
        return ""
    return f"{systems} systems and {bars} bars are in doubt: look at the marked ones before you play."
