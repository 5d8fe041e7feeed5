"""Makes performances in which the player jumps: passages of a score, one after the other, with known positions.

The score's notes are put into the order in which they are to be played and performed as one piece, so tempo and pulse
go on through a jump, nothing is cut, and every onset's second is exactly known. A passage may end anywhere; the next
one begins with a bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import ConfigError
from standpartner.game.onsets import PlayedPassages
from standpartner.game.tracks import JumpingTrack
from standpartner.hear import spectrogram
from standpartner.perform import PerformanceStyle, perform, render
from standpartner.score import PrintedJump, Score

KINDS: Final = ("random", "sections")
SECTION_BARS: Final = 8
_LAST_S: Final = 0.5  # the score time that the last onset of the score takes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Passage:
    """A part of a score that is played without a jump, given by the indices of its first and last onset."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class JumpsConfig:
    """The number of jumps and the lengths of the passages between them.

    Attributes:
        jumps: The largest number of jumps in a performance.
        shortest_s: The shortest length of a passage in seconds of score time; the last passage is no shorter either.
        longest_s: The longest length of a passage between random jumps in seconds of score time.
    """

    jumps: int = 3
    shortest_s: float = 6.0
    longest_s: float = 12.0

    def __post_init__(self) -> None:
        if self.jumps < 1 or not 0 < self.shortest_s <= self.longest_s:
            raise ConfigError(
                f"expected 1 or more jumps and 0 < shortest_s <= longest_s, got {self.jumps}, {self.shortest_s} and "
                f"{self.longest_s}"
            )


@dataclass(frozen=True, eq=False)
class JumpPerformance(PlayedPassages):
    """A performance with jumps and the true position in every frame.

    Attributes:
        name: The name of the piece.
        score: The score that is played.
        passages: The passages in the order in which they are played.
        onset: The index in the score of each onset that is played, (n,).
        onset_s: The second at which each onset is played, (n,), strictly increasing.
        spectrogram: The spectrogram of the performance, float32 (frames, 78).
    """

    name: str
    score: Score
    passages: tuple[Passage, ...]
    onset: Ints
    onset_s: Floats
    spectrogram: NDArray[np.float32]

    @property
    def starts(self) -> Ints:  # type: ignore[override]  # known from the passages
        """The index in ``onset`` at which each passage begins, (passages,)."""
        lengths = [passage.last - passage.first + 1 for passage in self.passages]
        return np.cumsum([0, *lengths])[:-1]

    @cached_property
    def onset_x_px(self) -> Floats:  # type: ignore[override]  # known from the score
        """The strip x of each played onset, (n,) px; it goes back where the player does."""
        return np.asarray(self.score.onsets.x_px[self.onset], np.float64)

    @property
    def strip(self) -> NDArray[np.uint8]:
        """The strip of the score, uint8 (160, width)."""
        return self.score.strip

    @property
    def printed_jumps(self) -> tuple[PrintedJump, ...]:
        """The jumps that the score's signs allow."""
        return self.score.printed_jumps

    def track(self) -> JumpingTrack:
        """Return the performance as a track of the game."""
        return JumpingTrack(
            self.name,
            self.onset_s,
            self.onset_x_px,
            self.strip,
            self.spectrogram,
            self.starts,
            printed_jumps=self.printed_jumps,
        )


@dataclass(frozen=True)
class ReorderedNotes:
    """The columns of notes that `perform` expects, in the order in which they are played."""

    pitch: NDArray[Any]
    onset: NDArray[Any]
    duration_s: NDArray[Any]
    grace: NDArray[Any]


def plan_passages(kind: str, score: Score, *, seed: int, config: JumpsConfig | None = None) -> list[Passage]:
    """Plan a performance with jumps, each to a system other than the next one.

    Args:
        kind: The kind of jumps. "random" jumps after a random time to a random bar. "sections" plays every eight bars
            twice, as in many tunes and dances.
        score: The score that is played.
        seed: The seed of the random jumps.
        config: The number of jumps and the lengths of passages.

    Returns:
        At least two passages, or none if the score is too short for a jump.

    Raises:
        ConfigError: There is no such kind.
    """
    if kind not in KINDS:
        raise ConfigError(f"no jumps of kind {kind!r}; expected one of {', '.join((*KINDS, 'repeats', 'signs'))}")
    config = config or JumpsConfig()
    plan = _random(score, np.random.default_rng(seed), config) if kind == "random" else _sections(score, config)
    return plan if len(plan) > 1 else []


