"""Measures of score following.

Conventions
-----------

* An `Episode` is one play of one performance of a piece: onsets in seconds with their strip x, and the predicted strip
  x for every frame (20 a second) from the first onset's frame on. Frames are counted from the start of the recording;
  the frame of an onset is ``floor(onset_s * 20 + 0.5)``.
* All ratios are pooled: sums over all performances (and runs) divided by sums over all of them, not means of ratios.
* An onset is *reached* if the agent was not lost at or before its frame and a prediction for its frame exists. The
  first onset counts, although the agent is put there.
* Errors are absolute, position minus target at onset frames, in cm of the printed page (1 strip px = 0.035277778 cm).
  A frame with several onsets counts once. The standard deviation is that of the population.
* Intervals are 95 % percentile bootstrap intervals over pieces, seeded: a piece is drawn with all its performances and
  runs, which are not independent of each other. With one piece they have no width and say nothing.

Measures
--------

* `r_tue`: performances followed to the end / performances ("pieces" in the paper, which has one of each).
* `r_on`: onsets reached / onsets.
* `error_cm`: mean and standard deviation of the errors at onset frames reached.
* `within_s`: share of all onsets whose predicted position, mapped back to time through the inverse of the alignment,
  is within 0.05, 0.1, 0.5, 1 and 5 s of that frame's true position mapped back alike. Needs runs that do not stop when
  lost. Times are clamped to the first and last onset.
* `system_accuracy`, `bar_accuracy`: share of all onsets predicted in the right system (bar). Needs runs that do not
  stop when lost, and episodes that know where systems (bars) begin.
* `system_within_1_s`: share of all onsets in whose frame the prediction is in a system that is right at most 1 s
  earlier or later. Needs the same.
* `false_jumps_per_hour`: the frames in which a follower jumped to a wrong place or away from the right one (right is
  within the bound of the piano rules, 170 px), an hour of music. Needs episodes that know when the follower jumped.
* `r_tue_as_published`, `r_on_as_published`, `error_cm_as_published`: what the code published with Henkel et al.,
  TISMIR 2019 (CPJKU/score_following_game, evaluation.py) computes. It compares onsets counted from the recording's
  start with a frame counter that 40 frames of padding have been added to. Its counter stops at
  ``c = last played frame + 40``; all onsets with frame <= c count as reached, that is those up to 2 s after the agent
  was lost (and the one at the lost frame itself); a piece counts as followed if all its onsets do; and the error of
  an onset at frame f is the agent's error at frame f - 40 (none for the onsets up to frame 40 after the first,
  because its loop samples after each step only). Whether the paper's own tables come from that code is unknown.

`evaluate_episodes` returns all of them; `evaluate_runs` does so for repeated runs of a stochastic player.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from standpartner.errors import ConfigError
from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.tally import (
    TOLERANCES_S,
    Totals,
    measures_of,
    tally,
    tally_errors,
    tally_following,
    tally_places,
    tally_within,
    totals,
)

WORST: Final[dict[str, Callable[[Any], Any]]] = {
    "system_accuracy": np.argmin,
    "system_within_1_s": np.argmin,
    "bar_accuracy": np.argmin,
    "within_s 0.5": np.argmin,
    "false_jumps_per_hour": np.argmax,
}
"""The measures that are also given piece by piece, and which of some values is the worst."""


def r_tue(episodes: Sequence[Episode]) -> float:
    """Return the share of performances that were followed to the end.

    Args:
        episodes: The episodes, at least one.

    Returns:
        The share, from 0 to 1.

    Raises:
        ConfigError: There is no episode.
    """
    return _pooled(episodes, tally_following)["r_tue"]


def r_on(episodes: Sequence[Episode]) -> float:
    """Return the share of onsets that were reached; see `r_tue` for arguments and errors."""
    return _pooled(episodes, tally_following)["r_on"]


def r_tue_as_published(episodes: Sequence[Episode]) -> float:
    """Return `r_tue` as the published code counts it (see the module and, for arguments and errors, `r_tue`)."""
    return _pooled(episodes, tally_following)["r_tue_as_published"]


def r_on_as_published(episodes: Sequence[Episode]) -> float:
    """Return `r_on` as the published code counts it (see the module and, for arguments and errors, `r_tue`)."""
    return _pooled(episodes, tally_following)["r_on_as_published"]


def error_cm(episodes: Sequence[Episode]) -> tuple[float, float]:
    """Return the mean and the standard deviation of the absolute error at onset frames reached.

    Args:
        episodes: The episodes, at least one.

    Returns:
        The mean and the standard deviation in cm. They are NaN if no onset was reached.

    Raises:
        ConfigError: There is no episode.
    """
    pooled = _pooled(episodes, tally_errors)
    return pooled["error_cm_mean"], pooled["error_cm_std"]


def error_cm_as_published(episodes: Sequence[Episode]) -> tuple[float, float]:
    """Return `error_cm` as the published code samples it (see the module and `error_cm`)."""
    pooled = _pooled(episodes, tally_errors)
    return pooled["error_cm_mean_as_published"], pooled["error_cm_std_as_published"]


def within_s(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return the shares of onsets located within 0.05, 0.1, 0.5, 1 and 5 s.

    Args:
        episodes: The episodes, at least one, each played to its last onset whether lost or not.

    Returns:
        The shares from 0 to 1 with keys "0.05", "0.1", "0.5", "1", "5".

    Raises:
        ConfigError: There is no episode, or one has no prediction at its last onset.
    """
    _check_complete(episodes)
    pooled = _pooled(episodes, tally_within)
    return {key: pooled[f"within_s {key}"] for key in TOLERANCES_S}


