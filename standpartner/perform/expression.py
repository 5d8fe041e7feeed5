"""Plays a score much as a person would, with varying tempo, timing, dynamics and articulation.

The generator makes training performances of which every onset's time is known. Its tempo is a smooth random curve over
score time (a slow and a fast walk plus phrase arches, cf. Todd, "The dynamics of dynamics", JASA 1992,
doi 10.1121/1.402843).
"""

from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from standpartner.errors import AudioError
from standpartner.perform.pedal import pedalled
from standpartner.perform.played import PlayedNotes
from standpartner.perform.playing_errors import add_playing_errors, pauses
from standpartner.perform.style import PerformanceChoices, PerformanceStyle, draw_choices
from standpartner.perform.synthesis import find_soundfont, synthesise

Float64 = NDArray[np.float64]

_SHORTEST_NOTE_S: Final = 0.03
_SHORTEST_GAP_S: Final = 0.001  # between the onsets of one performance
_LONGEST_GRACE_S: Final = 0.09
_ARTICULATION_WANDER: Final = 0.15  # standard deviation of the articulation within a performance


class ScoreNotes(Protocol):
    """The protocol of a score's notes for playing: equally long columns, which the table ``Notes`` of a score has."""

    @property
    def pitch(self) -> NDArray[Any]:
        """The MIDI numbers."""

    @property
    def onset(self) -> NDArray[Any]:
        """The index of each note's onset among the score's onsets."""

    @property
    def duration_s(self) -> NDArray[Any]:
        """The written duration in seconds of score time."""

    @property
    def grace(self) -> NDArray[Any]:
        """Whether each note is a grace note."""


def perform(
    notes: ScoreNotes, onset_time_s: ArrayLike, *, style: PerformanceStyle, seed: int
) -> tuple[PlayedNotes, Float64, PerformanceChoices]:
    """Play a score.

    Args:
        notes: The score's notes; there must be at least one.
        onset_time_s: The seconds of the score's onsets at its own tempo, (n,), not decreasing.
        style: The style in which the score is played.
        seed: The seed; the same seed gives the same performance.

    Returns:
        The played notes, in the order of ``notes`` as far as none are missing and with extra ones last; the
        seconds at which each onset was played, (n,), strictly increasing: that of its first note, grace notes aside,
        whether or not this note was missed; and the choices that were drawn.

    Raises:
        AudioError: The notes do not fit the onsets or cannot be played.
    """
    time_s = np.asarray(onset_time_s, np.float64)
    _check_score(notes, time_s)
    rng = np.random.default_rng(seed)
    choices = draw_choices(style, rng)
    errors_rng, people_rng = rng.spawn(2)  # child generators leave all other draws as they are
    rubato = _rubato(time_s, choices, period_s=style.rubato_period_s, rng=people_rng)
    onset_s = _onset_times(time_s, choices, period_s=style.tempo_walk_period_s, log_speed=rubato, rng=rng)
    onset_s += pauses(len(onset_s), share=choices.hesitation_share, mean_s=choices.hesitation_s, rng=errors_rng)
    onset_s += pauses(len(onset_s), share=choices.fermata_share, mean_s=choices.fermata_s, rng=people_rng)
    onset = np.asarray(notes.onset, np.int64)
    before_s, grace_s = _grace_lead(onset, np.asarray(notes.grace, bool), onset_s=onset_s)
    # Grace notes of the very first onset must not start before the recording does.
    onset_s = onset_s + max(choices.lead_silence_s, before_s[onset == 0].max(initial=0.0)) - onset_s[0]
    delay_s = _chord_delay(onset, grace_s > 0, onset_s=onset_s, mean_s=choices.chord_spread_s, rng=rng)
    wander = _ARTICULATION_WANDER * _smooth_noise(time_s[onset], style.tempo_walk_period_s / 2, rng)
    share = (choices.articulation + wander).clip(*style.articulation_range)
    duration_s = _held_s(notes, time_s, onset_s=onset_s, tempo_factor=choices.tempo_factor) * share
    played = PlayedNotes(
        pitch=notes.pitch,
        onset_s=(onset_s[onset] - before_s + delay_s).clip(min=0.0),
        duration_s=np.where(grace_s > 0, grace_s, duration_s.clip(min=_SHORTEST_NOTE_S)),
        velocity=_velocities(notes, time_s, choices, period_s=style.tempo_walk_period_s, rng=rng),
        program=choices.program,
        tuning_cents=choices.detune_cents,
    )
    played = pedalled(played, choices, onset_s=onset_s, rng=people_rng)
    return add_playing_errors(played, onset, choices, onset_s=onset_s, rng=errors_rng), onset_s, choices


