"""Finds pieces that are the same music by comparing their notes, so that no music is in two splits.

A piece is compared by its melody: the top voice, as pitches alone, so that neither titles nor layout, key or rhythm
matter. The search works as sequence databases do it (seed and extend): pieces that share rare figures, which are runs
of six melodic intervals, become candidates. A local alignment of their melodies decides (T. F. Smith and M. S.
Waterman, "Identification of common molecular subsequences", J. Mol. Biol. 147, 1981, doi
10.1016/0022-2836(81)90087-5), in the transposition that fits best. P. van Kranenburg, A. Volk and F. Wiering ("A
comparison between global and local features for computational classification of folk song melodies", J. New Music
Research 42, 2013, doi 10.1080/09298215.2012.718790) found alignment to recognise variants of folk songs best.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.score import Notes

Ints = NDArray[np.int64]
Tenths = NDArray[np.int32]
Figure = tuple[int, ...]

_SAME_QUARTERS: Final = 1e-3  # two notes within these start together
_STEPS: Final = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)  # scale steps of 0 to 11 semitones: major and minor are alike
_OCTAVE: Final = 12
_TRANSPOSITIONS: Final = np.arange(-_OCTAVE, _OCTAVE + 1)
_SAME, _SEMITONE, _OTHER, _GAP = 10, 3, -10, -8  # in tenths: scores of two notes and of one that is left out
_TENTHS: Final = 10


@dataclass(frozen=True)
class ComparisonConfig:
    """The conditions on which two pieces are the same music.

    The defaults were set on the tunes of Nottingham: all variants that were known or found by hand are above them.

    Attributes:
        figure_intervals: The number of intervals in a figure.
        different_intervals: The least number of different intervals in a figure, which leaves out scales and trills.
        most_pieces: The largest number of pieces that a figure may stand in; more common ones make no candidates.
        candidate_share: The least share of the shorter piece's figures, weighted by rarity, that makes candidates.
        least_share: The least alignment score for each note of the shorter melody. A note that agrees scores 1.
        least_score: The least alignment score. Shorter melodies are never the same music.
    """

    figure_intervals: int = 6
    different_intervals: int = 3
    most_pieces: int = 50
    candidate_share: float = 0.05
    least_share: float = 0.45
    least_score: float = 30.0


DEFAULT_COMPARISON: Final = ComparisonConfig()


@dataclass(frozen=True)
class Melody:
    """The melody of one piece.

    Attributes:
        corpus: The name of the piece's corpus.
        piece: The name of the piece.
        split: The split that the piece is in.
        pitch: The MIDI numbers of the top voice in the order of time, (notes,).
    """

    corpus: str
    piece: str
    split: str
    pitch: Ints


@dataclass(frozen=True)
class SameMusic:
    """Two pieces that are the same music.

    Attributes:
        first: The first of the two melodies.
        second: The second of the two melodies.
        score: The score of the alignment of their melodies: about the number of notes that agree.
        share: The score for each note of the shorter melody, at most 1.
        semitones: The number of semitones by which the second one is notated higher than the first.
    """

    first: Melody
    second: Melody
    score: float
    share: float
    semitones: int


def top_voice(notes: Notes) -> Ints:
    """Find the melody of a score by the skyline method: the notes that are the highest sounding when they start.

    Grace notes and hidden notes are left out.

    Args:
        notes: The score's notes.

    Returns:
        The MIDI numbers in the order of time, (n,).
    """
    written = ~notes.grace & ~notes.hidden
    quarter, pitch, length = notes.quarter[written], notes.pitch[written], notes.duration_quarter[written]
    order = np.lexsort((-pitch, np.round(quarter / _SAME_QUARTERS)))
    melody: list[int] = []
    started = ended = -math.inf
    for start, number, lasts in zip(quarter[order], pitch[order].tolist(), length[order], strict=True):
        covered = bool(melody) and number < melody[-1] and start < ended - _SAME_QUARTERS
        if start - started >= _SAME_QUARTERS and not covered:
            melody.append(number)
            started, ended = start, start + lasts
    return np.array(melody, np.int64)


def find_same_music(
    melodies: Sequence[Melody],
    config: ComparisonConfig = DEFAULT_COMPARISON,
    *,
    between_splits: bool = True,
    report: Callable[[int], None] = lambda total: None,
) -> list[SameMusic]:
    """Find the pairs of pieces that are the same music.

    Args:
        melodies: The melodies of all pieces.
        config: The conditions on which two pieces are the same music.
        between_splits: Whether only pieces of different splits are compared.
        report: The function that is called after each alignment with the number of all.

    Returns:
        The pairs, the most alike first.
    """
    pairs = [
        (first, second)
        for first, second in _candidates([_figures(melody.pitch, config) for melody in melodies], config)
        if not (between_splits and melodies[first].split == melodies[second].split)
    ]
    found = []
    for first, second in pairs:
        same = _compare(melodies[first], melodies[second])
        report(len(pairs))
        if same.share >= config.least_share and same.score >= config.least_score:
            found.append(same)
    return sorted(found, key=lambda same: -same.share)


def _figures(pitch: Ints, config: ComparisonConfig) -> frozenset[Figure]:
    intervals = [_steps(int(interval)) for interval in np.diff(pitch)]
    count = config.figure_intervals
    figures = (tuple(intervals[start : start + count]) for start in range(len(intervals) - count + 1))
    return frozenset(figure for figure in figures if len(set(figure)) >= config.different_intervals)


def _steps(semitones: int) -> int:
    octaves, rest = divmod(abs(semitones), _OCTAVE)
    return int(math.copysign(7 * octaves + _STEPS[rest], semitones))


def _candidates(figures: Sequence[frozenset[Figure]], config: ComparisonConfig) -> list[tuple[int, int]]:
    """Return pairs of pieces that have enough rare figures in common; rarity is the inverse document frequency."""
    pieces_of: dict[Figure, list[int]] = {}
    for piece, own in enumerate(figures):
        for figure in own:
            pieces_of.setdefault(figure, []).append(piece)
    weight = {figure: math.log(len(figures) / len(pieces)) for figure, pieces in pieces_of.items()}
    whole = [sum(weight[figure] for figure in own) for own in figures]
    common: defaultdict[tuple[int, int], float] = defaultdict(float)
    for figure, pieces in pieces_of.items():
        if 1 < len(pieces) <= config.most_pieces:
            for pair in combinations(pieces, 2):
                common[pair] += weight[figure]
    return sorted(
        pair
        for pair, weight_in_common in common.items()
        if weight_in_common >= config.candidate_share * min(whole[pair[0]], whole[pair[1]])
    )


def _compare(first: Melody, second: Melody) -> SameMusic:
    score, semitones = align_locally(first.pitch, second.pitch)
    shorter = min(len(first.pitch), len(second.pitch))
    return SameMusic(first, second, score, score / shorter, semitones)


def align_locally(first: Ints, second: Ints) -> tuple[float, int]:
    """Score the best local alignment of two melodies over all transpositions within an octave.

    Args:
        first: The MIDI numbers of the first melody, (n,).
        second: The MIDI numbers of the second melody, (m,).

    Returns:
        The score, and the semitones by which the second melody is higher than the first in that alignment.
    """
    if len(first) > len(second):
        score, semitones = align_locally(second, first)
        return score, -semitones
    likeness = np.full(2 * 128 + 2 * _OCTAVE, _OTHER, np.int32)
    likeness[:2] = _SAME, _SEMITONE
    transposed = second[None] - _TRANSPOSITIONS[:, None]
    gaps = -_GAP * np.arange(len(second), dtype=np.int32)
    scores = np.zeros((len(_TRANSPOSITIONS), len(second) + 1), np.int32)
    best = np.zeros(len(_TRANSPOSITIONS), np.int32)
    for pitch in first:
        scores[:, 1:] = _next_row(scores, likeness[np.abs(transposed - pitch)], gaps)
        np.maximum(best, scores.max(axis=1), out=best)
    return int(best.max()) / _TENTHS, int(_TRANSPOSITIONS[best.argmax()])


def _next_row(scores: Tenths, likeness: Tenths, gaps: Tenths) -> Tenths:
    """Compute one row of the alignment for all transpositions: go on, leave out a note, or begin anew."""
    row = np.maximum(scores[:, :-1] + likeness, scores[:, 1:] + _GAP).clip(min=0)
    return np.maximum.accumulate(row + gaps, axis=1) - gaps  # leaving out notes of the second melody
