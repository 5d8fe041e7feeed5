"""Keeps scores, takes and sessions on disk: a SQLite database of what is known of them, and a folder of files for each.

Every change is one transaction, so that a server that was killed finds what had been answered for. Files come before
the rows that name them; folders that have an identifier but no row are left over from a broken upload and are removed
at the next start.
"""

import json
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from standpartner.errors import OutputError
from standpartner.support.files import make_folder

try:
    import fcntl
except ImportError:  # not a Unix system: two servers of one library are not told from one
    fcntl = None  # type: ignore[assignment]

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 12
_DATABASE: Final = "library.sqlite3"
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE scores (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, sentence TEXT NOT NULL,
  pages_read INTEGER NOT NULL, page_count INTEGER, added_s REAL NOT NULL, played_s REAL, revision INTEGER NOT NULL,
  page_order TEXT NOT NULL, links TEXT NOT NULL, first_measure INTEGER NOT NULL, last_position TEXT
);
CREATE TABLE takes (
  id TEXT PRIMARY KEY, score TEXT NOT NULL REFERENCES scores(id) ON DELETE CASCADE, state TEXT NOT NULL,
  sentence TEXT NOT NULL, started_s REAL NOT NULL, summary TEXT NOT NULL
);
CREATE INDEX takes_of_score ON takes(score, started_s);
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, score TEXT NOT NULL REFERENCES scores(id) ON DELETE CASCADE, saved_s REAL NOT NULL,
  content TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class ScoreRecord:
    """What the library knows of a score.

    Attributes:
        id: Its identifier.
        title: The title.
        kind: ``print`` or ``notation``.
        state: ``reading``, ``ready`` or ``failed``.
        sentence: The reason of a failure, or what to look at.
        pages_read: The number of pages that have been read.
        page_count: The number of pages of the score; None while it is unknown.
        added_s: The time at which it was added, in seconds since 1970.
        played_s: The time at which it was last played; None if it never was.
        revision: A number that grows with every change of its pictures and tables.
        page_order: The pages as they were read, counted from 1, in the order in which they are played.
        links: The links, each with ``from_bar``, ``to_bar`` and ``times``.
        first_measure: The number of the first bar of a printed score.
        last_position: Where the music was last, as ``bar``, ``page``, ``page_x`` and ``page_y``.
    """

    id: str
    title: str
    kind: str
    state: str
    sentence: str
    pages_read: int
    page_count: int | None
    added_s: float
    played_s: float | None
    revision: int
    page_order: list[int]
    links: list[dict[str, int]]
    first_measure: int
    last_position: dict[str, Any] | None


@dataclass(frozen=True)
class TakeRecord:
    """What the library knows of a take; ``summary`` is its short form in lists."""

    id: str
    score: str
    state: str
    sentence: str
    started_s: float
    summary: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedSession:
    """What is kept of a session: its score, its content, and where the music was last, or None."""

    id: str
    score: str
    content: Mapping[str, Any]
    last_position: Mapping[str, Any] | None = None


def new_id() -> str:
    """Return an identifier that nobody can guess."""
    return "".join(secrets.choice(_DIGITS) for _ in range(_ID_LENGTH))


def _is_id(name: str) -> bool:
    return len(name) == _ID_LENGTH and set(name) <= set(_DIGITS)


