"""Reads and writes the format of the original data: MSMD and Nottingham as the authors of the paper published them.

A folder holds ``score/NAME.npz`` and ``performance/NAME.mid`` for every piece, and mostly ``score/NAME.mid``, the
MIDI at the score's own tempo. The npz holds ``sheet``, uint8 (height, width), the unrolled score; ``coords``, float32
(n, 2), the heads' (y, x); and ``coord2onset``, which says for rows of ``coords`` which of the performance's notes, in
the order of time, they start.

Nothing is known of pages, systems and measures: a score that is read is one page with one system and one measure.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.corpus.original.plain_pickle import read_int_dict, write_int_dict
from standpartner.errors import PieceError, ScoreError
from standpartner.perform import PlayedNotes
from standpartner.perform.midi_file import midi_bytes
from standpartner.piece.model import Performance, Piece
from standpartner.score import Measures, Notation, Noteheads, Notes, Onsets, Score, Systems
from standpartner.score.model import Image
from standpartner.score.notation.midi import MidiNotes, read_midi
from standpartner.score.notation.onsets import longest_increasing
from standpartner.support.files import DAMAGED_ARCHIVE

SHEET_HEIGHT_PX: Final = 200
_VELOCITY: Final = 72
_SHORTEST_S: Final = 1e-3
_MAX_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True)
class OriginalFiles:
    """The files of one piece; ``score_midi`` may be the performance's MIDI if there is no other."""

    name: str
    npz: Path
    performance_midi: Path
    score_midi: Path


@dataclass(frozen=True)
class OriginalPiece:
    """A published piece: its score, the played notes, and the second of each of the score's onsets."""

    name: str
    score: Score
    played: PlayedNotes
    onset_s: NDArray[np.float64]


@dataclass(frozen=True)
class _Drawn:
    """The content of the npz: heads (y, x), and the note that each row starts, -1 for none."""

    sheet: Image
    coords: NDArray[np.float32]
    note: NDArray[np.int64]


def find_original(folder: Path) -> list[OriginalFiles]:
    """Find all pieces in and below a folder, in the order of their names.

    Raises:
        PieceError: There are none, or a piece has no performance.
    """
    found = []
    for npz in sorted(folder.rglob("score/*.npz")):
        performance = npz.parent.parent / "performance" / f"{npz.stem}.mid"
        if not performance.is_file():
            raise PieceError(f"{npz} has no performance: expected {performance}; unpack the whole archive")
        score_midi = npz.with_suffix(".mid")
        found.append(OriginalFiles(npz.stem, npz, performance, score_midi if score_midi.is_file() else performance))
    if not found:
        raise PieceError(f"expected pieces as score/NAME.npz and performance/NAME.mid below {folder}, found none")
    return found


def read_original(files: OriginalFiles) -> OriginalPiece:
    """Read one piece without running anything in its pickled array.

    Raises:
        PieceError: A file is missing, damaged, or does not fit the others.
    """
    drawn = _read_npz(files.npz)
    try:
        performed, written = read_midi(files.performance_midi), read_midi(files.score_midi)
        if len(written) != len(performed):  # then coord2onset refers to the performance alone
            written = performed
        if not len(drawn.note) or drawn.note.max() >= len(performed):
            raise PieceError(
                f"{files.npz.name} speaks of note {drawn.note.max(initial=-1)}, but its performance has "
                f"{len(performed)} notes; expected one for each"
            )
        score, tick_onset = _score(files.name, drawn, written)
    except ScoreError as error:
        raise PieceError(f"{files.name} cannot be read: {error}") from error
    start_s, end_s = performed.seconds(performed.tick), performed.seconds(performed.end_tick)
    onset_s = np.full(len(score.onsets), np.inf)
    started = tick_onset >= 0
    np.minimum.at(onset_s, tick_onset[started], start_s[started])
    if not (np.diff(onset_s) > 0).all():
        raise PieceError(f"{files.name}: its performance plays the score's onsets out of order")
    played = PlayedNotes(performed.pitch, start_s, np.maximum(end_s - start_s, _SHORTEST_S), performed.velocity)
    return OriginalPiece(files.name, score, played, onset_s)


