"""Measures how a follower bears what players do when they practise, on performances made of the pieces of a split.

* ``talk first``, ``hum first``: 30 s of voices, or of a humming voice, before the first note. The cursor *waits* if it
  is in the first bar until the music begins.
* ``stop``: 20 s of silence in the middle. The cursor *waits* if it stays within a bar of the last one played.
* ``bar repeated``: a bar in the middle is played again, and on. ``restart``: the player goes six bars back, and on.
* ``quarter speed``: everything four times as slow.
* ``begins at 40 %``: the player begins with the bar at two fifths of the piece, while the follower expects the
  beginning. ``begins at 40 %, auto``: the follower was told to find out where the music begins.

In all of them ``within 0.5 s`` and ``right bar`` are the shares of onsets, from ten seconds after the interruption's
end (or the first onset) on, whose position, mapped back to time, is within 0.5 s, and whose bar is right. ``back in
2 s`` and ``back in 5 s`` are the shares of performances that are in the right bar or one beside it so long after the
music goes on. Each scenario is played once a piece, and shares are means over pieces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import VALID_STYLE
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import Passage, notes_of_passages
from standpartner.follow import ANYWHERE, Follower, settled_positions
from standpartner.perform import perform, render
from standpartner.perform.noise import make_noise
from standpartner.score import Score

_LATER: Final = "begins at 40 %"
SCENARIOS: Final = (
    "talk first",
    "hum first",
    "stop",
    "bar repeated",
    "restart",
    "quarter speed",
    _LATER,
    f"{_LATER}, auto",
)
NOISE_S: Final = 30.0
STOP_S: Final = 20.0
_SETTLED_S: Final = 10.0
_BACK_S: Final = (2.0, 5.0)
_LATE_S: Final = 0.5
_BARS_BACK: Final = 6
_FEWEST_BARS: Final = 16
_SLOW: Final = 4.0
_LATER_START: Final = 0.4
_LEVEL: Final = 0.03
_HUM_HZ: Final = (110.0, 330.0)

Floats = NDArray[np.float64]
Sound = NDArray[np.float32]


@dataclass(frozen=True)
class PracticeConfig:
    """The agent and the pieces of an evaluation of practising.

    Attributes:
        agent: The name or folder of an agent.
        split: The split of the corpus.
        limit: The largest number of pieces; None takes all.
        longest_s: The seconds of score time that are played of each piece.
        seed: The seed of the performances.
    """

    agent: str = DEFAULT_AGENT
    split: str = "valid"
    limit: int | None = None
    longest_s: float = 90.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Practised:
    """One performance of someone who practises.

    Attributes:
        audio: The sound, mono at 22 050 Hz.
        onset: The index in the score of each onset that is played, (n,).
        onset_s: The second at which each is played, (n,).
        goes_on: The index in ``onset`` from which the music goes on after the interruption; 0 if that is at the start.
    """

    audio: Sound
    onset: NDArray[np.int64]
    onset_s: Floats
    goes_on: int


def practise(scenario: str, score: Score, *, seed: int, longest_s: float = 90.0) -> Practised | None:
    """Make a performance of a scenario; None if the piece is too short for it.

    Args:
        scenario: One of ``SCENARIOS``.
        score: The score, which must be known from notation.
        seed: The seed; the same seed gives the same performance.
        longest_s: The seconds of score time that are played.

    Raises:
        ConfigError: There is no such scenario.
        MissingExtraError: A soundfont or a synthesiser is not installed.
    """
    if scenario not in SCENARIOS:
        raise ConfigError(f"no scenario {scenario!r}; expected one of {', '.join(SCENARIOS)}")
    slow = _SLOW if scenario == "quarter speed" else 1.0
    bars = np.unique(score.onsets.measure, return_index=True)[1]
    first = int(bars[int(_LATER_START * len(bars))]) if scenario.startswith(_LATER) else 0
    last = int(np.searchsorted(score.onsets.time_s, score.onsets.time_s[first] + longest_s / slow)) - 1
    bars = bars[(bars >= first) & (bars <= last)]
    if len(bars) < _FEWEST_BARS:
        return None
    passages = _passages(scenario, bars, last)
    notes, time_s = notes_of_passages(score, passages)
    notes = replace(notes, duration_s=notes.duration_s * slow)
    style = replace(VALID_STYLE, lead_silence_range_s=(0.5, 0.5))
    played, onset_s, choices = perform(notes, time_s * slow, style=style, seed=seed)
    audio = render(played, choices)
    goes_on = passages[0].last + 1 - passages[0].first if len(passages) > 1 else 0
    order = np.concatenate([np.arange(passage.first, passage.last + 1) for passage in passages])
    if scenario == "stop":
        audio, onset_s = _stopped(audio, onset_s, goes_on)
    elif scenario.endswith(" first"):
        audio = np.concatenate([_voice(scenario, seed=seed), audio])
        onset_s = onset_s + NOISE_S
    return Practised(audio, order, onset_s, goes_on)


def follow_practice(practised: Practised, follower: Follower, *, scenario: str) -> dict[str, float]:
    """Follow a performance; return the measures of the scenario, ``waits`` (1 or 0) only where it applies."""
    given = [
        position
        for first in range(0, len(practised.audio), SAMPLE_RATE_HZ)
        for position in follower.push(practised.audio[first : first + SAMPLE_RATE_HZ])
    ]
    score = follower.score
    place_px = np.array([position.strip_x_px for position in settled_positions([*given, *follower.finish()])])
    bar = np.searchsorted(score.measures.strip_left_px, place_px, side="right") - 1
    frames = np.clip(np.round(practised.onset_s * FRAME_RATE_HZ).astype(int), 0, len(bar) - 1)
    true_bar = score.onsets.measure[practised.onset]
    begins_s = practised.onset_s[practised.goes_on]
    after = np.flatnonzero(practised.onset_s >= begins_s + _SETTLED_S)
    soon = np.searchsorted(practised.onset_s, begins_s + np.array(_BACK_S)).clip(max=len(frames) - 1)
    back = np.abs(bar[frames[soon]] - true_bar[soon]) <= 1
    measures = {f"back in {after_s:g} s": float(there) for after_s, there in zip(_BACK_S, back, strict=True)} | {
        "within 0.5 s": _within(practised, place_px[frames], score, after),
        "right bar": float(np.mean(bar[frames[after]] == true_bar[after])) if len(after) else float("nan"),
    }
    if scenario.endswith(" first"):
        measures["waits"] = float((bar[: frames[0]] == bar[0]).all())
    elif scenario == "stop":
        quiet = bar[frames[practised.goes_on - 1] : frames[practised.goes_on]]
        measures["waits"] = float((np.abs(quiet - true_bar[practised.goes_on - 1]) <= 1).all())
    return measures


def evaluate_practice(config: PracticeConfig, corpus: Corpus) -> dict[str, Any]:
    """Play all scenarios on the pieces of a split.

    Returns:
        The means by scenario, with ``pieces``, their number; ready for JSON. A mean that does not exist is None.

    Raises:
        ConfigError: No piece is long enough.
        CorpusError: The corpus is not built.
    """
    found: dict[str, list[dict[str, float]]] = {scenario: [] for scenario in SCENARIOS}
    for scenario, measures in _measured(config, corpus):
        found[scenario].append(measures)
    if not any(found.values()):
        raise ConfigError(f"no piece of {corpus.title} {config.split} has {_FEWEST_BARS} bars; choose another split")
    return {
        "agent": config.agent,
        "corpus": corpus.title,
        "split": config.split,
        "seed": config.seed,
        "scenarios": {
            scenario: {"pieces": len(rows)} | {name: _mean([row[name] for row in rows]) for name in rows[0]}
            for scenario, rows in found.items()
            if rows
        },
    }


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean of the values that there are, None without any."""
    return None if np.isnan(values).all() else float(np.nanmean(values))


