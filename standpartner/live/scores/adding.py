"""Puts a score from this machine's disk into the library, as an upload does."""

import shutil
from pathlib import Path

from standpartner.errors import OutputError, ScoreError
from standpartner.live.scores.library import Library, new_id
from standpartner.live.scores.reading import score_files
from standpartner.live.scores.uploads import safe_name
from standpartner.score.print.files import is_print, list_files
from standpartner.support.files import make_folder


def add_from_disk(library: Library, path: Path) -> str:
    """Add a score, unless the same files are there already.

    Args:
        library: The library.
        path: A PDF, a picture, a folder of pictures, or a notation file.

    Returns:
        The identifier of the score; a server of the library reads it.

    Raises:
        ScoreError: There is no such file.
        OutputError: It cannot be copied.
    """
    if not path.exists():
        raise ScoreError(f"There is no file {path}; check the name.")
    printed = is_print(path)
    files = list_files([path]) if printed else [path]
    same = _same(library, files)
    if same is not None:
        return same
    score = new_id()
    folder = library.score_folder(score) / "files"
    make_folder(folder)
    try:
        for number, file in enumerate(files, start=1):
            shutil.copyfile(file, folder / f"{number:03d}-{safe_name(file.name)}")
    except OSError as error:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise OutputError(f"{path} cannot be copied to the library ({error.strerror or error}); make room") from error
    library.add_score(score, path.stem, kind="print" if printed else "notation")
    return score


def _same(library: Library, files: list[Path]) -> str | None:
    """The score that was made of the same files, or None."""
    contents = [file.read_bytes() for file in files]
    for record in library.scores():
        if record.state == "failed":
            continue
        kept = score_files(library.score_folder(record.id))
        sizes = [file.stat().st_size for file in kept]
        if sizes == [len(content) for content in contents] and [file.read_bytes() for file in kept] == contents:
            return record.id
    return None
