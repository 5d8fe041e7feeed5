"""Measures how a piece's tables agree with its images and sound, for `standpartner.corpus.verify.checks`.

Nothing here uses how a piece was made, so an error in an engraver, a join or an alignment shows.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from standpartner.constants import (
    BAND_COUNT,
    FRAME_RATE_HZ,
    FRAME_SIZE_SAMPLES,
    SAMPLE_RATE_HZ,
    STAFF_SPACING_PX,
    STRIP_HEIGHT_PX,
)
from standpartner.corpus.verify.places import STAFF_LINES, staves_on_strip_px, strip_scale
from standpartner.hear.spectrogram import band_centre_bins
from standpartner.piece import Performance
from standpartner.score import Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHIFTS_FRAMES: Final = np.arange(-6, 7)  # the shifts at which annotated onsets are tried
_SHIFTS_PX: Final = np.arange(-4, 5)  # the shifts at which heads are tried, both ways
_HEAD_PX: Final = (4.8, 3.6)  # half a head's width and height
_GRACE_SIZE: Final = 0.65
_REACH_PX: Final = 6  # the distance from a head's centre to the last measured pixel
_MARGIN_PX: Final = 2 * _REACH_PX
_MOST_HEADS: Final = 400  # the most heads of a piece that are used to find the shift

_STEP_PX: Final = STAFF_SPACING_PX / 2  # from a line to the next space
_NEIGHBOURS: Final = 8
_SAME_STAFF_PX: Final = 4 * STAFF_SPACING_PX
_STEPS: Final = {  # a pitch class: the lowest and highest letter (C = 0) that it is written with, single accidentals
    **{0: (-1, 0), 1: (0, 1), 2: (1, 1), 3: (1, 2), 4: (2, 3), 5: (2, 3)},
    **{6: (3, 4), 7: (4, 4), 8: (4, 5), 9: (5, 5), 10: (5, 6), 11: (6, 7)},
}
_BOTTOM_LETTERS: Final = np.array([25, 37])  # counted from C of MIDI number 0: of the bass and of the treble clef

_MOMENT_S: Final = 0.05
_RUSH_S: Final = 0.25
_PACE_AROUND_S: Final = 10.0
_MOSTLY: Final = 0.9

_SAME_FRAMES: Final = 1  # onsets this close cannot be told apart by a shift
_PARTIALS: Final = (0, 12, 19)  # semitones above a note's pitch: itself, the octave, the twelfth


def inside_strip(score: Score, *, whole: bool = False) -> Bools:
    """Tell for each head whether its centre, or all of it, lies in the strip's 160 rows; (heads,)."""
    y, margin = score.noteheads.y_px, _HEAD_PX[1] if whole else 0.0
    return (y >= margin) & (y < STRIP_HEIGHT_PX - margin)


def head_ink(score: Score) -> Floats:
    """Measure the darkness of the area of each head, (heads,), 0 to 1.

    Full heads have about 0.9, hollow ones 0.5, a bare staff 0.1.
    """
    return _ink(_dark(score), score, np.arange(len(score.noteheads)))


def _dark(score: Score) -> NDArray[np.float32]:
    """Return the strip, 1 where it is black, with a margin."""
    return np.pad(1 - score.strip / np.float32(255), _MARGIN_PX)


def _ink(dark: NDArray[np.float32], score: Score, heads: Ints, *, dx_px: int = 0, dy_px: int = 0) -> Floats:
    """Measure the darkness at some heads, or at a small distance right of and below them."""
    table = score.noteheads
    column = np.floor(table.x_px[heads] + dx_px).astype(int) + _MARGIN_PX
    row = np.floor(table.y_px[heads] + dy_px).astype(int) + _MARGIN_PX
    column = column.clip(_REACH_PX, dark.shape[1] - _REACH_PX - 1)
    row = row.clip(_REACH_PX, dark.shape[0] - _REACH_PX - 1)
    sizes = _head_sizes(score)[heads]
    ink = np.zeros(len(heads))
    for size in np.unique(sizes):
        these = sizes == size
        down, right = _head_area(float(size))
        ink[these] = dark[row[these, None] + down, column[these, None] + right].mean(axis=1)
    return ink