def render(played: PlayedNotes, choices: PerformanceChoices) -> NDArray[np.float32]:
    """Synthesise a performance with the soundfont and the level drawn for it.

    Args:
        played: The notes.
        choices: The choices that were drawn for the performance.

    Returns:
        The mono samples at 22 050 Hz, (n,).

    Raises:
        AudioError: There is no such soundfont.
        MissingExtraError: That soundfont, or a synthesiser, is not installed.
        ToolError: The synthesiser failed.
    """
    audio = synthesise(played, soundfont=find_soundfont(choices.soundfont))
    return audio * np.float32(10.0 ** (choices.gain_db / 20.0))


def _check_score(notes: ScoreNotes, time_s: Float64) -> None:
    onset = np.asarray(notes.onset)
    if time_s.ndim != 1 or not len(time_s) or not np.isfinite(time_s).all() or (np.diff(time_s) < 0).any():
        raise AudioError("expected the onset times of a score as finite seconds that do not decrease, at least one")
    if not len(onset):
        raise AudioError("there is nothing to play: the score has no notes")
    if onset.min() < 0 or onset.max() >= len(time_s):
        raise AudioError(
            f"expected notes at onsets 0 to {len(time_s) - 1}, got {onset.min()} to {onset.max()}; "
            "the notes belong to another score"
        )


def _smooth_noise(time_s: Float64, period_s: float, rng: np.random.Generator) -> Float64:
    """Draw smooth noise of mean 0 and variance near 1: independent normal values a period apart, joined by lines."""
    span = float(time_s.max() - time_s.min())
    knots = time_s.min() + period_s * (np.arange(int(span / period_s) + 3) - rng.uniform())
    return np.interp(time_s, knots, rng.standard_normal(len(knots)))


def _phrase_arch(time_s: Float64, length_s: float, rng: np.random.Generator) -> Float64:
    """Draw a curve of parabolas, 0 within phrases and 1 at their ends; phrases vary in length by a third."""
    count = int((time_s[-1] - time_s[0]) / (length_s * 2 / 3)) + 2
    ends = time_s[0] + np.concatenate([[0.0], np.cumsum(length_s * rng.uniform(2 / 3, 4 / 3, count))])
    phrase = np.interp(time_s, ends, np.arange(count + 1))
    return (2 * (phrase % 1.0) - 1) ** 2


def _middles(time_s: Float64) -> Float64:
    """Return the moments between onsets, (onsets - 1,), or that of the only one."""
    return (time_s[1:] + time_s[:-1]) / 2 if len(time_s) > 1 else time_s


def _rubato(
    time_s: Float64, choices: PerformanceChoices, *, period_s: float, rng: np.random.Generator
) -> Float64 | float:
    """Draw the fast walk of the logarithm of the tempo between onsets; 0 in a style without."""
    return choices.rubato_depth * _smooth_noise(_middles(time_s), period_s, rng) if choices.rubato_depth else 0.0


