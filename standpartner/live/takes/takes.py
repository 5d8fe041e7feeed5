"""Records takes while they are played, and reads them again: positions, bars, what was lost and repeated.

A take is a file of JSON lines, one for each position in the order in which they were given, so that a server that is
killed loses a second at most. A position that was given again replaces the one before.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import OutputError
from standpartner.hear import write_audio
from standpartner.live.protocol import messages
from standpartner.live.scores.library import Library

_FIELDS: Final = (
    "time_s", "page", "system", "bar", "measure", "page_x", "page_y", "strip_x_px", "probability", "confidence",
    "jumped",
)  # fmt: skip
_LINES_UNTIL_FLUSH: Final = FRAME_RATE_HZ


class TakeWriter:
    """Writes one take as it is played. The sound is kept only if asked for.

    Args:
        path: The file of positions; it goes on where an earlier writer was broken off.
        sound: The file of raw 16-bit samples, or None.

    Raises:
        OutputError: A file cannot be written.
    """

    def __init__(self, path: Path, *, sound: Path | None = None) -> None:
        self.path = path
        self._lines = 0
        self._file, self._sound = _opened(path), None if sound is None else _opened(sound)

    def add(self, told: Iterable[messages.ServerMessage]) -> None:
        """Add the positions among some messages."""
        lines = [messages.encode(message) + "\n" for message in told if isinstance(message, messages.Position)]
        if not lines:
            return
        self._lines += len(lines)
        try:
            self._file.write("".join(lines).encode())
            if self._lines >= _LINES_UNTIL_FLUSH:
                self._lines = 0
                self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def add_sound(self, sound: NDArray[np.float32]) -> None:
        """Add mono sound at 22 050 Hz, if it is kept."""
        if self._sound is None:
            return
        try:
            self._sound.write((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Close the files; what cannot be written any more is lost."""
        for file in (self._file, self._sound):
            if file is not None:
                try:
                    file.close()
                except OSError:
                    continue


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("ab")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"this take cannot be kept ({error.strerror or error}); following goes on, but make room on the disk of "
        f"{path.parent} before the next take"
    )


def read_positions(path: Path) -> list[dict[str, Any]]:
    """Read the positions of a take, one for each moment; a line that was broken off is left out."""
    by_time: dict[float, dict[str, Any]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    decoder = msgspec.json.Decoder(messages.Position)
    for line in lines:
        try:
            position = decoder.decode(line)
        except msgspec.MsgspecError:
            continue
        values = {name: getattr(position, name) for name in _FIELDS}
        earlier = by_time.get(position.time_s)
        values["jumped"] = position.jumped or bool(earlier and earlier["jumped"])
        by_time[position.time_s] = values
    return [by_time[time_s] for time_s in sorted(by_time)]


def take_content(positions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a take tells: positions, bars with their tempo, where it was lost, and what was repeated."""
    return {
        "positions": list(positions),
        "bars": played_bars(positions),
        "lost": _lost(positions),
        "repeated": _repeated(positions),
    }


def take_summary(positions: Sequence[Mapping[str, Any]], *, finished: bool = False) -> dict[str, Any]:
    """Return the short form of a take."""
    duration_s = positions[-1]["time_s"] if positions else 0.0
    lost = sum(position["confidence"] == "lost" for position in positions)
    return {
        "duration_s": round(duration_s, 2),
        "finished": finished,
        "jumps": sum(bool(position["jumped"]) for position in positions),
        "lost_share": round(lost / max(1, len(positions)), 4),
    }


def played_bars(positions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the bars in the order in which they were played.

    Each has ``bar``, ``measure``, ``pass`` (1 the first time), ``start_s``, ``end_s``, and ``tempo``: the median
    duration of the bars that were played whole, divided by its own; None for a bar that was broken off.
    """
    rows: list[dict[str, Any]] = []
    passes: dict[int, int] = {}
    known = [position for position in positions if position["bar"] is not None and position["confidence"] != "lost"]
    for bar, group in groupby(known, key=lambda position: position["bar"]):
        inside = list(group)
        passes[bar] = passes.get(bar, 0) + 1
        row = {"bar": bar, "measure": inside[0]["measure"], "pass": passes[bar], "start_s": inside[0]["time_s"]}
        rows.append({**row, "end_s": round(inside[-1]["time_s"] + 1 / FRAME_RATE_HZ, 3), "tempo": None})
    whole = [row for row, after in pairwise(rows) if after["bar"] == row["bar"] + 1]
    lengths = [row["end_s"] - row["start_s"] for row in whole]
    if lengths:
        median = statistics.median(lengths)
        for row, length in zip(whole, lengths, strict=True):
            row["tempo"] = round(median / max(length, 1 / FRAME_RATE_HZ), 3)
    return rows


def _lost(positions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    stretches = []
    for lost, group in groupby(positions, key=lambda position: position["confidence"] == "lost"):
        inside = list(group)
        if lost:
            stretches.append(
                {"from_s": inside[0]["time_s"], "to_s": inside[-1]["time_s"], "bar": inside[0]["bar"]},
            )
    return stretches


def _repeated(positions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"at_s": now["time_s"], "from_bar": before["bar"], "to_bar": now["bar"]}
        for before, now in pairwise(positions)
        if now["jumped"] and now["bar"] is not None and before["bar"] is not None and now["bar"] < before["bar"]
    ]


def finish_sound(raw: Path, flac: Path) -> bool:
    """Turn raw samples that were kept into a FLAC file; return whether there is one now."""
    if not raw.is_file():
        return flac.is_file()
    data = raw.read_bytes()
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32767
    if len(samples) > SAMPLE_RATE_HZ // FRAME_RATE_HZ:
        write_audio(flac, np.clip(samples, -1, 1))
    raw.unlink()
    return flac.is_file()


def save_take(library: Library, take: str, *, finished: bool = False) -> float:
    """Close a take: its sound becomes a FLAC file and its summary goes to the library; return its length in s."""
    summary = take_summary(read_positions(library.take_file(take, ".jsonl")), finished=finished)
    has_audio = finish_sound(library.take_file(take, ".pcm"), library.take_file(take, ".flac"))
    library.change_take(take, state="saved", summary={**summary, "has_audio": has_audio})
    return float(summary["duration_s"])
