"""Saves and loads scores as single .npz files, written whole or not at all and read without pickling."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from standpartner.errors import ScoreError
from standpartner.score.model import NOTHING_ELSE, Notation, Printed, Score
from standpartner.score.played_order import PlayedOrder
from standpartner.score.selection import Selection
from standpartner.score.tables import Bars, Measures, Noteheads, Notes, Onsets, Systems, Table
from standpartner.support.files import DAMAGED_ARCHIVE, replacing

FORMAT_VERSION: Final = 3
_WITHOUT_HIDDEN: Final = 1  # this version had no column for notes that sound without being drawn
_WITHOUT_STAVES: Final = (_WITHOUT_HIDDEN, 2)  # these versions had neither staves nor doubt of systems
_DAMAGE: Final = (*DAMAGED_ARCHIVE, AttributeError)
_NOTATION: Final[dict[str, type[Table]]] = {
    "noteheads": Noteheads,
    "onsets": Onsets,
    "measures": Measures,
    "notes": Notes,
}
_Arrays = dict[str, np.ndarray]
_AnyTable = TypeVar("_AnyTable", bound=Table)


def save_score(score: Score, path: str | Path) -> None:
    """Write a score as one .npz file; an existing file is replaced only when the new one is complete.

    Args:
        score: The score to write.
        path: The file, whose folder must exist.

    Raises:
        ScoreError: The file cannot be written.
    """
    arrays: _Arrays = {
        "format_version": np.array(FORMAT_VERSION),
        "title": np.array(score.title),
        "strip": score.strip,
        "page_scale": np.array(score.page_scale),
        "page_count": np.array(len(score.pages)),
    }
    arrays |= {f"page_{index:04d}": page for index, page in enumerate(score.pages)}
    arrays |= _columns("systems", score.systems) | _arrays_of(score.music)
    try:
        with replacing(path) as draft, draft.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    except OSError as error:
        raise ScoreError(f"The score cannot be written to {path}: {error.strerror or error}.") from error


def load_score(path: str | Path) -> Score:
    """Read a score written by `save_score`, also by earlier versions of this program.

    Raises:
        ScoreError: The file is missing, damaged, of another version, or not a score.
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
    if version not in (*_WITHOUT_STAVES, FORMAT_VERSION):
        raise ScoreError(f"{path} has score format {version}, but this program reads {FORMAT_VERSION}; make it anew.")
    arrays = _brought_up({name: data[name] for name in data.files}, version)
    return Score(
        title=str(arrays["title"]),
        strip=arrays["strip"],
        pages=tuple(arrays[f"page_{index:04d}"] for index in range(int(arrays["page_count"]))),
        page_scale=float(arrays["page_scale"]),
        systems=_table("systems", Systems, arrays),
        music=_music_of(arrays),
    )


def _brought_up(arrays: _Arrays, version: int) -> _Arrays:
    """Return the arrays of an earlier version with defaults for what it lacked: hidden notes, staves and doubt."""
    if version == _WITHOUT_HIDDEN:
        arrays["notes.hidden"] = np.zeros(len(arrays["notes.pitch"]), bool)
    if version in _WITHOUT_STAVES:
        systems = len(arrays["systems.page"])
        arrays |= {"systems.staves": np.zeros(systems, np.int64), "systems.doubt": np.zeros(systems)}
    return arrays


def _columns(name: str, table: Table) -> _Arrays:
    return {f"{name}.{column}": getattr(table, column) for column, _ in table.columns()}


def _table(name: str, table: type[_AnyTable], arrays: _Arrays) -> _AnyTable:
    return table(**{column: arrays[f"{name}.{column}"] for column, _ in table.columns()})


def _arrays_of(music: Notation | Printed) -> _Arrays:
    arrays: _Arrays = {}
    if isinstance(music, Printed):
        arrays = {"begin_px": np.array(music.begin_px), "end_px": np.array(music.end_px)}
        return arrays if music.bars is None else arrays | _columns("bars", music.bars)
    for name in _NOTATION:
        arrays |= _columns(name, getattr(music, name))
    orders = [asdict(order) for order in music.orders]
    return arrays | {"selection": np.array(music.selection.to_json()), "orders": np.array(json.dumps(orders))}


def _music_of(arrays: _Arrays) -> Notation | Printed:
    if "begin_px" in arrays:
        bars = _table("bars", Bars, arrays) if "bars.label" in arrays else None
        return Printed(float(arrays["begin_px"]), float(arrays["end_px"]), bars)
    tables: dict[str, Any] = {name: _table(name, table, arrays) for name, table in _NOTATION.items()}
    selection = Selection.from_json(str(arrays["selection"])) if "selection" in arrays else NOTHING_ELSE
    orders = json.loads(str(arrays["orders"])) if "orders" in arrays else []
    played = tuple(PlayedOrder(tuple(order["measures"]), tuple(order["endings"])) for order in orders)
    return Notation(**tables, selection=selection, orders=played)
