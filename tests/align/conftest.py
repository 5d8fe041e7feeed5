"""A tune with a repeat, as printed, and a pianist who plays the repeat, with rubato."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.perform import PlayedNotes
from standpartner.score import Score, read_score
from standpartner.score.notation.midi import MidiNotes

TUNE = """X:1
T:Two halves
M:4/4
L:1/8
K:G
|:GABc dedB|dedB [Gd]e[G2B2]|c2ec B2dB|A2F2 G4:|g2gf gdBd|e2ef e2d2|c2ec B2dB|A2F2 G4|]
"""
TRILL = """X:1
T:A trill
M:4/4
L:1/4
K:C
cegc|g4|gfed|c4|gfga|b4|]
"""
HALF_QUARTERS = 16
TICKS = 480


def _rubato(quarter: np.ndarray) -> np.ndarray:
    return 1.0 + 0.5 * quarter + 0.2 * np.sin(quarter / 3)


@dataclass(frozen=True)
class Played:
    """What the pianist played: the onsets of the score in that order, and when (s) each was heard.

    ``unfolded`` is the score's MIDI with the repeat written out, at a second a quarter.
    """

    notes: PlayedNotes
    onset: np.ndarray
    onset_s: np.ndarray
    unfolded: MidiNotes


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Score:
    path: Path = tmp_path_factory.mktemp("tune") / "tune.abc"
    path.write_text(TUNE)
    return read_score(path)


def play(score: Score, *, repeat: bool) -> Played:
    rng = np.random.default_rng(1)
    notes = score.notes
    first = notes.quarter < HALF_QUARTERS
    later = HALF_QUARTERS if repeat else 0
    quarter = np.concatenate([notes.quarter[first], notes.quarter[first][: None if repeat else 0] + later])
    quarter = np.concatenate([quarter, notes.quarter[~first] + later])
    pitch = np.concatenate([notes.pitch[first], notes.pitch[first][: None if repeat else 0], notes.pitch[~first]])
    half = np.flatnonzero(score.onsets.quarter < HALF_QUARTERS)
    onset = np.concatenate([half, half if repeat else half[:0], np.arange(len(half), len(score.onsets))])
    begin = np.repeat([0, later, later], [len(half), len(half) if repeat else 0, len(score.onsets) - len(half)])
    onset_s = _rubato(score.onsets.quarter[onset] + begin)
    start_s = _rubato(quarter) + 0.004 * rng.standard_normal(len(quarter))
    order = np.argsort(start_s)
    tick = np.rint(quarter * TICKS).astype(int)
    return Played(
        notes=PlayedNotes(pitch[order], start_s[order], np.full(len(pitch), 0.2), np.full(len(pitch), 70)),
        onset=onset,
        onset_s=onset_s,
        unfolded=MidiNotes(
            ticks_per_quarter=TICKS,
            pitch=pitch,
            tick=tick,
            end_tick=tick + 100,
            velocity=np.full(len(pitch), 70),
            tempo_tick=np.array([0]),
            tempo_s=np.array([1.0]),
        ),
    )


@pytest.fixture
def once(tune: Score) -> Played:
    """The tune played once, as printed."""
    return play(tune, repeat=False)


@pytest.fixture
def twice(tune: Score) -> Played:
    """The tune played with its repeat."""
    return play(tune, repeat=True)


@pytest.fixture(scope="session")
def rubato() -> Callable[[np.ndarray], np.ndarray]:
    """Seconds of quarters in the music as it is played."""
    return _rubato


@pytest.fixture(scope="session")
def trilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Score, MidiNotes]:
    """A tune that trills on its first whole note, played out and hidden before the next onset; and its MIDI."""
    path: Path = tmp_path_factory.mktemp("trill") / "tune.abc"
    path.write_text(TRILL)
    score = read_score(path)
    trill = 4 + np.arange(1, 16) / 4
    count = len(trill)
    hidden = {
        "pitch": np.where(np.arange(count) % 2, 79, 81),
        "onset": np.full(count, np.searchsorted(score.onsets.quarter, 8)),
        "quarter": trill,
        "duration_quarter": np.full(count, 0.25),
        "time_s": np.interp(trill, score.onsets.quarter, score.onsets.time_s),
        "duration_s": np.full(count, 0.1),
        "grace": np.zeros(count, bool),
        "hidden": np.ones(count, bool),
    }
    order = np.argsort(np.concatenate([score.notes.quarter, trill]), kind="stable")
    together = {name: np.concatenate([getattr(score.notes, name), values])[order] for name, values in hidden.items()}
    tick = np.rint(together["quarter"] * TICKS).astype(int)
    midi = MidiNotes(
        ticks_per_quarter=TICKS,
        pitch=together["pitch"],
        tick=tick,
        end_tick=tick + 50,
        velocity=np.full(len(tick), 70),
        tempo_tick=np.array([0]),
        tempo_s=np.array([1.0]),
    )
    return replace(score, music=replace(score.notation, notes=replace(score.notes, **together))), midi
