"""Compares how people play with how the styles of training play the same scores.

    python benchmarks/human_playing.py --source ASAP [--limit N]

ASAP is a clone of fosfrancesco/asap-dataset, of which training pieces are built. Every number is measured in the same
way in a person's performance and in a generated one; the table gives its 10th, 50th and 90th percentile over
performances.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from standpartner.align.readers import read_performed_midi
from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import PEOPLE_STYLE, SLIPS_STYLE, TRAIN_STYLE
from standpartner.corpus.store import open_corpus
from standpartner.perform import PlayedNotes, perform
from standpartner.piece import Performance, Piece

Floats = NDArray[np.float64]

STYLES = {"TRAIN_STYLE": TRAIN_STYLE, "SLIPS_STYLE": SLIPS_STYLE, "PEOPLE_STYLE": PEOPLE_STYLE}
SLOW_S, FAST_S = 4.0, 0.75  # tempo is averaged over these of score time, loudness over the first as played
PAUSE_S = 0.25  # a longer delay than the tempo around it explains is a pause
CHORD_S = (-0.03, 0.12)  # notes so far from an onset belong to its chord


def mean(values: Floats) -> float:
    """Return the mean, not a number if there is nothing."""
    return float(values.mean()) if len(values) else np.nan


def grid_speed(time_s: Floats, onset_s: Floats, step_s: float) -> Floats:
    """Return the logarithm of the speed in each step of score time, (steps,)."""
    grid_s = np.arange(time_s[0], time_s[-1], step_s)
    played_s = np.diff(np.interp(grid_s, time_s, onset_s))
    return np.log(step_s / np.maximum(played_s, 1e-3))


def timing(time_s: Floats, onset_s: Floats) -> dict[str, float]:
    """Measure tempo and its changes; times of the score and of the performance are (onsets,), both ascending."""
    slow, fast = grid_speed(time_s, onset_s, SLOW_S), grid_speed(time_s, onset_s, FAST_S)
    around = np.interp(np.arange(len(fast)) * FAST_S, (np.arange(len(slow)) + 0.5) * SLOW_S, slow)
    step = np.log(np.maximum(np.diff(onset_s), 1e-3)) - np.log(np.diff(time_s))
    expected = np.array([np.median(step[max(0, i - 6) : i + 7]) for i in range(len(step))])
    late_s = np.diff(onset_s) - np.diff(time_s) * np.exp(expected)
    pause = late_s > PAUSE_S
    share = (time_s[1:-1] - time_s[:-2]) / (time_s[2:] - time_s[:-2])
    off_s = onset_s[1:-1] - (onset_s[:-2] + share * (onset_s[2:] - onset_s[:-2]))
    near = onset_s[2:] - onset_s[:-2] < 1.0
    return {
        "speed relative to the score's": float(np.exp(np.median(slow))),
        "tempo, deviation over 4 s": float(slow.std()),
        "tempo, deviation within 4 s": float((fast - around).std()),
        "onset, deviation from its neighbours, ms": 1e3 * float(1.4826 * np.median(np.abs(off_s[near])) / 1.5**0.5),
        "pauses, share of onsets": float(pause.mean()),
        "pauses, mean s": mean(late_s[pause]),
    }


def sounding(onset_s: Floats, played: PlayedNotes, written: float) -> dict[str, float]:
    """Measure chords, held notes and loudness; ``written`` is the mean number of notes that sound as written."""
    nearest = np.clip(np.searchsorted(onset_s, played.onset_s), 1, len(onset_s) - 1)
    nearest -= played.onset_s - onset_s[nearest - 1] < onset_s[nearest] - played.onset_s
    delay_s = played.onset_s - onset_s[nearest]
    inside = (delay_s > CHORD_S[0]) & (delay_s < CHORD_S[1])
    chord, delay_s = nearest[inside], delay_s[inside]
    first_s, count = np.full(len(onset_s), np.inf), np.bincount(chord, minlength=len(onset_s))
    np.minimum.at(first_s, chord, delay_s)
    after_ms = 1e3 * (delay_s - first_s[chord])[count[chord] > 1]
    highest = np.full(len(onset_s), -1)
    np.maximum.at(highest, chord, played.pitch[inside])
    loud, top = played.velocity[inside].astype(float), played.pitch[inside] == highest[chord]
    several = count[chord] > 1
    moments_s = np.arange(onset_s[0], onset_s[-1], SLOW_S / 2)
    near = {moment_s: np.abs(onset_s[chord] - moment_s) < SLOW_S / 2 for moment_s in moments_s.tolist()}
    slow = {moment_s: loud[heard].mean() for moment_s, heard in near.items() if heard.any()}
    around = np.interp(onset_s[chord], list(slow), list(slow.values()))
    return {
        "chord, mean delay after its first note, ms": mean(after_ms),
        "notes that sound, times as written": float(played.duration_s.sum() / np.ptp(onset_s) / written),
        "velocity, mean": float(loud.mean()),
        "velocity, deviation over 4 s": float(np.std(list(slow.values()))),
        "velocity, deviation within 4 s": float((loud - around).std()),
        "velocity, top note less the others of its chord": mean(loud[several & top]) - mean(loud[several & ~top]),
    }


def written_notes(piece: Piece) -> float:
    """Return how many notes sound in the mean as written."""
    return float(piece.score.notes.duration_s.sum() / np.ptp(piece.score.onsets.time_s))


def person(piece: Piece, performance: Performance, source: Path) -> dict[str, float]:
    """Measure the first passage of a person's performance."""
    part = performance.passages[0]
    time_s, onset_s = piece.score.onsets.time_s[performance.onset[part]], performance.onset_s[part]
    forward = np.concatenate([[True], np.diff(time_s) > 1e-3]) & np.concatenate([[True], np.diff(onset_s) > 0])
    midi = read_performed_midi(source / piece.name.replace("__", "/") / f"{performance.name}.mid")
    inside = (midi.onset_s >= onset_s[0]) & (midi.onset_s <= onset_s[-1])
    columns = (column[inside] for column in (midi.pitch, midi.onset_s, midi.duration_s, midi.velocity))
    return timing(time_s[forward], onset_s[forward]) | sounding(onset_s, PlayedNotes(*columns), written_notes(piece))