def _measured(config: PracticeConfig, corpus: Corpus) -> Iterator[tuple[str, dict[str, float]]]:
    agent = load_agent(config.agent)
    for piece in corpus.pieces(config.split, limit=config.limit):
        view = agent.read(piece.score.strip)
        for scenario in SCENARIOS:
            seed = seed_of(piece.name, scenario, str(config.seed))
            practised = practise(scenario, piece.score, seed=seed, longest_s=config.longest_s)
            if practised is not None:
                start = ANYWHERE if scenario.endswith("auto") else None
                follower = Follower(piece.score, agent, view=view, from_measure=start)
                yield scenario, follow_practice(practised, follower, scenario=scenario)


def _passages(scenario: str, bars: NDArray[np.int64], last: int) -> list[Passage]:
    """The passages that are played, given the first onset of each bar that is played and the last onset of all."""
    middle = len(bars) // 2
    if scenario == "stop":
        return [Passage(0, int(bars[middle]) - 1), Passage(int(bars[middle]), last)]
    if scenario == "bar repeated":
        return [Passage(0, int(bars[middle]) - 1), Passage(int(bars[middle - 1]), last)]
    if scenario == "restart":
        return [Passage(0, int(bars[middle]) - 1), Passage(int(bars[middle - _BARS_BACK]), last)]
    return [Passage(int(bars[0]), last)]