def _head_sizes(score: Score) -> Floats:
    """Return the size of each head, (heads,), where 1 is usual; grace notes and scaled systems have smaller ones."""
    scale = np.round(strip_scale(score), 1)[_systems_of_heads(score)]
    return np.where(score.noteheads.grace, _GRACE_SIZE, 1.0) * scale


@lru_cache(maxsize=32)
def _head_area(size: float) -> tuple[Ints, Ints]:
    """Return the rows and columns of the pixels of a head, counted from its centre."""
    down, right = np.mgrid[-_REACH_PX : _REACH_PX + 1, -_REACH_PX : _REACH_PX + 1]
    inside = (right / (_HEAD_PX[0] * size)) ** 2 + (down / (_HEAD_PX[1] * size)) ** 2 <= 1
    return down[inside], right[inside]


def head_shift_px(score: Score) -> tuple[int, int]:
    """Find the px right and down by which all heads together lie on most ink; (0, 0) where they are right."""
    heads = np.flatnonzero(inside_strip(score, whole=True))
    heads = heads[:: len(heads) // _MOST_HEADS + 1]
    if not len(heads):
        return 0, 0
    dark = _dark(score)
    shifts = [(int(dx), int(dy)) for dx in _SHIFTS_PX for dy in _SHIFTS_PX]
    shifts.sort(key=lambda shift: abs(shift[0]) + abs(shift[1]))  # the nearest of equal shifts comes first
    ink = [_ink(dark, score, heads, dx_px=dx, dy_px=dy).sum() for dx, dy in shifts]
    return shifts[int(np.argmax(ink))]


def head_gap_px(score: Score) -> Floats:
    """Measure the px between each head and its onset, for heads that start an onset and are not grace notes."""
    heads = score.noteheads
    starting = (heads.onset >= 0) & ~heads.grace
    return np.abs(heads.x_px[starting] - score.onsets.x_px[heads.onset[starting]])


def pitches_drawn(score: Score) -> list[set[int]]:
    """Gather the MIDI numbers of the heads of each onset, with those of the grace notes that lead to it."""
    heads = score.noteheads
    return _by_onset(heads.onset, heads.pitch, len(score.onsets))


def pitches_sounding(score: Score, *, hidden: bool = True) -> list[set[int]]:
    """Gather the MIDI numbers of the notes of each onset, with those of the grace notes that lead to it.

    Args:
        score: The score.
        hidden: Whether notes count that sound but are not drawn.
    """
    notes = score.notes
    counted = ~notes.hidden | hidden
    return _by_onset(notes.onset[counted], notes.pitch[counted], len(score.onsets))


def _by_onset(onset: Ints, pitch: Ints, count: int) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(count)]
    for index, number in zip(onset[onset >= 0], pitch[onset >= 0], strict=True):
        sets[index].add(int(number))
    return sets


def contained(parts: Iterable[set[int]], wholes: Iterable[set[int]]) -> Bools:
    """Tell for every number of every part whether the whole beside it holds it, too."""
    found = [number in whole for part, whole in zip(parts, wholes, strict=True) for number in sorted(part)]
    return np.array(found, bool)


def staff_agreement(score: Score) -> Floats:
    """Measure how well each head's height fits its pitch, (heads,), 0 to 1; NaN for a head without neighbours.

    This is the share of its nearest heads, up to eight in the system and (by height) on the staff, that are as many
    lines and spaces above or below it as their pitches say. Only neighbours are compared, so clefs and ottavas may
    change. A pitch may be spelt in two ways, so a wrong pitch a semitone off is not noticed. Where clefs change every
    few notes, neighbours do not help, so a head that is right under the treble or the bass clef has 1.
    """
    heads = score.noteheads
    system, spelt = _systems_of_heads(score), _spellings(heads.pitch)
    y_px = heads.y_px / strip_scale(score)[system]
    agreement = np.full(len(heads), np.nan)
    order = np.argsort(heads.x_px, kind="stable")
    for place, head in enumerate(order):
        around = order[max(0, place - 4 * _NEIGHBOURS) : place + 4 * _NEIGHBOURS]
        same = (system[around] == system[head]) & (np.abs(y_px[around] - y_px[head]) <= _SAME_STAFF_PX)
        near = around[same & (around != head)]
        near = near[np.argsort(np.abs(heads.x_px[near] - heads.x_px[head]), kind="stable")[:_NEIGHBOURS]]
        if len(near):
            steps_up = (y_px[head] - y_px[near]) / _STEP_PX
            lowest, highest = spelt[near, 0] - spelt[head, 1], spelt[near, 1] - spelt[head, 0]
            agreement[head] = np.mean((steps_up >= lowest - 0.5) & (steps_up <= highest + 0.5))
    agreement[~np.isnan(agreement) & _under_common_clefs(score)] = 1
    return agreement


