r"""Joins drawn heads with the notes of LilyPond's MIDI by time and pitch, grace notes by pitch before their beat.

A head whose key is struck at its time starts a note. A head without a stroke is a tied continuation if its key is
down, else it is silent (a voice that the file keeps out of its MIDI). Of several \score blocks the music follows
one another; each takes the MIDI file that fits it best.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.notation.lilypond.engraving import DrawnSystem, NoteHeadGrob
from standpartner.score.notation.midi import MidiNotes

MIN_SHARE: Final = 0.95  # the least share of MIDI notes with a head, and of heads with a note
_TICK_TOLERANCE: Final = 2  # the ticks by which LilyPond rounds moments
_QUARTERS: Final = 4  # in a whole note


class MidiMismatchError(ScoreError):
    """The MIDI differs from the print."""


@dataclass(frozen=True)
class JoinedHead:
    """A drawn head and its system; ``note`` is the index of the sounding note, -1 if the head starts none."""

    system: int
    head: NoteHeadGrob
    quarter: float
    note: int
    sounding: bool


@dataclass(frozen=True)
class SoundingNote:
    """A note of the MIDI in quarters and seconds from the first moment; it is ``joined`` if a head starts it."""

    pitch: int
    quarter: float
    duration_quarter: float
    time_s: float
    duration_s: float
    grace: bool
    joined: bool


@dataclass(frozen=True)
class Join:
    r"""The heads and notes of the whole file, and the quarter at which each \score block starts."""

    heads: list[JoinedHead]
    notes: list[SoundingNote]
    score_quarter: dict[int, float]


@dataclass(frozen=True)
class _Struck:
    """The MIDI notes of one score with unisons merged: starts, ends and pitches, and their indices by pitch."""

    tick: list[int]
    end: list[int]
    pitch: list[int]
    of_pitch: dict[int, list[int]]


@dataclass(frozen=True)
class _Fit:
    """The fit of a score's heads to a MIDI file: each head's note, -1 for none, and whether its key is down.

    ``zero`` is the tick of the score's first moment: after 0 where grace notes precede it.
    """

    note: list[int]
    sounding: list[bool]
    zero: int


def join(systems: Sequence[DrawnSystem], midis: Sequence[MidiNotes], *, name: str) -> Join:
    """Join the drawn heads with the sounding notes.

    Raises:
        MidiMismatchError: Fewer than 95 % of the notes have a head, or of the heads a note.
    """
    struck = [_merge_unisons(midi) for midi in midis]
    unused = list(range(len(midis)))
    heads: list[JoinedHead] = []
    notes: list[SoundingNote] = []
    starts: dict[int, float] = {}
    quarter = time_s = 0.0
    for score in sorted({system.score for system in systems}):
        own = [(i, head) for i, system in enumerate(systems) if system.score == score for head in system.heads]
        if not unused:
            raise MidiMismatchError(
                f"{name} draws more scores than it has MIDI for; give each \\score block its \\midi {{ }}."
            )
        fits = {i: _fit([head for _, head in own], struck[i], midis[i].ticks_per_quarter) for i in unused}
        best = max(unused, key=lambda i: sum(note >= 0 for note in fits[i].note))
        unused.remove(best)
        starts[score] = quarter
        heads += _joined_heads(own, fits[best], quarter=quarter, first_note=len(notes))
        graces = {note for (_, head), note in zip(own, fits[best].note, strict=True) if head.grace}
        new = _sounding(struck[best], midis[best], fits[best], graces=graces)
        notes += [replace(note, quarter=note.quarter + quarter, time_s=note.time_s + time_s) for note in new]
        quarter = max((note.quarter + note.duration_quarter for note in notes), default=0.0)
        time_s = max((note.time_s + note.duration_s for note in notes), default=0.0)
    _check(heads, notes, name=name)
    return Join(heads, notes, starts)


def _joined_heads(
    own: list[tuple[int, NoteHeadGrob]], fit: _Fit, *, quarter: float, first_note: int
) -> list[JoinedHead]:
    return [
        JoinedHead(
            system=system,
            head=head,
            quarter=quarter + _QUARTERS * float(head.moment),
            note=note + first_note if note >= 0 else -1,
            sounding=sounding,
        )
        for (system, head), note, sounding in zip(own, fit.note, fit.sounding, strict=True)
    ]


def _merge_unisons(midi: MidiNotes) -> _Struck:
    """Merge notes of one pitch that start together, in two voices, into one stroke."""
    longest: dict[tuple[int, int], int] = {}
    for tick, pitch, end in zip(midi.tick.tolist(), midi.pitch.tolist(), midi.end_tick.tolist(), strict=True):
        longest[tick, pitch] = max(end, longest.get((tick, pitch), 0))
    ticks, pitches = [key[0] for key in longest], [key[1] for key in longest]
    of_pitch: dict[int, list[int]] = {}
    for index, pitch in enumerate(pitches):
        of_pitch.setdefault(pitch, []).append(index)
    return _Struck(ticks, list(longest.values()), pitches, of_pitch)


def _fit(heads: list[NoteHeadGrob], struck: _Struck, ticks_per_quarter: int) -> _Fit:
    zeros = [0]
    if min(heads, key=lambda head: (head.moment, head.grace)).grace:  # such grace notes sound before the first moment
        zeros += sorted({tick for tick in struck.tick if 0 < tick <= ticks_per_quarter})
    fits = [_fit_from(heads, struck, ticks_per_quarter, zero=zero) for zero in zeros]
    return max(fits, key=lambda fit: sum(note >= 0 for note in fit.note))


def _fit_from(heads: list[NoteHeadGrob], struck: _Struck, ticks_per_quarter: int, *, zero: int) -> _Fit:
    ticks = [zero + round(head.moment * _QUARTERS * ticks_per_quarter) for head in heads]
    found = [
        -1 if head.grace else _struck_at(struck, head.pitch, tick) for head, tick in zip(heads, ticks, strict=True)
    ]
    used = set(found)
    for index in sorted((i for i, head in enumerate(heads) if head.grace), key=lambda i: -heads[i].grace):
        head = heads[index]  # begins with the head nearest to the beat
        earliest = ticks[index] + (head.grace * 2 * _QUARTERS - 1) * ticks_per_quarter
        free = [
            note
            for note in struck.of_pitch.get(head.pitch, ())
            if earliest <= struck.tick[note] <= ticks[index] + _TICK_TOLERANCE and note not in used
        ]
        if free:
            found[index] = free[-1]
            used.add(free[-1])
    sounding = [
        note >= 0 or _is_down(struck, head.pitch, tick) for note, head, tick in zip(found, heads, ticks, strict=True)
    ]
    return _Fit(found, sounding, zero)


def _struck_at(struck: _Struck, pitch: int, tick: int) -> int:
    near = [note for note in struck.of_pitch.get(pitch, ()) if abs(struck.tick[note] - tick) <= _TICK_TOLERANCE]
    return min(near, key=lambda note: abs(struck.tick[note] - tick), default=-1)


def _is_down(struck: _Struck, pitch: int, tick: int) -> bool:
    return any(struck.tick[note] < tick < struck.end[note] for note in struck.of_pitch.get(pitch, ()))


def _sounding(struck: _Struck, midi: MidiNotes, fit: _Fit, *, graces: set[int]) -> list[SoundingNote]:
    starts_s, ends_s = midi.seconds(struck.tick), midi.seconds(struck.end)
    joined = set(fit.note)
    return [
        SoundingNote(
            pitch=pitch,
            quarter=(struck.tick[index] - fit.zero) / midi.ticks_per_quarter,
            duration_quarter=(struck.end[index] - struck.tick[index]) / midi.ticks_per_quarter,
            time_s=float(starts_s[index]),
            duration_s=float(ends_s[index] - starts_s[index]),
            grace=index in graces,
            joined=index in joined,
        )
        for index, pitch in enumerate(struck.pitch)
    ]


def _check(heads: list[JoinedHead], notes: list[SoundingNote], *, name: str) -> None:
    if not notes:
        raise MidiMismatchError(f"{name} has no notes in its MIDI.")
    drawn = sum(note.joined for note in notes) / len(notes)
    heard = sum(head.sounding for head in heads) / len(heads)
    if drawn < MIN_SHARE or heard < MIN_SHARE:
        raise MidiMismatchError(
            f"Of the notes that {name} plays {drawn:.1%} are drawn, of those it draws {heard:.1%} sound; expected "
            rf"{MIN_SHARE:.0%} each. Leave out of the file what sounds otherwise than printed, such as \transposition."
        )
