"""Adds deviations from the score: hesitations, rolled chords, and wrong, missing and extra notes.

Each onset keeps its time in the truth: a pause moves it, a missed or wrong note does not. The first and the last onset
are played as written, so that a performance starts and ends with the score.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import KEY_COUNT, LOWEST_KEY
from standpartner.perform.played import PlayedNotes
from standpartner.perform.style import PerformanceChoices

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

_PAUSE_SPREAD: Final = (0.5, 1.5)  # length of a pause relative to the performance's mean
_ROLL_STEP_S: Final = (0.02, 0.06)  # between the notes of a rolled chord
_ROLL_SHARE: Final = 1 / 3  # the share of the time to the next onset that a roll may take
_SLIP: Final = (-2, -1, 1, 2)  # semitones to the key struck instead
_SLIP_WEIGHTS: Final = (0.2, 0.3, 0.3, 0.2)
_BRUSH_DELAY_S: Final = (0.0, 0.03)  # the delay of an extra note after its neighbour
_BRUSH_LENGTH_S: Final = (0.05, 0.15)
_BRUSH_VELOCITY: Final = (0.5, 0.8)


def pauses(count: int, *, share: float, mean_s: float, rng: np.random.Generator) -> Float64:
    """Draw pauses before a share of the onsets, never before the first.

    Args:
        count: The number of onsets.
        share: The share of onsets with a pause.
        mean_s: The mean length of a pause.
        rng: The generator, from which nothing is drawn if the share is 0.

    Returns:
        The seconds by which each onset comes later: the sum of all pauses before it, (count,).
    """
    if not share:
        return np.zeros(count)
    pause_s = mean_s * rng.uniform(*_PAUSE_SPREAD, count)
    pause_s[rng.random(count) >= share] = 0.0
    pause_s[0] = 0.0
    return np.cumsum(pause_s)


def add_playing_errors(
    played: PlayedNotes, onset: Int64, choices: PerformanceChoices, *, onset_s: Float64, rng: np.random.Generator
) -> PlayedNotes:
    """Roll chords, strike wrong keys, leave notes out and brush keys beside others, at the shares drawn.

    Args:
        played: The notes as written.
        onset: The onset of each note, (notes,).
        choices: The choices of the performance, which give the share of each error.
        onset_s: The seconds of the onsets, (onsets,), which stay.
        rng: The generator.

    Returns:
        The notes as played: the rest of ``played``, in its order, then the extra notes.
    """
    if choices.arpeggio_share:
        played = _roll_chords(played, onset, choices.arpeggio_share, onset_s=onset_s, rng=rng)
    return _make_mistakes(played, onset, choices, rng)


def _roll_chords(
    played: PlayedNotes, onset: Int64, share: float, *, onset_s: Float64, rng: np.random.Generator
) -> PlayedNotes:
    """Play some chords from the lowest note, which comes at the onset, to the highest."""
    main = np.flatnonzero(played.onset_s >= onset_s[onset])  # grace notes come before
    order = main[np.lexsort((played.pitch[main], onset[main]))]
    place = np.arange(len(order)) - np.searchsorted(onset[order], onset[order])  # 0 for the lowest note of a chord
    steps = np.bincount(onset[main], minlength=len(onset_s)) - 1
    longest_s = _ROLL_SHARE * np.diff(onset_s, append=np.inf) / np.maximum(steps, 1)
    step_s = np.minimum(rng.uniform(*_ROLL_STEP_S, len(onset_s)), longest_s)
    rolled = (rng.random(len(onset_s)) < share) & (steps > 0)
    note_onset_s = played.onset_s.copy()
    in_roll, chord = rolled[onset[order]], onset[order]
    note_onset_s[order[in_roll]] = (onset_s[chord] + place * step_s[chord])[in_roll]
    return replace(played, onset_s=note_onset_s)


def _make_mistakes(
    played: PlayedNotes, onset: Int64, choices: PerformanceChoices, rng: np.random.Generator
) -> PlayedNotes:
    if not (choices.wrong_share or choices.missing_share or choices.extra_share):
        return played
    free = (onset > onset.min()) & (onset < onset.max())
    wrong, missing, extra = (
        free & (rng.random(len(played)) < share)
        for share in (choices.wrong_share, choices.missing_share, choices.extra_share)
    )
    brushed = _brushed(played, extra, rng)
    pitch = np.where(wrong, _neighbour(played.pitch, rng), played.pitch)
    kept = ~missing
    return replace(
        played,
        pitch=np.concatenate([pitch[kept], brushed.pitch]),
        onset_s=np.concatenate([played.onset_s[kept], brushed.onset_s]),
        duration_s=np.concatenate([played.duration_s[kept], brushed.duration_s]),
        velocity=np.concatenate([played.velocity[kept], brushed.velocity]),
    )


def _neighbour(pitch: Int64, rng: np.random.Generator) -> Int64:
    """Choose keys one or two semitones away; at an end of the keyboard the other side is taken."""
    slip = rng.choice(_SLIP, size=len(pitch), p=_SLIP_WEIGHTS)
    outside = (pitch + slip < LOWEST_KEY) | (pitch + slip >= LOWEST_KEY + KEY_COUNT)
    return (pitch + np.where(outside, -slip, slip)).clip(0, 127)


def _brushed(played: PlayedNotes, near: Bools, rng: np.random.Generator) -> PlayedNotes:
    """Make short soft notes on keys beside some of the notes."""
    count = int(near.sum())
    return PlayedNotes(
        pitch=_neighbour(played.pitch[near], rng),
        onset_s=played.onset_s[near] + rng.uniform(*_BRUSH_DELAY_S, count),
        duration_s=rng.uniform(*_BRUSH_LENGTH_S, count),
        velocity=np.rint(played.velocity[near] * rng.uniform(*_BRUSH_VELOCITY, count)).clip(min=1),
    )
