"""Reads notation files with the engraver in a child process with a time limit, as it may abort or hang."""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from standpartner.errors import BrokenOffError, MemoryLimitError, ScoreError, StandpartnerError, TimeLimitError
from standpartner.score.files import load_score
from standpartner.score.model import Score
from standpartner.score.notation.choice import EVERYTHING, MusicChoice
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.lilypond import SUFFIXES as LILYPOND_SUFFIXES
from standpartner.score.notation.lilypond import read_lilypond
from standpartner.score.notation.text import check_file
from standpartner.support.children import Limits, calls_apart

DEFAULT_STYLE: Final = EngravingStyle()
_CHILD: Final = "standpartner.score.notation.verovio_child:engrave_file"
_MEMORY_BYTES: Final = 4 * 1024**3


def read_score(
    path: str | Path,
    *,
    time_limit_s: float = 120,
    max_pages: int = 60,
    trusted: bool = False,
    style: EngravingStyle = DEFAULT_STYLE,
    choice: MusicChoice = EVERYTHING,
) -> Score:
    """Engrave a notation file and find all that is on it.

    MusicXML (.musicxml, .xml, .mxl), MEI (.mei), Humdrum (.krn) and ABC (.abc) are read by Verovio, LilyPond (.ly) by
    LilyPond if it is installed. Repeats are taken as printed. Of several parts the piano is taken unless another is
    chosen; `Score.notation.selection` says what was taken and what else there is.

    Args:
        path: The notation file.
        time_limit_s: The seconds after which engraving is ended.
        max_pages: The number of pages above which a score is refused.
        trusted: Whether LilyPond files are read: they can hold code that runs with the user's rights. Never say so of a
            file that a stranger sent, for example through a web page.
        style: The style in which Verovio draws; LilyPond has its own.
        choice: The part, movement or tune to take; of LilyPond what is printed is taken.

    Raises:
        ScoreError: The file is missing, not notation, has no notes, is too long, or the engraver fails.
        MissingExtraError: The file needs LilyPond, which is not installed.
    """
    result = next(
        read_scores([path], time_limit_s=time_limit_s, max_pages=max_pages, trusted=trusted, style=style, choice=choice)
    )
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
    choice: MusicChoice = EVERYTHING,
) -> Iterator[Score | ScoreError]:
    """Engrave many files one after another, with one start of the engraver.

    Args:
        paths: The notation files.
        time_limit_s: The seconds for each file.
        max_pages: The number of pages above which a score is refused.
        trusted: Whether LilyPond files are read; see `read_score`.
        style: The style in which Verovio draws.
        choice: The part, movement or tune to take of each.

    Yields:
        The score of each path, in order, or the error that `read_score` would raise. A file that makes the engraver
        abort loses only itself.
    """
    for lilypond, group in itertools.groupby(map(Path, paths), key=_is_lilypond):
        if lilypond:
            for path in group:
                if choice == EVERYTHING:
                    yield _read_lilypond(path, time_limit_s=time_limit_s, max_pages=max_pages, trusted=trusted)
                else:
                    yield ScoreError(
                        f"{path.name} is LilyPond, of which all that it prints is taken; leave out --part, --movement "
                        "and --tune, or change the file."
                    )
        else:
            work = _Work(time_limit_s=time_limit_s, max_pages=max_pages, style=style, choice=choice)
            yield from _read_with_verovio(list(group), work)


def _is_lilypond(path: Path) -> bool:
    return path.suffix.lower() in LILYPOND_SUFFIXES


def _read_lilypond(path: Path, *, time_limit_s: float, max_pages: int, trusted: bool) -> Score | ScoreError:
    if not trusted:
        return ScoreError(
            f"{path.name} is LilyPond, which can run any program on this computer; if you trust the file, say so "
            "(--trust, in Python trusted=True), else export it as MusicXML and read that."
        )
    try:
        return read_lilypond(path, time_limit_s=time_limit_s, max_pages=max_pages)
    except ScoreError as error:
        return error


@dataclass(frozen=True)
class _Work:
    """The settings for all files that Verovio reads."""

    time_limit_s: float
    max_pages: int
    style: EngravingStyle
    choice: MusicChoice

    def call(self, source: Path, target: Path) -> dict[str, Any]:
        """Return the arguments for the child process, which writes a score file."""
        return {
            "source": str(source),
            "target": str(target),
            "max_pages": self.max_pages,
            "style": asdict(self.style),
            "choice": asdict(self.choice),
        }


def _read_with_verovio(paths: list[Path], work: _Work) -> Iterator[Score | ScoreError]:
    errors = [_first_look(path) for path in paths]
    with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
        target = Path(folder) / "score.npz"
        calls = [work.call(path, target) for path, error in zip(paths, errors, strict=True) if error is None]
        limits = Limits(time_s=work.time_limit_s, memory_bytes=_MEMORY_BYTES)
        with closing(calls_apart(_CHILD, calls, limits=limits)) as answers:
            for path, error in zip(paths, errors, strict=True):
                yield error or _score_of(next(answers), path, target)


def _first_look(path: Path) -> ScoreError | None:
    """Return the error of a file that can be found without reading it."""
    try:
        check_file(path)
    except ScoreError as error:
        return error
    return None


def _score_of(answer: Any, path: Path, target: Path) -> Score | ScoreError:
    """Load the score that a child has engraved, or return the error."""
    if isinstance(answer, StandpartnerError):
        return answer if isinstance(answer, ScoreError) else ScoreError(_sentence(answer, path.name))
    try:
        return load_score(target)
    except ScoreError as error:
        return ScoreError(f"{path.name} was engraved, but the result cannot be read: {error}")
    finally:
        target.unlink(missing_ok=True)


def _sentence(error: StandpartnerError, name: str) -> str:
    if isinstance(error, TimeLimitError):
        return f"Engraving {name} {error}; split the score or raise the time limit."
    if isinstance(error, MemoryLimitError):
        return f"Engraving {name} {error} ({_MEMORY_BYTES >> 30} GiB); split the score."
    if isinstance(error, BrokenOffError):
        return (
            f"The engraver (Verovio) broke off on {name}: it {error}; open the score in a notation program and export "
            "it anew."
        )
    return f"{name} could not be engraved ({error}); please report this file."