class Library:
    """The library in a folder, which is made if it is missing. Threads may share it.

    Args:
        folder: The folder.
        tidy: Whether this is the one server of the library, which removes files that belong to nothing.

    Raises:
        OutputError: The folder cannot be made, is another program's or without its database, or another server uses it.
    """

    def __init__(self, folder: Path, *, tidy: bool = True) -> None:
        self.folder = folder
        _check_own(folder)
        for inner in (folder, folder / "scores", folder / "takes"):
            make_folder(inner)
        self._alone = _taken_alone(folder) if tidy else None
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / _DATABASE, check_same_thread=False, isolation_level=None)
        try:
            self._prepare()
        except (sqlite3.Error, OutputError) as error:
            self.close()
            if isinstance(error, OutputError):
                raise
            raise OutputError(
                f"the library in {folder} cannot be opened ({error}); make room, or give another folder with --library"
            ) from error
        if tidy:
            self._remove_leftovers()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()
        if self._alone is not None:
            self._alone.close()

    def score_folder(self, score: str) -> Path:
        """The folder of a score's files."""
        return self.folder / "scores" / score

    def take_file(self, take: str, suffix: str) -> Path:
        """The file of a take with a suffix such as ``.jsonl``."""
        return self.folder / "takes" / f"{take}{suffix}"

    def scores(self, query: str = "") -> list[ScoreRecord]:
        """The scores whose title contains some words, the last played or added first."""
        words = [f"%{_escaped(word)}%" for word in query.split()[:10]]
        where = " AND ".join(["title LIKE ? ESCAPE '\\'"] * len(words)) or "1"
        rows = self._read(
            f"SELECT * FROM scores WHERE {where} ORDER BY max(added_s, coalesce(played_s, 0)) DESC",  # noqa: S608
            words,
        )
        return [_score_of(row) for row in rows]

    def score(self, score: str) -> ScoreRecord | None:
        """One score, or None."""
        rows = self._read("SELECT * FROM scores WHERE id = ?", [score])
        return _score_of(rows[0]) if rows else None

    def add_score(self, score: str, title: str, *, kind: str) -> None:
        """Add a score whose files are in its folder."""
        self._write(
            "INSERT INTO scores VALUES (?, ?, ?, 'reading', '', 0, NULL, ?, NULL, 1, '[]', '[]', 1, NULL)",
            [score, title, kind, time.time()],
        )

    def change_score(self, score: str, **values: Any) -> None:
        """Change some of what is known of a score, by the names of `ScoreRecord`."""
        self._change("scores", score, values)

    def delete_score(self, score: str) -> None:
        """Delete a score, its takes and its files."""
        takes = [take.id for take in self.takes(score)]
        self._write("DELETE FROM scores WHERE id = ?", [score])
        for take in takes:
            self._remove_take_files(take)
        shutil.rmtree(self.score_folder(score), ignore_errors=True)

    def takes(self, score: str) -> list[TakeRecord]:
        """The takes of a score, the last first."""
        rows = self._read("SELECT * FROM takes WHERE score = ? ORDER BY started_s DESC", [score])
        return [_take_of(row) for row in rows]

    def take(self, take: str) -> TakeRecord | None:
        """One take, or None."""
        rows = self._read("SELECT * FROM takes WHERE id = ?", [take])
        return _take_of(rows[0]) if rows else None

    def open_takes(self) -> list[TakeRecord]:
        """The takes that were going on when the library was last closed."""
        return [_take_of(row) for row in self._read("SELECT * FROM takes WHERE state = 'following'", [])]

    def add_take(self, take: str, score: str) -> None:
        """Add a take that begins now."""
        self._write("INSERT INTO takes VALUES (?, ?, 'following', '', ?, '{}')", [take, score, time.time()])

    def change_take(self, take: str, **values: Any) -> None:
        """Change some of what is known of a take, by the names of `TakeRecord`."""
        self._change("takes", take, values)

    def delete_take(self, take: str) -> None:
        """Delete a take and its files."""
        self._write("DELETE FROM takes WHERE id = ?", [take])
        self._remove_take_files(take)

    def save_sessions(self, sessions: Iterable[SavedSession]) -> None:
        """Save where sessions are, and where their scores were played last; those of deleted scores are left out."""
        with self._guarded(), self._transaction():
            for saved in sessions:
                self._database.execute(
                    "INSERT OR REPLACE INTO sessions SELECT ?, id, ?, ? FROM scores WHERE id = ?",
                    [saved.id, time.time(), json.dumps(saved.content), saved.score],
                )
                if saved.last_position is not None:
                    self._database.execute(
                        "UPDATE scores SET last_position = ? WHERE id = ?",
                        [json.dumps(saved.last_position), saved.score],
                    )

    def session(self, session: str) -> tuple[str, dict[str, Any]] | None:
        """The score and the saved content of a session, or None."""
        rows = self._read("SELECT * FROM sessions WHERE id = ?", [session])
        return (str(rows[0]["score"]), dict(json.loads(rows[0]["content"]))) if rows else None

    def forget_sessions(self, before_s: float) -> None:
        """Forget the sessions that were last saved before a time in seconds since 1970."""
        self._write("DELETE FROM sessions WHERE saved_s < ?", [before_s])

    def _prepare(self) -> None:
        self._database.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
            self._database.execute(f"PRAGMA {pragma}")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise OutputError(
                f"the library in {self.folder} has version {version}, but this program knows {_VERSION}; give another "
                "folder with --library, or use a newer standpartner"
            )

    def _remove_leftovers(self) -> None:
        known = {record.id for record in self.scores()}
        for folder in (self.folder / "scores").iterdir():
            if folder.name not in known and _is_id(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
        for stray in [*(self.folder / "takes").glob("*.upload"), *(self.folder / "takes").glob("*.recording")]:
            shutil.rmtree(stray, ignore_errors=True) if stray.is_dir() else stray.unlink(missing_ok=True)

    def _remove_take_files(self, take: str) -> None:
        for file in (self.folder / "takes").glob(f"{take}.*"):
            file.unlink(missing_ok=True)

    def _read(self, statement: str, values: list[Any]) -> list[sqlite3.Row]:
        with self._guarded(), closing(self._database.execute(statement, values)) as cursor:
            return cursor.fetchall()

    def _write(self, statement: str, values: list[Any]) -> None:
        with self._guarded():
            self._database.execute(statement, values)

    def _change(self, table: str, row: str, values: Mapping[str, Any]) -> None:
        columns = ", ".join(f"{column} = ?" for column in values)
        stored = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in values.values()]
        self._write(f"UPDATE {table} SET {columns} WHERE id = ?", [*stored, row])  # noqa: S608 (names of ours)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN")
        try:
            yield
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise OutputError(f"the library cannot be written ({error}); is the disk full? Make room.") from error


def _check_own(folder: Path) -> None:
    """Check before anything is made that a folder without our database has no files where ours would be."""
    if not (folder / _DATABASE).exists() and any([*folder.glob("scores/*"), *folder.glob("takes/*")]):
        raise OutputError(
            f"{folder} has files in scores or takes but no {_DATABASE}; if it is a library that lost its database, put "
            "that back, else give another folder with --library"
        )


def _taken_alone(folder: Path) -> IO[str]:
    """Take the library for this process alone, as long as the file that is returned is open."""
    try:
        file = (folder / "lock").open("w")
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise OutputError(
            f"another server uses the library in {folder}; end it, or give another folder with --library"
        ) from error
    except OSError as error:
        raise OutputError(f"the library in {folder} cannot be written ({error.strerror or error})") from error
    return file


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _score_of(row: sqlite3.Row) -> ScoreRecord:
    values = dict(row)
    last = values["last_position"]
    return ScoreRecord(
        **{
            **values,
            "page_order": json.loads(values["page_order"]),
            "links": json.loads(values["links"]),
            "last_position": json.loads(last) if last else None,
        }
    )


def _take_of(row: sqlite3.Row) -> TakeRecord:
    return TakeRecord(**{**dict(row), "summary": json.loads(row["summary"])})
