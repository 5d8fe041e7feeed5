"""Reads Verovio's time map: when every note and measure begins, in quarters and in seconds.

Verovio 6.4 counts quarters in fractions of small whole numbers, and after a run in 13ths or 27ths their sums overflow.
Then single notes, or all music from some measure on, stand hundreds of quarters too early, and the map is in disorder.
Its seconds are right. So entries are put in the order of seconds, and a quarter that disagrees with the seconds and
tempi before it is computed from these. Notes whose quarters overflow to the same number fall together in one entry;
they are parted by the seconds that Verovio tells of each note.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

_USUAL_TEMPO: Final = 120.0  # Verovio's, in quarters a minute, where a score has none
_OVERFLOWED: Final = 0.5  # the distance from what seconds say, in quarters, beyond which a quarter has overflowed
_SAME_S: Final = 0.002  # the map's seconds are rounded to thousandths


@dataclass(frozen=True)
class Moment:
    """A moment at which notes or measures begin or end, with their ids.

    Attributes:
        quarter: The time in quarters from the beginning.
        time_s: The time in s from the beginning.
        begin: The ids of notes and rests that begin.
        end: The ids of notes that end.
        measure: The id of the measure that begins; empty if none does.
    """

    quarter: float
    time_s: float
    begin: tuple[str, ...]
    end: tuple[str, ...]
    measure: str


@dataclass(frozen=True)
class NoteSpan:
    """The start and end of a written note; ``event`` is the index of the moment in which it begins."""

    event: int
    quarter: float
    time_s: float
    end_quarter: float
    end_time_s: float


def read_time_map(time_map: Sequence[Mapping[str, Any]], times_of: Callable[[str], Mapping[str, Any]]) -> list[Moment]:
    """Return the moments of Verovio's time map in the order of time, with right quarters.

    Args:
        time_map: What Verovio's ``renderToTimemap`` gives.
        times_of: Verovio's ``getTimesForElement``, which tells the times of a note by its id.
    """
    tempo = next((entry["tempo"] for entry in time_map if "tempo" in entry), _USUAL_TEMPO)  # the first may lack it
    timed = list[tuple[float, float, float, Mapping[str, Any]]]()
    for entry in time_map:  # a tempo holds for all entries up to the next one, in the map's own order
        tempo = float(entry.get("tempo", tempo))
        timed.append((float(entry["tstamp"]) / 1000, float(entry["qstamp"]), tempo, entry))
    timed.sort(key=lambda each: each[:2])
    moments, overflowed = list[Moment](), False
    quarter = before_s = before_tempo = 0.0
    for time_s, counted, tempo, entry in timed:
        expected = quarter + (time_s - before_s) * before_tempo / 60
        if abs(counted - expected) <= _OVERFLOWED:
            quarter = counted
        else:
            overflowed = True
            quarter = expected if time_s - before_s > _SAME_S else quarter
        moments.append(_moment(quarter, time_s, entry))
        before_s, before_tempo = time_s, tempo
    return _parted(moments, times_of) if overflowed else moments


def _moment(quarter: float, time_s: float, entry: Mapping[str, Any]) -> Moment:
    begin = (*entry.get("on", ()), *entry.get("restsOn", ()))
    return Moment(quarter, time_s, begin, tuple(entry.get("off", ())), entry.get("measureOn", ""))


@dataclass
class _Gathered:
    """What begins and ends at a moment."""

    begin: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    measure: str = ""

    def moment(self, quarter: float, time_s: float) -> Moment:
        return Moment(quarter, time_s, tuple(self.begin), tuple(self.end), self.measure)


def _parted(moments: Sequence[Moment], times_of: Callable[[str], Mapping[str, Any]]) -> list[Moment]:
    """Return moments in which every note begins and ends when it does by its own times."""
    known = [_thousandths(moment.time_s) for moment in moments]
    gathered = {time: _Gathered() for time in known}

    def when(name: str, key: str, otherwise: int) -> _Gathered:
        told = round(times_of(name).get(key, [otherwise])[0])
        near = (time for time in (otherwise, told, told - 1, told + 1) if time in gathered and abs(time - told) <= 1)
        return gathered.setdefault(next(near, told), _Gathered())

    for time, moment in zip(known, moments, strict=True):
        for name in moment.begin:
            when(name, "tstampOn", time).begin.append(name)
        for name in moment.end:
            when(name, "tstampOff", time).end.append(name)
        gathered[time].measure = gathered[time].measure or moment.measure
    times = sorted(gathered)
    quarters = np.interp(times, known, [moment.quarter for moment in moments]).tolist()
    return [gathered[time].moment(quarter, time / 1000) for quarter, time in zip(quarters, times, strict=True)]


def _thousandths(time_s: float) -> int:
    return round(1000 * time_s)


def read_spans(moments: Sequence[Moment]) -> dict[str, NoteSpan]:
    """Return the start and end of each note."""
    starts: dict[str, int] = {}
    ends: dict[str, Moment] = {}
    for index, moment in enumerate(moments):
        for note in moment.end:
            if note in starts:
                ends.setdefault(note, moment)
        for note in moment.begin:
            starts.setdefault(note, index)
    spans = dict[str, NoteSpan]()
    for note, index in starts.items():
        start, end = moments[index], ends.get(note, moments[-1])
        spans[note] = NoteSpan(index, start.quarter, start.time_s, end.quarter, end.time_s)
    return spans


def measure_quarters(moments: Sequence[Moment]) -> dict[str, float]:
    """Return the start of each measure in quarters."""
    starts: dict[str, float] = {}
    for moment in moments:
        if moment.measure:
            starts.setdefault(moment.measure, moment.quarter)
    return starts