def write_original(piece: Piece, folder: Path, *, performance: int = 0) -> None:
    """Write a piece in the original format into ``folder/score`` and ``folder/performance``.

    The MIDI has the right seconds, but a quarter of it is always one second.

    Args:
        piece: The piece. Only heads that start a note are written.
        folder: The folder, which is made if it is missing.
        performance: The index of the performance, which must be made from the score's notes, in their order.

    Raises:
        PieceError: The performance is not note for note that of the score, or the files cannot be written.
    """
    score, played = piece.score, _played(piece, piece.performances[performance])
    written = PlayedNotes(
        score.notes.pitch,
        np.maximum(score.notes.time_s, 0.0),
        np.maximum(score.notes.duration_s, _SHORTEST_S),
        np.full(len(score.notes), _VELOCITY),
    )
    try:
        for name in ("score", "performance"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "score" / f"{piece.name}.mid").write_bytes(midi_bytes(written))
        midi = folder / "performance" / f"{piece.name}.mid"
        midi.write_bytes(midi_bytes(played))
        starting = np.flatnonzero(score.noteheads.onset >= 0)
        y_px = score.noteheads.y_px[starting] + (SHEET_HEIGHT_PX - STRIP_HEIGHT_PX) / 2
        coords = np.stack([y_px, score.noteheads.x_px[starting]], axis=1).astype(np.float32)
        notes = _notes_of_heads(score, starting, played=played, midi=read_midi(midi))
        _write_npz(folder / "score" / f"{piece.name}.npz", _Drawn(_sheet(score), coords, notes))
    except (OSError, ScoreError) as error:
        raise PieceError(
            f"cannot write {piece.name} to {folder}: {error}; free space or choose another folder"
        ) from error


def _read_npz(path: Path) -> _Drawn:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
                raise PieceError(f"{path.name} holds more than {_MAX_BYTES} bytes; is this one score?")
            sheet, coords = (
                np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
                for name in ("sheet", "coords")
            )
            onsets = read_int_dict(archive.read("coord2onset.npy"))
    except PieceError as error:
        raise PieceError(f"{path.name}: {error}") from error
    except DAMAGED_ARCHIVE as error:
        raise PieceError(f"{path} is not a score of the original data or is damaged: {error}") from error
    if sheet.ndim != 2 or sheet.dtype != np.uint8 or coords.ndim != 2 or coords.shape[1:] != (2,):
        raise PieceError(
            f"{path.name}: expected a sheet of uint8 (height, width) and coords (n, 2), got {sheet.dtype} "
            f"{sheet.shape} and {coords.shape}"
        )
    note = np.full(len(coords), -1, np.int64)
    for row, index in onsets.items():
        if not 0 <= row < len(coords) or index < 0:
            raise PieceError(f"{path.name}: coord2onset speaks of head {row} of {len(coords)} and note {index}")
        note[row] = index
    return _Drawn(sheet, coords, note)


def _score(name: str, drawn: _Drawn, midi: MidiNotes) -> tuple[Score, NDArray[np.int64]]:
    """Return the score, and for each note of the MIDI the onset that it starts, -1 for none."""
    page, top, above = _page(drawn.sheet)
    y_px, x_px = drawn.coords.astype(np.float64).T
    y_px = y_px + (above - top)
    heads = np.flatnonzero(drawn.note >= 0)
    head_tick = midi.tick[drawn.note[heads]]
    ticks = np.unique(head_tick)
    middle = [float(np.median(x_px[heads[head_tick == tick]])) for tick in ticks]
    kept = longest_increasing(middle)
    ticks = ticks[kept]
    head_onset = np.full(len(x_px), -1)
    head_onset[heads] = _at_or_after(ticks, head_tick)
    width = page.shape[1]
    score = Score(
        title=name.split("__")[-1],
        strip=page[top : top + STRIP_HEIGHT_PX],
        pages=(page,),
        page_scale=1.0,
        systems=Systems(*(np.array([v]) for v in (0, 0, top, width, top + STRIP_HEIGHT_PX, 0, width, 0, 0))),
        music=Notation(
            noteheads=Noteheads(x_px, y_px, _head_pitches(drawn, heads, midi), head_onset, np.zeros(len(x_px), bool)),
            onsets=Onsets(
                x_px=np.array(middle)[kept],
                quarter=ticks / midi.ticks_per_quarter,
                time_s=midi.seconds(ticks),
                measure=np.zeros(len(ticks), np.int64),
                system=np.zeros(len(ticks), np.int64),
            ),
            measures=Measures(np.array(["1"]), *(np.array([v]) for v in (0, 0, width, 0))),
            notes=_note_table(midi, _at_or_after(ticks, midi.tick)),
        ),
    )
    position = np.searchsorted(ticks, midi.tick).clip(max=len(ticks) - 1)
    return score, np.where(ticks[position] == midi.tick, position, -1)


