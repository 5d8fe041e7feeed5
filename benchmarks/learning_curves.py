"""Learning curves of training runs: a chart of validation over processor time, and a table of what the budget reached.

    python benchmarks/learning_curves.py RUN... [--measure valid/r_on] [--out curves.png]

Reads ``log.jsonl`` and ``config.json`` of each run's folder; runs may be unfinished.
"""

import argparse
from pathlib import Path

from standpartner.explain.report.run_log import read_run
from standpartner.learn.run import rank
from standpartner.support.figures import new_figure
from standpartner.support.palette import SERIES

STYLES = ("-", "--", ":", "-.")


def main() -> None:
    """Draw and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    parser.add_argument("--measure", default="valid/r_on")
    parser.add_argument("--out", type=Path, help="of the chart")
    options = parser.parse_args()
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    print("| run | minutes | frames played | best R_on | R_tue then | error, cm | at minute |")
    print("|---|---|---|---|---|---|---|")
    for number, folder in enumerate(options.runs):
        config, rows = read_run(folder)
        valid = [row for row in rows if "valid/r_on" in row]
        if not valid:
            print(f"| `{config.name}` | not validated yet |")
            continue
        frames, best = sum(row.get("episode/frames", 0) for row in rows), max(valid, key=rank)
        numbers = f"{best['valid/r_on']:.3f} | {best['valid/r_tue']:.3f} | {best['valid/error_cm']:.3f}"
        played = f"{frames:,.0f}" if frames else ""  # what learns by supervision plays none
        print(f"| `{config.name}` | {valid[-1]['minutes']:.0f} | {played} | {numbers} | {best['minutes']:.0f} |")
        axes.plot(
            [row["minutes"] for row in valid],
            [row[options.measure] for row in valid],
            STYLES[number // len(SERIES) % len(STYLES)],
            color=SERIES[number % len(SERIES)],
            label=config.name,
            marker=".",
        )
    axes.set(xlabel="minutes of one core", ylabel=options.measure, ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend()
    if options.out:
        figure.savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