def _under_common_clefs(score: Score) -> Bools:
    """Tell for each head whether its height on the staff fits its pitch under the treble or the bass clef.

    Staves are found by their lines in the image. The clefs are twelve steps apart, so no error within an octave looks
    like a change of clef.
    """
    heads = score.noteheads
    system, spelt = _systems_of_heads(score), _spellings(heads.pitch)
    scale = strip_scale(score)
    right = np.zeros(len(heads), bool)
    for index in range(len(score.systems)):
        these = np.flatnonzero(system == index)
        bottoms_px = staves_on_strip_px(score, index)
        if len(these) and len(bottoms_px):
            bottoms_px, y_px = bottoms_px / scale[index], heads.y_px[these] / scale[index]
            middle_px = bottoms_px - (STAFF_LINES - 1) / 2 * STAFF_SPACING_PX
            nearest = np.abs(y_px[:, None] - middle_px).argmin(axis=1)
            steps_up = (bottoms_px[nearest] - y_px) / _STEP_PX
            letter = steps_up[:, None] + _BOTTOM_LETTERS
            right[these] = ((letter >= spelt[these, :1] - 0.5) & (letter <= spelt[these, 1:] + 0.5)).any(axis=1)
    return right


def _systems_of_heads(score: Score) -> Ints:
    return np.searchsorted(score.systems.strip_left_px, score.noteheads.x_px, side="right") - 1


