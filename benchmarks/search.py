"""What searching a whole score costs: time for each frame of 50 ms, on one thread.

    python benchmarks/search.py [AGENT] [--strip-px W] [--frames N]

The score is noise, as wide as asked for: the cost does not depend on what is printed.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from follower import processor

from standpartner.agent.bundle import load_agent
from standpartner.constants import STRIP_HEIGHT_PX
from standpartner.follow.pursuit import Pursuit


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="tunes", help="name or folder")
    parser.add_argument("--strip-px", type=int, default=10_000)
    parser.add_argument("--frames", type=int, default=400)
    options = parser.parse_args()
    agent, rng = load_agent(options.agent), np.random.default_rng(0)
    view = agent.read(rng.integers(0, 256, (STRIP_HEIGHT_PX, options.strip_px), dtype=np.uint8))
    pursuit = Pursuit(agent, view, width_px=options.strip_px, start_px=100.0)
    keys = agent.search_keys(view)
    costs: dict[str, list[float]] = {"locate over all columns": [], "search and jump rule": [], "agent": []}
    for embedding in rng.normal(size=(options.frames, 1, agent.config.features)).astype(np.float32):
        steps: tuple[Callable[[Any], Any], ...] = (lambda e: agent.search(keys, e), pursuit.listen, pursuit.decide)
        for name, step in zip(costs, steps, strict=True):
            start = time.process_time()
            step(embedding)
            costs[name].append(1000 * (time.process_time() - start))
        pursuit.move()
    print(f"{processor()}, 1 thread, agent {agent.name}, {options.strip_px} px, {keys.shape[2]} columns, ", end="")
    print(f"{options.frames} frames, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; processor time\n")
    print("| ms a frame | median | 95th percentile |\n|---|---:|---:|")
    for name, taken in costs.items():
        print(f"| {name} | {np.median(taken):.2f} | {np.percentile(taken, 95):.2f} |")


if __name__ == "__main__":
    main()