def _page(sheet: Image) -> tuple[Image, int, int]:
    """Return the sheet, padded with white to the strip's height, the strip's first row, and the rows added above."""
    missing = max(0, STRIP_HEIGHT_PX - sheet.shape[0])
    above = missing // 2
    page = np.pad(sheet, ((above, missing - above), (0, 0)), constant_values=255)
    return page, (page.shape[0] - STRIP_HEIGHT_PX) // 2, above


def _at_or_after(ticks: NDArray[np.int64], tick: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(ticks, tick), len(ticks) - 1)


def _head_pitches(drawn: _Drawn, heads: NDArray[np.int64], midi: MidiNotes) -> NDArray[np.int64]:
    """Return the heads' pitches; heads of a chord get its notes from the lowest up, as the data does not say which."""
    pitch = np.zeros(len(drawn.coords), np.int64)
    by_height = heads[np.lexsort((-drawn.coords[heads, 0], midi.tick[drawn.note[heads]]))]
    by_pitch = np.sort(drawn.note[heads])  # the notes of the MIDI are in the order of time and pitch
    pitch[by_height] = midi.pitch[by_pitch]
    return pitch


def _note_table(midi: MidiNotes, onset: NDArray[np.int64]) -> Notes:
    start_s = midi.seconds(midi.tick)
    return Notes(
        pitch=midi.pitch,
        onset=onset,
        quarter=midi.tick / midi.ticks_per_quarter,
        duration_quarter=(midi.end_tick - midi.tick) / midi.ticks_per_quarter,
        time_s=start_s,
        duration_s=midi.seconds(midi.end_tick) - start_s,
        grace=np.zeros(len(midi), bool),
        hidden=np.zeros(len(midi), bool),
    )


def _played(piece: Piece, performance: Performance) -> PlayedNotes:
    notes = piece.score.notes
    if len(performance.note_pitch) != len(notes) or (performance.note_pitch != notes.pitch).any():
        raise PieceError(
            f"{piece.name}/{performance.name} has other notes than its score ({len(performance.note_pitch)} for "
            f"{len(notes)}); the original format needs a performance made from the score's notes"
        )
    return PlayedNotes(
        notes.pitch,
        performance.note_onset_s,
        np.maximum(performance.note_duration_s, _SHORTEST_S),
        np.full(len(notes), _VELOCITY),
    )


def _notes_of_heads(
    score: Score, heads: NDArray[np.int64], *, played: PlayedNotes, midi: MidiNotes
) -> NDArray[np.int64]:
    """Return the MIDI note that each head starts: the nearest in time with the pitch of its own note."""
    own: dict[tuple[int, int, bool], int] = {}
    for index, key in enumerate(zip(score.notes.onset, score.notes.pitch, score.notes.grace, strict=True)):
        own.setdefault((int(key[0]), int(key[1]), bool(key[2])), index)
    start_s = midi.seconds(midi.tick)
    found = np.full(len(heads), -1, np.int64)
    for row, head in enumerate(heads):
        onset, pitch = int(score.noteheads.onset[head]), int(score.noteheads.pitch[head])
        note = own.get((onset, pitch, bool(score.noteheads.grace[head])))
        same = np.flatnonzero(midi.pitch == pitch)
        if note is not None and len(same):
            found[row] = same[np.argmin(np.abs(start_s[same] - played.onset_s[note]))]
    return found


def _sheet(score: Score) -> Image:
    """Return the strip with the rows above and below it that the original format has, from the pages."""
    rows, systems = [], score.systems
    border = round((SHEET_HEIGHT_PX - STRIP_HEIGHT_PX) / 2 * score.page_scale)
    width_px = systems.strip_right_px - systems.strip_left_px
    for index, page in enumerate(systems.page):
        image = np.pad(score.pages[page], ((border, border), (0, 0)), constant_values=255)
        left, right = round(systems.page_left_px[index]), round(systems.page_right_px[index])
        top, bottom = round(systems.page_top_px[index]), round(systems.page_bottom_px[index])
        cut = image[top : bottom + 2 * border, left:right]
        size = (round(width_px[index]), SHEET_HEIGHT_PX)
        if cut.shape[::-1] != size:
            cut = np.asarray(PilImage.fromarray(cut).resize(size, PilImage.Resampling.BOX))
        rows.append(cut)
    return np.concatenate(rows, axis=1)


def _write_npz(path: Path, drawn: _Drawn) -> None:
    notes = {row: int(note) for row, note in enumerate(drawn.note) if note >= 0}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in (("coords", drawn.coords), ("sheet", drawn.sheet)):
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(f"{name}.npy", content.getvalue())
        archive.writestr("coord2onset.npy", write_int_dict(notes))