def _spellings(pitch: Ints) -> Ints:
    """Return the lowest and highest letter of pitches, (n, 2), counted from C of MIDI number 0."""
    return np.array([_STEPS[number % 12] for number in pitch]).reshape(-1, 2) + 7 * (pitch // 12)[:, None]


def onsets_in_audio(performance: Performance) -> Bools:
    """Tell for each onset whether it lies in the audio; (onsets,)."""
    return (performance.onset_s >= 0) & (performance.onset_s < performance.duration_s)


def onsets_unhurried(score: Score, performance: Performance, *, times: float) -> Bools:
    """Tell for each onset whether the music from there on is at most ``times`` times as fast as around it.

    If an onset is annotated far too early, for example at the start of the trill before it, the music rushes to it.

    Args:
        score: The score.
        performance: The performance, which has the times of the onsets.
        times: The greatest ratio of the pace in the quarter of a second from an onset on to that in nine tenths of the
            10 s around it.
    """
    onset_s, quarter = performance.onset_s, _running_quarters(score, performance)
    moments = np.arange(onset_s[0], onset_s[-1] + _MOMENT_S, _MOMENT_S)
    pace = _quarters_ahead(quarter, onset_s, moments)
    reach = round(_PACE_AROUND_S / 2 / _MOMENT_S)
    around = sliding_window_view(np.pad(pace, reach, mode="edge"), 2 * reach + 1)
    usual = np.quantile(around, _MOSTLY, axis=1)
    return _quarters_ahead(quarter, onset_s, onset_s) <= times * np.interp(onset_s, moments, usual)


def _running_quarters(score: Score, performance: Performance) -> Floats:
    """Count the quarters that passed at each played onset; where the music leaps, the next printed onset would come."""
    step = np.diff(score.onsets.quarter, append=score.onsets.quarter[-1])
    return np.concatenate([[0.0], np.cumsum(step[performance.onset[:-1]])])


def _quarters_ahead(quarter: Floats, onset_s: Floats, moment_s: Floats) -> Floats:
    """Count the quarters that pass in a quarter of a second from some seconds on, at most until the last onset."""
    return np.interp(moment_s + _RUSH_S, onset_s, quarter) - np.interp(moment_s, onset_s, quarter)


def played(score: Score, performance: Performance, *, within_s: float) -> Bools:
    """Tell for each played onset and each pitch drawn there, without grace notes, whether it was played then."""
    heads = score.noteheads
    starting = (heads.onset >= 0) & ~heads.grace
    drawn = _by_onset(heads.onset[starting], heads.pitch[starting], len(score.onsets))
    times = {
        pitch: np.sort(performance.note_onset_s[performance.note_pitch == pitch])
        for pitch in np.unique(heads.pitch[starting]).tolist()
    }
    right = []
    for onset, second in zip(performance.onset.tolist(), performance.onset_s.tolist(), strict=True):
        for pitch in sorted(drawn[onset]):
            first, after = np.searchsorted(times[pitch], (second - within_s, second + within_s))
            right.append(after > first)
    return np.array(right, bool)


def onset_flux(score: Score, performance: Performance) -> Floats:
    """Measure the rise of the sound at each onset and around it, in the bands of the pitches that start there.

    Looking at these bands alone tells a shift by one note from no shift, even in a regular rhythm.

    Returns:
        The mean rise over the bands from one frame to the next, for every shift of `SHIFTS_FRAMES`, (played, shifts).
    """
    return _rise_at(_frames(performance), _band_weights(score, performance), performance)


def best_shift_frames(score: Score, performance: Performance) -> int | None:
    """Find the shift of all onsets at which the sound rises most; None if no shift can be told from another.

    Only bands count that no other onset within `SHIFTS_FRAMES` shares: where the same notes come again that
    soon, a shift from one to the next sounds like none.
    """
    frames, weights = _frames(performance), _band_weights(score, performance)
    weights[_shared_bands(frames, weights > 0)] = 0
    if not weights.any():
        return None
    return int(SHIFTS_FRAMES[_rise_at(frames, weights, performance).sum(axis=0).argmax()])


def _frames(performance: Performance) -> Ints:
    return np.rint(performance.onset_s * FRAME_RATE_HZ).astype(int)


def _rise_at(frames: Ints, weights: Floats, performance: Performance) -> Floats:
    """Measure the rise of the sound at shifted frames, (onsets, shifts), with each onset's weights of the bands."""
    margin = int(SHIFTS_FRAMES.max()) + 1
    sound = np.pad(performance.spectrogram.astype(np.float64), ((margin, margin), (0, 0)), mode="edge")
    rise = np.diff(sound, axis=0, prepend=sound[:1]).clip(min=0)
    shifted = [(frames + margin + shift).clip(0, len(rise) - 1) for shift in SHIFTS_FRAMES]
    return np.stack([(rise[at] * weights).sum(axis=1) for at in shifted], axis=1)


def _band_weights(score: Score, performance: Performance) -> Floats:
    """Return weights, (played, 78), of the bands of the pitches at an onset and of their partials; they sum to 1."""
    weights = np.zeros((len(score.onsets), BAND_COUNT))
    notes = score.notes
    for partial in _PARTIALS:
        bands = _band_of_pitch(notes.pitch + partial)
        heard = (bands >= 0) & (bands < BAND_COUNT) & ~notes.grace
        weights[notes.onset[heard], bands[heard]] = 1
    return (weights / weights.sum(axis=1, keepdims=True).clip(min=1))[performance.onset]


def _shared_bands(frames: Ints, bands: Bools) -> Bools:
    """Tell which bands an onset shares with an onset near it in other frames, bool (onsets, 78)."""
    shared = np.zeros_like(bands)
    for step in range(1, len(frames)):
        gap = frames[step:] - frames[:-step]
        if gap.min() > SHIFTS_FRAMES.max():
            break
        both = bands[step:] & bands[:-step]
        both &= ((gap > _SAME_FRAMES) & (gap <= SHIFTS_FRAMES.max()))[:, None]
        shared[step:] |= both
        shared[:-step] |= both
    return shared


def _band_of_pitch(pitch: Ints) -> Ints:
    """Find the band centred on a MIDI number; bands are a semitone apart, though low ones share FFT bins."""
    highest_hz = band_centre_bins()[-2] * SAMPLE_RATE_HZ / FRAME_SIZE_SAMPLES
    highest_pitch = round(69 + 12 * float(np.log2(highest_hz / 440)))
    return pitch - (highest_pitch - BAND_COUNT + 1)
