"""Prepares LilyPond sources: decodes and converts them, and makes them play what is printed."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standpartner.errors import ScoreError

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_FILES: Final = 200
_COMMENT: Final = re.compile(r"%\{.*?%\}|%[^\n]*", re.DOTALL)
_INCLUDE: Final = re.compile(r'(\\include\s+#?)"([^"\n]+)"')
_VERSION: Final = re.compile(r'\\version\s*#?"([\d.]+)"')
_TITLE: Final = re.compile(r'\b(?:mutopia)?title\s*=\s*(?:\\markup[^"}]*)?"((?:[^"\\]|\\.)*)"')
# The MIDI follows the print: repeats once, articulation and ornaments not played out.
_PLAYED_OUT: Final = re.compile(r"\\(?:(?:unfoldRepeats|articulate)\b|applyMusic\s*#unfold-repeats\b)")
# These would space the systems unlike those of the original data.
_SPACING: Final = re.compile(
    r"(?<![\w-])(?:ragged-bottom|ragged-last-bottom|page-count|(?:min-|max-)?systems-per-page)"
    r"\s*=\s*#*(?:[tf]\b|-?\d+)"
)
# These make LilyPond 2.24 crash with a segmentation fault.
_DEADLY: Final = re.compile(
    r"(?:\\once\s*)?\\override\s+(?:\w+\.)?(?:NoteHead|Stem)[.\s]+(?:#')?X-offset\s*=\s*#-?[\d.]+"
)


@dataclass(frozen=True)
class LilyPondSource:
    """A main file and the files that it includes from its own folders.

    Attributes:
        title: The title from the header, which may be empty.
        texts: The content by file name in one flat folder, the main file first; includes point to these names.
    """

    title: str
    texts: dict[str, str]


def read_source(path: Path) -> LilyPondSource:
    """Read a LilyPond file and, recursively, the files that it includes and that exist beside it.

    Raises:
        ScoreError: A file is missing, empty, too large, or there are too many.
    """
    files = included_files(path)
    names = {file: f"part-{index}.ly" for index, file in enumerate(files)}
    plain = [_decode(file) for file in files]
    found = _VERSION.search("\n".join(plain))
    version = found[1] if found else None
    title = next((match[1] for text in plain if (match := _TITLE.search(_COMMENT.sub("", text)))), "")
    texts = {}
    for file, text in zip(files, plain, strict=True):
        head = f'\\version "{version}"\n' if version and not _VERSION.search(text) else ""  # or convert-ly skips it
        texts[names[file]] = head + _point_to(names, text, folders=(file.parent, path.resolve().parent))
    return LilyPondSource(re.sub(r"\\(.)", r"\1", title).strip(), texts)


def included_files(path: Path) -> list[Path]:
    """Return the file and every file that it includes from its own folders, each once, in the order of reading.

    Raises:
        ScoreError: A file is missing, empty, too large, or there are too many.
    """
    main = path.resolve()
    files = [main]
    for file in files:  # the list grows in the loop
        for match in _INCLUDE.finditer(_COMMENT.sub("", _decode(file))):
            found = _find(match[2], (file.parent, main.parent))
            if found and found not in files:
                files.append(found)
        if len(files) > MAX_FILES:
            raise ScoreError(f"{path.name} includes more than {MAX_FILES} files; is this one score?")
    return files


def play_as_printed(text: str) -> str:
    """Remove what makes the MIDI differ from the print, changes the spacing of systems, or crashes LilyPond."""
    for unwanted in (_PLAYED_OUT, _SPACING, _DEADLY):
        text = unwanted.sub("", text)
    return text


def _find(name: str, folders: tuple[Path, ...]) -> Path | None:
    """Return the path of an included file; None for those that come with LilyPond."""
    places = [(folder / name).resolve() for folder in folders]
    return next((place for place in places if place.is_file()), None)


def _point_to(names: dict[Path, str], text: str, *, folders: tuple[Path, ...]) -> str:
    def replacement(match: re.Match[str]) -> str:
        found = _find(match[2], folders)
        return f'{match[1]}"{names[found]}"' if found in names else match[0]

    return _INCLUDE.sub(replacement, text)


def _decode(path: Path) -> str:
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except FileNotFoundError as error:
        raise ScoreError(f"There is no file {path}.") from error
    except OSError as error:
        raise ScoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    if size > MAX_BYTES:
        raise ScoreError(f"{path.name} has {size} bytes; at most {MAX_BYTES} are read: is this a score?")
    if not data.strip():
        raise ScoreError(f"{path.name} is empty; export the score again.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # LilyPond read this encoding before version 2.6