def _random(score: Score, rng: np.random.Generator, config: JumpsConfig) -> list[Passage]:
    time_s, bars = score.onsets.time_s, _bar_onsets(score)
    bars = bars[time_s[-1] - time_s[bars] >= config.shortest_s]
    plan, first = [], 0
    for _ in range(config.jumps + 1):
        length_s = rng.uniform(config.shortest_s, config.longest_s)
        last = _last_before(score, time_s[first] + length_s)
        plan.append(Passage(first, last))
        elsewhere = bars[_is_elsewhere(score, bars, last)]
        if not len(elsewhere):
            break
        first = int(rng.choice(elsewhere))
    return plan


def _sections(score: Score, config: JumpsConfig) -> list[Passage]:
    bars, onsets = _bar_onsets(score), len(score.onsets)
    plan, begin, jumps = [], 0, 0
    for first in bars[::SECTION_BARS]:
        end = bars[bars > first][SECTION_BARS - 1 : SECTION_BARS]
        last = int(end[0]) - 1 if len(end) else onsets - 1
        long_enough = score.onsets.time_s[last] - score.onsets.time_s[first] >= config.shortest_s
        if jumps < config.jumps and long_enough and _is_elsewhere(score, np.array([first]), last)[0]:
            plan.append(Passage(begin, last))
            begin, jumps = int(first), jumps + 1
    return [*plan, Passage(begin, onsets - 1)]


def _bar_onsets(score: Score) -> Ints:
    """Return the first onset of each bar that has one."""
    return np.unique(score.onsets.measure, return_index=True)[1].astype(np.int64)


def _last_before(score: Score, time_s: float) -> int:
    return max(int(np.searchsorted(score.onsets.time_s, time_s)) - 1, 0)


def _is_elsewhere(score: Score, onsets: Ints, last: int) -> NDArray[np.bool_]:
    """Tell which onsets lie in a system other than that of the last onset played and that of the next one."""
    system = score.onsets.system
    following = system[min(last + 1, len(system) - 1)]
    return (system[onsets] != system[last]) & (system[onsets] != following)


def perform_passages(
    score: Score, passages: Sequence[Passage], *, style: PerformanceStyle, seed: int, name: str
) -> JumpPerformance:
    """Play passages of a score one after the other.

    Args:
        score: The score that is played.
        passages: The passages, at least one.
        style: The style in which they are played.
        seed: The seed; the same seed gives the same performance.
        name: The name of the piece.

    Raises:
        ConfigError: There is no passage, or one is not of the score.
        AudioError: A passage has no notes, or the performance cannot be rendered.
        MissingExtraError: A soundfont or a synthesiser is not installed.
    """
    onsets = len(score.onsets)
    if not passages or any(not 0 <= passage.first <= passage.last < onsets for passage in passages):
        raise ConfigError(f"expected passages within the {onsets} onsets of {name}, at least one, got {passages}")
    notes, time_s = notes_of_passages(score, passages)
    played, onset_s, choices = perform(notes, time_s, style=style, seed=seed)
    order = np.concatenate([np.arange(passage.first, passage.last + 1) for passage in passages])
    return JumpPerformance(name, score, tuple(passages), order, onset_s, spectrogram(render(played, choices)))


def notes_of_passages(score: Score, passages: Sequence[Passage]) -> tuple[ReorderedNotes, Floats]:
    """Return the notes as if the passages were one score, and the second of each of that score's onsets, (n,)."""
    notes, score_s = score.notes, np.append(score.onsets.time_s, score.onsets.time_s[-1] + _LAST_S)
    chosen, onset, time_s = [], [], []
    count, passed_s = 0, 0.0
    for passage in passages:
        inside = np.flatnonzero((notes.onset >= passage.first) & (notes.onset <= passage.last))
        chosen.append(inside)
        onset.append(notes.onset[inside] - passage.first + count)
        time_s.append(score_s[passage.first : passage.last + 1] - score_s[passage.first] + passed_s)
        count += passage.last - passage.first + 1
        passed_s += float(score_s[passage.last + 1] - score_s[passage.first])
    which = np.concatenate(chosen)
    reordered = ReorderedNotes(notes.pitch[which], np.concatenate(onset), notes.duration_s[which], notes.grace[which])
    return reordered, np.concatenate(time_s)
