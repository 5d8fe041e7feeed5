"""What several processes bring: the same training by one and by more, with a core for each.

    python benchmarks/processes.py [--config ablation] [--processes 1 2] [--out DIR]

Trains once with each number of processes and prints, for each stage, the seconds that a step takes by the clock (the
median), and what validation found after the same number of steps, that is of samples.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from standpartner.learn.config import load_config

SHOWN = ("valid/located/within_8_px", "valid/loss/seek", "valid/r_on")


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="ablation", help="a bundled configuration or a TOML file")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, help="keeps the runs there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        for count in options.processes:
            start_s = time.perf_counter()
            _train(options.config, folder / str(count), count)
            print(f"{count} process(es): {time.perf_counter() - start_s:.0f} s in all", flush=True)
        _print_table(options.config, [(count, folder / str(count)) for count in options.processes])


def _train(config: str, folder: Path, processes: int) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*launcher, "-m", "standpartner.cli", "train", config, "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")


def _print_table(config: str, runs: list[tuple[int, Path]]) -> None:
    print("| stage | processes | seconds a step | times one | validated | after steps: found |")
    print("|---|---|---|---|---|---|")
    for stage in load_config(config).stages:
        first_s = 0.0
        for count, folder in runs:
            rows = [row for row in map(json.loads, (folder / "log.jsonl").open()) if row["stage"] == stage]
            clock_s = median(row["clock_seconds"] for row in rows if "clock_seconds" in row)
            first_s = first_s or clock_s
            valid = [row for row in rows if any(name in row for name in SHOWN)]
            name = next(name for name in SHOWN if name in valid[-1])
            found = ", ".join(f"{row['step']}: {row[name]:.3f}" for row in valid)
            cells = [
                stage,
                str(count),
                f"{clock_s:.2f}",
                f"{first_s / clock_s:.2f}",
                name.removeprefix("valid/"),
                found,
            ]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
