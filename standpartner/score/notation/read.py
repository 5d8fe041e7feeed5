"""Reading notation files: the engraver runs in a child process with a time limit, for it may abort or hang."""

import itertools
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from standpartner.errors import ScoreError
from standpartner.score.files import load_score
from standpartner.score.model import Score
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.lilypond import SUFFIXES as LILYPOND_SUFFIXES
from standpartner.score.notation.lilypond import read_lilypond
from standpartner.score.notation.text import read_notation

DEFAULT_STYLE: Final = EngravingStyle()
_CHUNK: Final = 50  # files a child engraves before a fresh one takes over


def read_score(
    path: str | Path,
    *,
    time_limit_s: float = 120,
    max_pages: int = 60,
    trusted: bool = False,
    style: EngravingStyle = DEFAULT_STYLE,
) -> Score:
    """Engrave a notation file and find everything on it.

    MusicXML (.musicxml, .xml, .mxl), MEI (.mei), Humdrum (.krn) and ABC (.abc, one tune) are read by Verovio, LilyPond
    (.ly) by LilyPond if it is installed. Repeats are taken as printed. Of several parts the piano is taken: the part on
    two staves or named piano, else the first part; of LilyPond what it prints.

    Args:
        path: The notation file.
        time_limit_s: Seconds after which engraving is given up.
        max_pages: Pages above which a score is refused.
        trusted: Whether LilyPond files are read: they can hold code that runs with the user's rights. Never say so of a
            file that a stranger sent, for example through a web page.
        style: How Verovio draws; LilyPond has its own way.

    Raises:
        ScoreError: The file is missing, not notation, has no notes, is too long, or the engraver fails.
        MissingExtraError: It needs LilyPond, which is not installed.
    """
    result = next(read_scores([path], time_limit_s=time_limit_s, max_pages=max_pages, trusted=trusted, style=style))
    if isinstance(result, ScoreError):
        raise result
    return result


def read_scores(
    paths: Sequence[str | Path],
    *,
    time_limit_s: float = 120,
    max_pages: int = 60,
    trusted: bool = False,
    style: EngravingStyle = DEFAULT_STYLE,
) -> Iterator[Score | ScoreError]:
    """Engrave many files, one after another, sharing the engraver's start-up.

    Args:
        paths: Notation files.
        time_limit_s: Seconds for each file.
        max_pages: Pages above which a score is refused.
        trusted: Whether LilyPond files are read, see `read_score`.
        style: How Verovio draws.

    Yields:
        For each path, in order, its score or the error that `read_score` would raise. A file that makes the engraver
        abort loses only itself.
    """
    for lilypond, group in itertools.groupby(map(Path, paths), key=_is_lilypond):
        if lilypond:
            for path in group:
                yield _read_lilypond(path, time_limit_s=time_limit_s, max_pages=max_pages, trusted=trusted)
        else:
            work = _Work(time_limit_s=time_limit_s, max_pages=max_pages, style=style)
            yield from _read_with_verovio(list(group), work)


def _is_lilypond(path: Path) -> bool:
    return path.suffix.lower() in LILYPOND_SUFFIXES


def _read_lilypond(path: Path, *, time_limit_s: float, max_pages: int, trusted: bool) -> Score | ScoreError:
    if not trusted:
        return ScoreError(
            f"{path.name} is LilyPond, which can run any program on this computer; if you trust the file, read it with "
            "trusted=True, else export it as MusicXML and read that."
        )
    try:
        return read_lilypond(path, time_limit_s=time_limit_s, max_pages=max_pages)
    except ScoreError as error:
        return error


@dataclass(frozen=True)
class _Work:
    """What holds for all files that Verovio is to read."""

    time_limit_s: float
    max_pages: int
    style: EngravingStyle


def _read_with_verovio(paths: list[Path], work: _Work) -> Iterator[Score | ScoreError]:
    with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            for path, error, target in _engrave(chunk, Path(folder), work):
                yield ScoreError(error) if error else _load(path, target)


def _load(path: Path, target: Path) -> Score | ScoreError:
    try:
        return load_score(target)
    except ScoreError as error:
        return ScoreError(f"{path.name} was engraved, but the result cannot be read: {error}")
    finally:
        target.unlink(missing_ok=True)


def _engrave(paths: list[Path], folder: Path, work: _Work) -> Iterator[tuple[Path, str | None, Path]]:
    """Yield (path, error sentence or None, score file) for each path, with as many children as it takes."""
    errors = [_first_look(path) for path in paths]
    targets = [folder / f"{index}.npz" for index in range(len(paths))]
    waiting = [index for index, error in enumerate(errors) if error is None]
    done = 0
    while done < len(paths):
        if errors[done] is not None:
            yield paths[done], errors[done], targets[done]
            done += 1
            continue
        pairs = [(paths[index], targets[index]) for index in waiting if index >= done]
        with _Child(pairs, work) as child:
            while done < len(paths) and not child.failed:
                error = errors[done] or child.next_error(work.time_limit_s)
                yield paths[done], error, targets[done]
                done += 1


def _first_look(path: Path) -> str | None:
    """Name what is wrong with a file without starting the engraver."""
    try:
        read_notation(path)
    except ScoreError as error:
        return str(error)
    return None


def _environment() -> dict[str, str]:
    """Let the child import this very package, wherever the parent found it."""
    here = str(Path(__file__).resolve().parents[3])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


class _Child:
    """One engraving process and its reports, read by a thread so that waiting can end at the time limit."""

    def __init__(self, pairs: list[tuple[Path, Path]], work: _Work) -> None:
        words = [str(work.max_pages), json.dumps(asdict(work.style)), *(str(path) for pair in pairs for path in pair)]
        command = [sys.executable, "-m", "standpartner.score.notation.verovio_child", *words]
        self._names = [source.name for source, _ in pairs]
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._stderr, stdin=subprocess.DEVNULL, env=_environment()
        )
        self._reports: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None  # noqa: S101 (asked for above)
        self._thread = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._thread.start()
        self.failed = False

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._stderr.close()

    def next_error(self, time_limit_s: float) -> str | None:
        """Wait for the next file's report and return its error; after a failure `failed` is set."""
        name = self._names.pop(0)
        try:
            line = self._reports.get(timeout=time_limit_s)
        except queue.Empty:
            self.failed = True
            return f"Engraving {name} took longer than {time_limit_s:g} s; split the score or raise the time limit."
        if not line:
            self.failed = True
            return self._death(name)
        error: str | None = json.loads(line)["error"]
        return error

    def _death(self, name: str) -> str:
        code = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        words = f" Its last words: {lines[-1].strip()[:200]}" if lines else ""
        return (
            f"The engraver (Verovio) broke off on {name} (exit code {code}); "
            f"open the score in a notation program and export it anew.{words}"
        )

    def _listen(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            if line.startswith(b"{"):
                self._reports.put(line.decode())
        self._reports.put("")