def _onset_times(
    time_s: Float64,
    choices: PerformanceChoices,
    *,
    period_s: float,
    log_speed: Float64 | float,
    rng: np.random.Generator,
) -> Float64:
    """Return the seconds of the onsets from 0: the integral of the tempo curve, then deviations from it."""
    middle_s = _middles(time_s)
    log_speed = log_speed + choices.tempo_walk_depth * _smooth_noise(middle_s, period_s, rng)
    arch = 1 - choices.phrase_depth * _phrase_arch(middle_s, choices.phrase_length_s, rng)
    speed = choices.tempo_factor * np.exp(log_speed) * arch
    onset_s = np.concatenate([[0.0], np.cumsum(np.diff(time_s) / speed[: len(time_s) - 1])])
    jitter = choices.timing_jitter_s * rng.standard_normal(len(onset_s)).clip(-2.5, 2.5)
    gap_s = np.diff(onset_s, prepend=-np.inf, append=np.inf)
    room_s = 0.3 * np.minimum(gap_s[:-1], gap_s[1:])
    onset_s = onset_s + jitter.clip(-room_s, room_s)
    steps = _SHORTEST_GAP_S * np.arange(len(onset_s))
    return np.maximum.accumulate(onset_s - steps) + steps


def _grace_lead(onset: NDArray[np.int64], grace: NDArray[np.bool_], *, onset_s: Float64) -> tuple[Float64, Float64]:
    """Find how long before their onset grace notes start, and how long they sound; 0 for all other notes.

    The grace notes of an onset follow each other in their written order and end when it starts. Where an onset has
    grace notes only, they are its notes.
    """
    has_main = np.zeros(len(onset_s), bool)
    has_main[onset[~grace]] = True
    early = grace & has_main[onset]
    count = np.bincount(onset[early], minlength=len(onset_s))
    room_s = 0.5 * np.diff(onset_s, prepend=-np.inf)
    step_s = np.minimum(room_s / np.maximum(count, 1), _LONGEST_GRACE_S)
    lead_s, length_s = np.zeros(len(onset)), np.zeros(len(onset))
    left = count.copy()
    for note in np.flatnonzero(early):
        lead_s[note] = left[onset[note]] * step_s[onset[note]]
        length_s[note] = step_s[onset[note]]
        left[onset[note]] -= 1
    return lead_s, length_s


def _chord_delay(
    onset: NDArray[np.int64], early: NDArray[np.bool_], *, onset_s: Float64, mean_s: float, rng: np.random.Generator
) -> Float64:
    """Draw the delays of notes after the first of their chord, at most a third of the time to the next onset."""
    delay_s = mean_s * rng.exponential(size=len(onset))
    first_s = np.full(len(onset_s), np.inf)
    np.minimum.at(first_s, onset[~early], delay_s[~early])
    longest_s = np.diff(onset_s, append=np.inf) / 3
    delay_s = np.minimum(delay_s - first_s[onset], longest_s[onset])
    return np.where(early, 0.0, delay_s)


def _held_s(notes: ScoreNotes, time_s: Float64, *, onset_s: Float64, tempo_factor: float) -> Float64:
    """Return the written durations at the played tempo, from a note's onset to its written end."""
    start_s = time_s[np.asarray(notes.onset, np.int64)]
    end_s = start_s + np.asarray(notes.duration_s, np.float64)
    after_last_s = (end_s - time_s[-1]).clip(min=0.0) / tempo_factor
    return np.interp(end_s, time_s, onset_s) + after_last_s - np.interp(start_s, time_s, onset_s)


def _velocities(
    notes: ScoreNotes, time_s: Float64, choices: PerformanceChoices, *, period_s: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    onset, pitch = np.asarray(notes.onset, np.int64), np.asarray(notes.pitch)
    start_s = time_s[onset]
    velocity = choices.velocity_mean + choices.velocity_walk * _smooth_noise(start_s, period_s, rng)
    velocity += choices.velocity_jitter * rng.standard_normal(len(start_s))
    highest = np.zeros(len(time_s), pitch.dtype)
    np.maximum.at(highest, onset, pitch)
    velocity += choices.top_voice * (pitch == highest[onset])
    return np.rint(velocity).clip(15, 120).astype(np.int64)
