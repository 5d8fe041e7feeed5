"""Keeps pieces on disk: folders with ``piece.json``, ``score.npz`` and an npz for each performance; nothing is pickled.

``piece.json`` holds the SHA-256 of every file and is written last: a folder without it is unfinished.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.errors import PieceError
from standpartner.piece.model import Performance, Piece
from standpartner.score import load_score, save_score
from standpartner.support.files import DAMAGED_ARCHIVE, replacing

FORMAT_VERSION = 1
_ARRAYS = ("onset_s", "spectrogram", "note_pitch", "note_onset_s", "note_duration_s")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _save_performance(performance: Performance, path: Path) -> None:
    """Write a performance, with its spectrogram, most of a corpus, in half precision (relative error 5e-4)."""
    arrays = {name: getattr(performance, name) for name in _ARRAYS}
    arrays["spectrogram"] = performance.spectrogram.astype(np.float16)
    if performance.order is not None:
        arrays["order"] = performance.order
    with path.open("wb") as file:
        np.savez_compressed(file, made_by=np.array(json.dumps(performance.made_by, sort_keys=True)), **arrays)


def _load_performance(path: Path) -> Performance:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # numpy leaves damaged files open
        values: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        values["spectrogram"] = values["spectrogram"].astype(np.float32)
        values["order"] = arrays["order"] if "order" in arrays.files else None
        return Performance(name=path.stem, made_by=json.loads(str(arrays["made_by"])), **values)


def save_piece(piece: Piece, folder: Path) -> None:
    """Write a piece into a folder, which is made if it is missing.

    Raises:
        PieceError: The folder cannot be written.
    """
    try:
        (folder / "performances").mkdir(parents=True, exist_ok=True)
        save_score(piece.score, folder / "score.npz")
        for performance in piece.performances:
            _save_performance(performance, folder / "performances" / f"{performance.name}.npz")
        names = ["score.npz", *(f"performances/{p.name}.npz" for p in piece.performances)]
        content = {
            "format": FORMAT_VERSION,
            "name": piece.name,
            "title": piece.score.title,
            "files": {name: _sha256(folder / name) for name in names},
        }
        with replacing(folder / "piece.json") as draft:
            draft.write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise PieceError(f"cannot write piece to {folder}: {error}; free space or choose another folder") from error


def load_piece(folder: Path, *, verify: bool = False) -> Piece:
    """Read a piece back.

    Args:
        folder: The folder that ``save_piece`` wrote.
        verify: Whether to compare every file with its checksum first.

    Raises:
        PieceError: The folder is unfinished, of another version, or damaged.
    """
    content = read_summary(folder)
    for name, checksum in content["files"].items():
        path = folder / name
        if not path.is_file():
            raise PieceError(f"{path} is missing; build the piece again")
        if verify and _sha256(path) != checksum:
            raise PieceError(f"{path} does not match its checksum; build the piece again")
    try:
        performances = tuple(_load_performance(folder / name) for name in content["files"] if name != "score.npz")
    except DAMAGED_ARCHIVE as error:
        raise PieceError(f"cannot read the performances of {folder}: {error}; build the piece again") from error
    return Piece(name=content["name"], score=load_score(folder / "score.npz"), performances=performances)


def read_summary(folder: Path) -> dict[str, Any]:
    """Read the content of ``piece.json``: the name, the title, and the files with checksums.

    Raises:
        PieceError: There is no finished piece of this version in the folder.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "piece.json").read_text())
    except (OSError, ValueError) as error:
        raise PieceError(f"expected a built piece in {folder}, found no readable piece.json; build it again") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT_VERSION:
        raise PieceError(f"{folder} has piece format {found}, this is {FORMAT_VERSION}; build it again")
    if not isinstance(content.get("name"), str) or not isinstance(content.get("files"), dict):
        raise PieceError(f"{folder / 'piece.json'} is damaged: it names no piece or no files; build it again")
    return content
