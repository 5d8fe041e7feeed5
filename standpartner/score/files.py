"""Scores as single .npz files, written whole or not at all, read without pickling."""

import contextlib
import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.model import Measures, Noteheads, Notes, Onsets, Score, Systems, Table

FORMAT_VERSION: Final = 2
_WITHOUT_HIDDEN: Final = 1  # the version before had no column for notes that sound without being drawn
_DAMAGE: Final = (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zlib.error, zipfile.BadZipFile)
_TABLES: Final[dict[str, type[Table]]] = {
    "systems": Systems,
    "noteheads": Noteheads,
    "onsets": Onsets,
    "measures": Measures,
    "notes": Notes,
}


def save_score(score: Score, path: str | Path) -> None:
    """Write a score as one .npz file; an existing file is replaced only when the new one is complete.

    Args:
        score: What to write.
        path: Where; its folder must exist.

    Raises:
        ScoreError: The file cannot be written.
    """
    path = Path(path)
    arrays: dict[str, np.ndarray] = {
        "format_version": np.array(FORMAT_VERSION),
        "title": np.array(score.title),
        "strip": score.strip,
        "page_scale": np.array(score.page_scale),
        "page_count": np.array(len(score.pages)),
    }
    arrays |= {f"page_{index:04d}": page for index, page in enumerate(score.pages)}
    for name, table in _TABLES.items():
        arrays |= {f"{name}.{column}": getattr(getattr(score, name), column) for column, _ in table.columns()}
    try:
        _write_atomically(path, arrays)
    except OSError as error:
        raise ScoreError(f"The score cannot be written to {path}: {error.strerror or error}.") from error


def load_score(path: str | Path) -> Score:
    """Read a score written by `save_score`.

    Raises:
        ScoreError: The file is missing, damaged, of another version, or no score.
    """
    path = Path(path)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:  # numpy leaves damaged files open
            return _score_of(data, path)
    except FileNotFoundError as error:
        raise ScoreError(f"There is no score file at {path}.") from error
    except _DAMAGE as error:
        raise ScoreError(
            f"{path} is not a score file of standpartner or is damaged ({error}); make it anew."
        ) from error


def _score_of(data: np.lib.npyio.NpzFile, path: Path) -> Score:
    version = int(data["format_version"])
    if version not in (_WITHOUT_HIDDEN, FORMAT_VERSION):
        raise ScoreError(f"{path} has score format {version}, but this program reads {FORMAT_VERSION}; make it anew.")
    arrays = {name: data[name] for name in data.files}
    if version == _WITHOUT_HIDDEN:
        arrays["notes.hidden"] = np.zeros(len(arrays["notes.pitch"]), bool)
    tables: dict[str, Any] = {
        name: table(**{column: arrays[f"{name}.{column}"] for column, _ in table.columns()})
        for name, table in _TABLES.items()
    }
    return Score(
        title=str(arrays["title"]),
        strip=arrays["strip"],
        pages=tuple(arrays[f"page_{index:04d}"] for index in range(int(arrays["page_count"]))),
        page_scale=float(arrays["page_scale"]),
        **tables,
    )


def _write_atomically(path: Path, arrays: dict[str, np.ndarray]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