def system_accuracy(episodes: Sequence[Episode]) -> float:
    """Return the share of onsets predicted in the right system.

    Args:
        episodes: The episodes, at least one, each played to its last onset whether lost or not, and with
            ``system_left_px``.

    Returns:
        The share, from 0 to 1.

    Raises:
        ConfigError: There is no episode, one has no prediction at its last onset, or one does not know its systems.
    """
    return _place_accuracy(episodes, "system")


def bar_accuracy(episodes: Sequence[Episode]) -> float:
    """Return the share of onsets predicted in the right bar, by ``bar_left_px``; see `system_accuracy`."""
    return _place_accuracy(episodes, "bar")


def _place_accuracy(episodes: Sequence[Episode], place: str) -> float:
    _check_complete(episodes)
    for episode in episodes:
        if getattr(episode, f"{place}_left_px") is None:
            raise ConfigError(f"episode {episode.name!r} does not know its {place}s; give it {place}_left_px")
    return _pooled(episodes, tally_places)[f"{place}_accuracy"]


def evaluate_episodes(episodes: Sequence[Episode], seed: int = 0) -> dict[str, Any]:
    """Compute all measures of one run over a set of pieces.

    Args:
        episodes: The episodes, one for each performance and at least one.
        seed: The seed of the bootstrap.

    Returns:
        ``pieces``, ``performances``, ``onsets``; ``r_tue``, ``r_on``, ``error_cm_mean``, ``error_cm_std`` and each of
        them ``_as_published``; ``within_s`` with keys "0.05", "0.1", "0.5", "1", "5", or None if a run stopped early;
        ``system_accuracy``, ``bar_accuracy``, ``system_within_1_s``, ``false_jumps_per_hour``; ``intervals`` with the
        same keys and (low, high) pairs; ``by_piece``, for some measures the mean over pieces and the worst piece;
        ``rows``, the same measures per performance with ``name`` and ``onsets``. A value that does not exist is None.
        The report is ready for JSON.

    Raises:
        ConfigError: There is no episode, or two have the same name.
    """
    return _report([episodes], seed)


def evaluate_runs(runs: Sequence[Sequence[Episode]], seed: int = 0) -> dict[str, Any]:
    """Compute all measures of repeated runs of a stochastic player over the same pieces.

    Args:
        runs: The runs, at least one, each with one episode per performance.
        seed: The seed of the bootstrap, which draws pieces with all their performances and runs.

    Returns:
        As `evaluate_episodes`, pooled over runs (counts are those of one run); and ``runs``, how many;
        ``per_run``, the measures of each; ``spread``, the sample standard deviation of each measure over runs (None
        for one run).

    Raises:
        ConfigError: There is no run, a run is empty, has a piece twice, or other pieces than the first.
    """
    report = _report(runs, seed)
    per_run = [_present(measures_of(totals(run, tally))) for run in runs]
    return {**report, "runs": len(runs), "per_run": per_run, "spread": _spread(runs)}


