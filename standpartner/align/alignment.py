"""Finds when each onset is played, by annotated beats, the performance's notes, a match file, or annotated positions.

A performance may take repeats or leave them out, so each onset of the score may be played several times or not at all.
It is followed through the orders that the score's signs allow; by a match file or a MIDI file of the score, whose
rhythm is known, also elsewhere.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from standpartner.align.chords import at_their_onsets, find_chords, group_chords
from standpartner.align.onset_refinement import fill_missing_onsets, interpolate, refine_onsets
from standpartner.align.played_onsets import PlayedChords, PlayedOnsets, find_played_onsets, running_time
from standpartner.align.readers import AnnotatedPosition, MatchedNotes
from standpartner.errors import PieceError
from standpartner.perform import PlayedNotes
from standpartner.score import Score
from standpartner.score.notation.midi import MidiNotes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_SHARE: Final = 0.85  # share of the score's notes that must be found in a performance
MAX_GAP: Final = 24  # onsets in a row of which no note may be found
_CHORD_TICKS: Final = 2  # notes of a score within these are one chord
_CHORD_S: Final = 0.035  # played notes within these are one chord
_CHORD_QUARTERS: Final = 1e-3
_SHORTEST_S: Final = 1e-3


@dataclass(frozen=True)
class Alignment:
    """A performance and when the onsets of the score are played in it.

    Attributes:
        onset: The index in the score of each onset that is played, in the order in which they are played, (n,).
        onset_s: The second at which each is played, (n,), strictly increasing.
        played: The notes of the performance.
        share: The share of the notes in this order that were found in the performance. Notes that only lead to an
            onset do not count.
        method: The word for what the onsets were found by: "beats", "notes", "match" or "places".
    """

    onset: Ints
    onset_s: Floats
    played: PlayedNotes
    share: float
    method: str


def align_with_beats(
    score: Score, played: PlayedNotes, *, score_midi: MidiNotes, score_beats_s: Floats, beats_s: Floats
) -> Alignment:
    """Align a performance by beats annotated in it and in a MIDI file of the score.

    Args:
        score: The score that was played.
        played: The notes of the performance.
        score_midi: The score as it was played, with repeats written out.
        score_beats_s: The seconds of the beats in that MIDI file, (beats,).
        beats_s: The seconds of the same beats in the performance, (beats,).

    Raises:
        PieceError: Beats are missing or too few notes are found.
    """
    if len(beats_s) != len(score_beats_s):
        raise PieceError(f"{len(beats_s)} beats are annotated, but the score's MIDI has {len(score_beats_s)}")
    written = _Unfolded.of_midi(score_midi)
    played_s = interpolate(score_midi.seconds(written.ticks), score_beats_s, beats_s)
    return _align_unfolded(score, played, written=written, played_s=played_s, method="beats")


def align_with_score_midi(score: Score, played: PlayedNotes, *, score_midi: MidiNotes) -> Alignment:
    """Align a performance by its notes and a MIDI file of the score as it was played, repeats written out.

    Raises:
        PieceError: Too few notes are found.
    """
    written = _Unfolded.of_midi(score_midi)
    heard, heard_s = group_chords(played.pitch, played.onset_s, width=_CHORD_S)
    found = find_chords(heard, written.chords, jumps=False).onset
    chord, first = np.unique(found[found >= 0], return_index=True)
    if len(chord) < 2:
        raise PieceError("hardly a note of the score is in the performance; expected one of the same music")
    played_s = interpolate(written.ticks, written.ticks[chord], heard_s[found >= 0][first])
    return _align_unfolded(score, played, written=written, played_s=played_s, method="notes")


def align_midi(score: Score, played: PlayedNotes) -> Alignment:
    """Align a performance by its notes alone, in the order of the score's possible ones that fits best.

    Raises:
        PieceError: Too few notes are found, or measures are left out.
    """
    chords, start_s = group_chords(played.pitch, played.onset_s, width=_CHORD_S)
    return _snap(score, find_played_onsets(score, PlayedChords(chords, start_s)), played, method="notes")


def align_match(score: Score, match: MatchedNotes) -> Alignment:
    """Align a performance whose notes are matched already.

    Raises:
        PieceError: Too few notes are matched, or they are of another score.
    """
    chords, quarters = group_chords(match.pitch, match.quarter, width=_CHORD_QUARTERS)
    chord = np.searchsorted(quarters, match.quarter + _CHORD_QUARTERS, side="right") - 1
    chord_s = np.array([np.median(match.onset_s[chord == index]) for index in range(len(chords))])
    sequence = find_played_onsets(score, PlayedChords(chords, chord_s, quarters))
    known, position = sequence.known, running_time(score.onsets.time_s, sequence.onset)
    index, _ = _notes_of(score, sequence.onset)
    alignment = Alignment(
        onset=sequence.onset,
        onset_s=fill_missing_onsets(sequence.time, position),
        played=match.played,
        share=float(np.isin(index, known).mean()),
        method="match",
    )
    return _checked(score, alignment, longest_gap=0)


def align_annotated_positions(score: Score, positions: list[AnnotatedPosition]) -> Alignment:
    """Align a recording by annotated positions; between them the score's notes are taken to sound as written.

    Args:
        score: The score that was played.
        positions: The positions in the order of time.

    Raises:
        PieceError: A measure is not in the score, or the positions go back.
    """
    quarters = _quarters_of(score, positions)
    seconds = np.array([position.second for position in positions])
    onset_s = fill_missing_onsets(interpolate(score.onsets.quarter, quarters, seconds), score.onsets.time_s)
    if onset_s[0] < 0:
        raise PieceError("by these places the score would start before the recording; add the place of its first note")
    start_s = np.maximum(interpolate(score.notes.quarter, quarters, seconds), 0.0)
    end_s = interpolate(score.notes.quarter + score.notes.duration_quarter, quarters, seconds)
    played = PlayedNotes(
        pitch=score.notes.pitch,
        onset_s=start_s,
        duration_s=np.maximum(end_s - start_s, _SHORTEST_S),
        velocity=np.full(len(start_s), 64),
    )
    return Alignment(np.arange(len(onset_s)), onset_s, played, share=1.0, method="places")


@dataclass(frozen=True)
class _Unfolded:
    """The chords of a score as it was played, repeats written out: (n, 128) pitches, (n,) ticks and quarters."""

    chords: Bools
    ticks: Floats
    quarters: Floats

    @classmethod
    def of_midi(cls, score_midi: MidiNotes) -> Self:
        chords, ticks = group_chords(score_midi.pitch, score_midi.tick, width=_CHORD_TICKS)
        return cls(chords, ticks, ticks / score_midi.ticks_per_quarter)


def _align_unfolded(
    score: Score, played: PlayedNotes, *, written: _Unfolded, played_s: Floats, method: str
) -> Alignment:
    """Align by the chords of the score as it was played and the second at which each was played."""
    exact = refine_onsets(*np.nonzero(written.chords), expected_s=np.maximum.accumulate(played_s), played=played)
    unfolded = PlayedChords(written.chords, exact.onset_s, written.quarters)
    return _snap(score, find_played_onsets(score, unfolded), played, method=method)


def _snap(score: Score, sequence: PlayedOnsets, played: PlayedNotes, *, method: str) -> Alignment:
    """Move the onsets to the notes that were played."""
    position = running_time(score.onsets.quarter, sequence.onset) + 1e-6 * np.arange(len(sequence.onset))
    known = sequence.known
    expected_s = np.maximum.accumulate(interpolate(position, position[known], sequence.time[known]))
    index, pitch = _notes_of(score, sequence.onset)
    refined = refine_onsets(index, pitch, expected_s=expected_s, played=played)
    alignment = Alignment(sequence.onset, refined.onset_s, played, refined.share, method)
    return _checked(score, alignment, longest_gap=refined.longest_gap)


def _notes_of(score: Score, onset: Ints) -> tuple[Ints, Ints]:
    """Return for each note of played onsets, in their order, the index of its onset in that order, and its pitch."""
    main = at_their_onsets(score)
    order = np.argsort(score.notes.onset[main], kind="stable")
    begin = np.searchsorted(score.notes.onset[main][order], np.arange(len(score.onsets) + 1))
    pitch = score.notes.pitch[main][order]
    counts = begin[onset + 1] - begin[onset]
    notes = np.concatenate([np.arange(begin[number], begin[number + 1]) for number in onset])
    return np.repeat(np.arange(len(onset)), counts), pitch[notes]


def _checked(score: Score, alignment: Alignment, *, longest_gap: int) -> Alignment:
    heard = np.isin(score.notes.onset, alignment.onset).mean()
    if min(alignment.share, heard) < MIN_SHARE:
        raise PieceError(
            f"{min(alignment.share, heard):.1%} of the score's notes are found in the performance, expected "
            f"{MIN_SHARE:.0%}; is it of this score, as printed or with its repeats?"
        )
    if longest_gap > MAX_GAP:
        raise PieceError(f"{longest_gap} onsets in a row are not found in the performance; does it leave them out?")
    if alignment.onset_s[0] < 0:
        raise PieceError("the score would start before the performance; its first notes are missing")
    return alignment


def _quarters_of(score: Score, positions: list[AnnotatedPosition]) -> Floats:
    """Return the quarters of positions; where measures share a number, the next one is taken."""
    quarters: list[float] = []
    measure = 0
    for second, label, after in positions:
        later = np.flatnonzero(score.measures.label[measure:] == label)
        if not len(later):
            labels = score.measures.label
            raise PieceError(
                f"at {second:g} s: there is no measure {label} after the place before; the score has measures "
                f"{labels[0]} to {labels[-1]}"
            )
        measure += int(later[0])
        quarters.append(float(score.measures.quarter[measure]) + after)
    if (np.diff(quarters) <= 0).any():
        raise PieceError("expected places that go forward in the score, each later than the one before")
    return np.array(quarters)
