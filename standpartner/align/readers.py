"""Reads files with the times of played notes: MIDI with pedal, match files, annotated beats and positions."""

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import MissingExtraError, PieceError
from standpartner.perform import PlayedNotes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SHORTEST_S = 1e-3
_BEATS = {"b", "db", "bR"}  # a beat, a downbeat, and a beat of which the annotators were not sure


@dataclass(frozen=True)
class MatchedNotes:
    """A performance whose notes were matched to those of a score by hand.

    Attributes:
        pitch: The MIDI numbers of the score's notes that were played, (n,).
        quarter: The quarters at which they stand in the score as it was played, repeats written out, (n,).
        onset_s: The seconds at which they were played, (n,).
        played: All notes of the performance.
    """

    pitch: Ints
    quarter: Floats
    onset_s: Floats
    played: PlayedNotes


class AnnotatedPosition(NamedTuple):
    """A position in a score and the second of a recording at which it is heard."""

    second: float
    measure: str  # printed number
    quarters: float  # after the start of that measure


def read_performed_midi(path: Path) -> PlayedNotes:
    """Read a performance; notes last until key and pedal are released.

    Raises:
        PieceError: The file is no MIDI file or has no notes.
        MissingExtraError: Partitura is not installed.
    """
    partitura = _partitura()
    return _played(_quietly(partitura.load_performance_midi, path), path)


def read_match(path: Path) -> MatchedNotes:
    """Read a match file of any version: a score, a performance, and which note is which.

    Raises:
        PieceError: The file is no match file or matches no notes.
        MissingExtraError: Partitura is not installed.
    """
    partitura = _partitura()
    performance, alignment, score = _quietly(partitura.load_match, path, create_score=True)
    written = {note["id"]: note for note in _quietly(score.note_array)}
    struck = {note["id"]: note for note in performance.note_array()}
    pairs = [
        (written[entry["score_id"]], struck[entry["performance_id"]])
        for entry in alignment
        if entry["label"] == "match" and entry["score_id"] in written and entry["performance_id"] in struck
    ]
    if not pairs:
        raise PieceError(f"{path.name} matches no notes; expected a match file with lines snote(...)-note(...)")
    return MatchedNotes(
        pitch=np.array([note["pitch"] for note, _ in pairs], np.int64),
        quarter=np.array([note["onset_quarter"] for note, _ in pairs], np.float64),
        onset_s=np.array([note["onset_sec"] for _, note in pairs], np.float64),
        played=_played(performance, path),
    )


def read_beats(path: Path) -> Floats:
    """Read the seconds of the beats in an annotation of ASAP, strictly increasing.

    Raises:
        PieceError: The file cannot be read or has fewer than two beats.
    """
    rows = [line.split("\t") for line in _lines(path)]
    try:
        beats = np.array([float(row[0]) for row in rows if len(row) > 2 and row[2].split(",")[0] in _BEATS])
    except ValueError as error:
        raise PieceError(f"{path.name} is no annotation of ASAP: {error}") from error
    if len(beats) < 2 or not np.isfinite(beats).all() or (np.diff(beats) <= 0).any():
        raise PieceError(f"{path.name}: expected two or more beats in the order of time")
    return beats


def read_annotated_positions(path: Path) -> list[AnnotatedPosition]:
    """Read annotated positions of a recording.

    Each line holds a second and a position, with blanks or commas between: ``12.35 7`` is where measure 7 starts,
    ``13.02 7+1.5`` one and a half quarters later. Label tracks of Audacity (start, end, position) are read too. Lines
    that start with # are comments.

    Raises:
        PieceError: The file cannot be read, a line is of another kind, or the seconds do not increase.
    """
    positions: list[AnnotatedPosition] = []
    for number, line in enumerate(_lines(path), start=1):
        words = re.split(r"[\s,;]+", line.strip())
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            label, _, quarters = words[-1].partition("+")
            position = AnnotatedPosition(float(words[0]), label, float(quarters or 0.0))
            if len(words) not in (2, 3) or not label or not math.isfinite(position.second + position.quarters):
                raise ValueError(line)
            positions.append(position)
        except ValueError as error:
            raise PieceError(
                f"{path.name}, line {number}: expected a second and a measure, for example 12.35 7 or 13.02 7+1.5, "
                f"got {line.strip()!r}"
            ) from error
    if len(positions) < 2 or (np.diff([position.second for position in positions]) <= 0).any():
        raise PieceError(f"{path.name}: expected two or more places with increasing seconds, got {len(positions)}")
    return positions


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PieceError(f"cannot read {path}: {error}") from error


def _partitura() -> ModuleType:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its parser library uses a deprecated module
            import partitura
    except ImportError as error:
        raise MissingExtraError("partitura", 'pip install "standpartner[human]"') from error
    return partitura


def _quietly(read: Any, *arguments: Any, **options: Any) -> Any:
    """Call partitura without the warnings it gives about notation that is not used here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read(*arguments, **options)
    except Exception as error:  # it names no narrower type for damaged files
        what = arguments[0] if arguments else "the file"
        raise PieceError(f"{what} cannot be read by partitura: {type(error).__name__}: {error}") from error


def _played(performance: Any, path: Path) -> PlayedNotes:
    if not any(part.notes for part in performance.performedparts):  # of nothing partitura makes no array
        raise PieceError(f"{path.name} has no notes; expected a performance")
    notes = performance.note_array()
    return PlayedNotes(
        pitch=notes["pitch"],
        onset_s=notes["onset_sec"],
        duration_s=np.maximum(notes["duration_sec"], _SHORTEST_S),
        velocity=np.clip(notes["velocity"], 1, 127),
    )