def _report(runs: Sequence[Sequence[Episode]], seed: int) -> dict[str, Any]:
    names = _checked_names(runs)
    tallies = _tallies_by_performance(runs, names)
    columns = list(tallies)
    by_piece = _summed_by_piece(runs[0], np.stack([tallies[column] for column in columns], axis=1))
    pooled = dict(zip(columns, by_piece.sum(axis=0), strict=True))
    resampled = dict(zip(columns, resampled_totals(by_piece, seed).T, strict=True))
    intervals = {key: percentile_interval(values) for key, values in measures_of(resampled).items()}
    onsets = tallies["onsets"] / len(runs)
    each = measures_of(tallies)
    rows = [
        {"name": name, "onsets": int(onsets[k]), **_present({key: values[k] for key, values in each.items()})}
        for k, name in enumerate(names)
    ]
    return {
        "pieces": len(by_piece),
        "performances": len(names),
        "onsets": int(onsets.sum()),
        **_present(measures_of(pooled)),
        "intervals": _present(intervals),
        "by_piece": _by_piece(list(_piece_numbers(runs[0])), measures_of(dict(zip(columns, by_piece.T, strict=True)))),
        "rows": rows,
    }


def _by_piece(pieces: Sequence[str], measured: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the mean over pieces and the worst piece of each measure in `WORST`, if every piece has a value."""
    found = {}
    for measure, worst in WORST.items():
        values = measured[measure]
        if not np.isnan(values).any():
            place = int(worst(values))
            found[measure] = {
                "mean": float(values.mean()),
                "worst": float(values[place]),
                "worst_piece": pieces[place],
            }
    return found


def _checked_names(runs: Sequence[Sequence[Episode]]) -> list[str]:
    if not runs or not all(runs):
        raise ConfigError("measures need at least one episode in every run, got none; play some pieces first")
    names = [episode.name for episode in runs[0]]
    performances = {(episode.name, len(episode.onset_s)) for episode in runs[0]}
    for run in runs:
        found = [episode.name for episode in run]
        if len(set(found)) != len(found):
            twice = sorted({name for name in found if found.count(name) > 1})
            raise ConfigError(f"a run must have each name once, got twice: {twice}; pass repeats to evaluate_runs")
        differing = performances ^ {(episode.name, len(episode.onset_s)) for episode in run}
        if differing:
            raise ConfigError(f"all runs must have the same pieces and onsets, differing: {sorted(differing)}")
    return names


def _tallies_by_performance(runs: Sequence[Sequence[Episode]], names: list[str]) -> Totals:
    """Return the sums over runs for each column, (performances,)."""
    by_name = [{episode.name: tally(episode) for episode in run} for run in runs]
    columns = by_name[0][names[0]]
    return {column: np.array([sum(run[name][column] for run in by_name) for name in names]) for column in columns}


def _summed_by_piece(episodes: Sequence[Episode], tallies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum (performances, columns) to (pieces, columns), with the pieces in the order in which they first occur."""
    numbers = _piece_numbers(episodes)
    summed = np.zeros((len(numbers), tallies.shape[1]))
    np.add.at(summed, [numbers[episode.piece] for episode in episodes], tallies)
    return summed


def _piece_numbers(episodes: Sequence[Episode]) -> dict[str, int]:
    """Number the pieces in the order in which they first occur."""
    return {piece: number for number, piece in enumerate(dict.fromkeys(episode.piece for episode in episodes))}


def _spread(runs: Sequence[Sequence[Episode]]) -> dict[str, Any]:
    measured = [measures_of(totals(run, tally)) for run in runs]
    if len(runs) < 2:
        return _present({key: float("nan") for key in measured[0]})
    return _present({key: np.std([run[key] for run in measured], ddof=1) for key in measured[0]})


def _present(values: dict[str, Any]) -> dict[str, Any]:
    """Return plain Python numbers with NaN as None and the tolerances gathered under ``within_s``."""
    plain = {key: _plain(value) for key, value in values.items()}
    within = {key: plain.pop(f"within_s {key}") for key in TOLERANCES_S}
    known = all(value is not None for value in within.values())
    return {**plain, "within_s": within if known else None}


def _plain(value: Any) -> float | tuple[float, float] | None:
    if np.any(np.isnan(value)):
        return None
    return (float(value[0]), float(value[1])) if isinstance(value, tuple) else float(value)


def _pooled(episodes: Sequence[Episode], tally_one: Callable[[Episode], dict[str, float]]) -> dict[str, float]:
    if not episodes:
        raise ConfigError("measures need at least one episode, got none; play some pieces first")
    return {key: float(value) for key, value in measures_of(totals(episodes, tally_one)).items()}


def _check_complete(episodes: Sequence[Episode]) -> None:
    for episode in episodes:
        if episode.end_frame < episode.last_frame:
            raise ConfigError(
                f"episode {episode.name!r} ends at frame {episode.end_frame}, before its last onset at frame "
                f"{episode.last_frame}; play it with stop_when_lost=False"
            )
    if not episodes:
        raise ConfigError("measures need at least one episode, got none; play some pieces first")
