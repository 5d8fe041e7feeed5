"""Learning curves of training runs: a chart of validation over processor time, and a table of what the budget reached.

    python benchmarks/learning_curves.py RUN... [--minutes M] [--measure valid/r_on] [--out curves.png] [--keep FOLDER]

Reads ``log.jsonl`` and ``config.json`` of each run's folder; runs may be unfinished. Runs of one configuration with
several seeds are one row and one line: their mean, and from the least to the most. ``--keep`` writes what is needed of
each run, a few kB, to a folder of its own in FOLDER, which can stand for the run later.
"""

import argparse
import json
from pathlib import Path
from shutil import copyfile

import numpy as np

from standpartner.explain.report.run_log import Row, read_run
from standpartner.learn.run import rank
from standpartner.support.figures import new_figure
from standpartner.support.palette import SERIES

STYLES = ("-", "--", ":", "-.")
Runs = dict[str, list[list[Row]]]


def main() -> None:
    """Draw and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="what came later is left out")
    parser.add_argument("--measure", default="valid/r_on")
    parser.add_argument("--out", type=Path, help="of the chart")
    parser.add_argument("--keep", type=Path, help="where the validations of the runs are kept")
    options = parser.parse_args()
    runs: Runs = {}
    for folder in options.runs:
        config, rows = read_run(folder)
        rows = until(rows, options.minutes)
        runs.setdefault(config.name, []).append(rows)
        if options.keep:
            keep(folder, rows, options.keep / f"{config.name}-{config.seed}")
    print_table(runs)
    if options.out:
        draw(runs, options.measure, options.out)


def until(rows: list[Row], minutes: float) -> list[Row]:
    """Return the rows up to the last validation within some minutes."""
    within = [index for index, row in enumerate(rows) if "valid/r_on" in row and row["minutes"] <= minutes]
    return rows[: within[-1] + 1] if within else []


def keep(run: Path, rows: list[Row], folder: Path) -> None:
    """Write the configuration of a run and its validations, each with the frames that were played before it."""
    folder.mkdir(parents=True, exist_ok=True)
    copyfile(run / "config.json", folder / "config.json")
    frames, kept = 0.0, list[Row]()
    for row in rows:
        frames += row.get("episode/frames", 0)
        if "valid/r_on" in row:
            kept.append(row | {"episode/frames": frames})
            frames = 0.0
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))


def print_table(runs: Runs) -> None:
    """Print a row for each configuration: what its seeds' best validations came to."""
    print("| run | seeds | minutes | frames played | best R_on | R_tue then | error, cm | at minute |")
    print("|---|---:|---:|---:|---|---|---|---:|")
    for name, seeds in runs.items():
        best = [max(validations(rows), key=rank) for rows in seeds if validations(rows)]
        if not best:
            print(f"| `{name}` | {len(seeds)} | not validated yet |")
            continue
        minutes = np.mean([validations(rows)[-1]["minutes"] for rows in seeds if validations(rows)])
        frames = np.mean([sum(row.get("episode/frames", 0) for row in rows) for rows in seeds])
        played = f"{frames:,.0f}" if frames else ""  # what learns by supervision plays none
        numbers = " | ".join(spread([row[f"valid/{key}"] for row in best]) for key in ("r_on", "r_tue", "error_cm"))
        at = np.mean([row["minutes"] for row in best])
        print(f"| `{name}` | {len(seeds)} | {minutes:.0f} | {played} | {numbers} | {at:.0f} |")


def validations(rows: list[Row]) -> list[Row]:
    """Return the rows of a run that hold a validation by playing."""
    return [row for row in rows if "valid/r_on" in row]


def spread(values: list[float]) -> str:
    """Write a mean, and with several values also the least and the most."""
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.3f}-{max(values):.3f})"


def draw(runs: Runs, measure: str, path: Path) -> None:
    """Draw a line for each configuration, with a band from the least to the most of its seeds."""
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    for number, (name, seeds) in enumerate(runs.items()):
        rows = [validations(run) for run in seeds if validations(run)]
        if not rows:
            continue
        length = min(len(run) for run in rows)
        values = np.array([[row[measure] for row in run[:length]] for run in rows])
        minutes = np.mean([[row["minutes"] for row in run[:length]] for run in rows], axis=0)
        colour, style = SERIES[number % len(SERIES)], STYLES[number // len(SERIES) % len(STYLES)]
        axes.plot(minutes, values.mean(0), style, color=colour, label=name, marker=".")
        if len(rows) > 1:
            axes.fill_between(minutes, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)
    axes.set(xlabel="minutes of one core", ylabel=measure, ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