def generated(piece: Piece, style: str, seed: int) -> dict[str, float]:
    """Measure one performance of a style."""
    time_s = piece.score.onsets.time_s
    played, onset_s, _ = perform(piece.score.notes, time_s, style=STYLES[style], seed=seed)
    forward = np.concatenate([[True], np.diff(time_s) > 1e-3])
    return timing(time_s[forward], onset_s[forward]) | sounding(onset_s, played, written_notes(piece))


def measured(source: Path, limit: int | None) -> Iterator[tuple[str, dict[str, float]]]:
    """Measure all performances, each with who or what played it."""
    for piece in open_corpus("asap").pieces("train", limit=limit):
        for number, performance in enumerate(piece.performances):
            part = performance.passages[0]
            if part.stop - part.start < 100:
                continue
            yield "people", person(piece, performance, source)
            for style in STYLES:
                yield style, generated(piece, style, seed_of(piece.name, str(number)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="a clone of fosfrancesco/asap-dataset")
    parser.add_argument("--limit", type=int, help="the number of pieces; all if it is left out")
    arguments = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {}
    for who, row in measured(arguments.source, arguments.limit):
        rows.setdefault(who, []).append(row)
    print(f"| 10, 50, 90 % of {len(rows['people'])} performances | " + " | ".join(rows) + " |")
    print("|---" * (len(rows) + 1) + "|")
    for name in rows["people"][0]:
        cells = (np.nanpercentile([row[name] for row in group], [10, 50, 90]) for group in rows.values())
        print(f"| {name} | " + " | ".join(", ".join(f"{value:.3g}" for value in cell) for cell in cells) + " |")


if __name__ == "__main__":
    main()