def _stopped(audio: Sound, onset_s: Floats, goes_on: int) -> tuple[Sound, Floats]:
    """Let the keys go before an onset, and go on with it 20 s later."""
    cut = round((onset_s[goes_on] - 0.05) * SAMPLE_RATE_HZ)
    before = audio[:cut].copy()
    release = min(cut, SAMPLE_RATE_HZ // 5)
    before[cut - release :] *= np.linspace(1.0, 0.0, release, dtype=np.float32)
    shifted = onset_s.copy()
    shifted[goes_on:] += STOP_S
    return np.concatenate([before, np.zeros(round(STOP_S * SAMPLE_RATE_HZ), np.float32), audio[cut:]]), shifted


def _voice(scenario: str, *, seed: int) -> Sound:
    """Make 30 s of voices or of one that hums notes of any pitch."""
    count = round(NOISE_S * SAMPLE_RATE_HZ)
    if scenario == "talk first":
        return _LEVEL * make_noise("babble", count, seed=seed)
    rng = np.random.default_rng(seed)
    steps = np.arange(count) / (0.6 * SAMPLE_RATE_HZ)
    low, high = np.log(_HUM_HZ)
    knots = np.exp(rng.uniform(low, high, int(steps[-1]) + 2))
    part = np.clip((steps % 1.0) * 6.0, 0.0, 1.0)  # it glides into each note
    index = steps.astype(int)
    before = knots[np.maximum(index - 1, 0)]
    pitch_hz = before + part * (knots[index] - before)
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * steps * 0.6))) / SAMPLE_RATE_HZ
    sound = sum(np.sin(k * phase) / k**2 for k in range(1, 5)) * np.clip(np.sin(np.pi * (steps % 1.0)), 0.1, 1.0)
    return (2 * _LEVEL * sound).astype(np.float32)


def _within(practised: Practised, place_px: Floats, score: Score, chosen: Sequence[int] | NDArray[np.int64]) -> float:
    """The share of some onsets whose position, mapped to score time and by the tempo to seconds, is within 0.5 s."""
    if not len(chosen):
        return float("nan")
    score_s = score.onsets.time_s
    found_s = np.interp(place_px[chosen], score.onsets.x_px, score_s)
    true_s = score_s[practised.onset[chosen]]
    span_s = practised.onset_s[chosen[-1]] - practised.onset_s[chosen[0]]
    tempo = span_s / max(1e-3, true_s[-1] - true_s[0]) if len(chosen) > 1 else 1.0
    return float(np.mean(np.abs(found_s - true_s) * tempo <= _LATE_S))
