"""What listening and deciding cost a listener when several listeners are computed in one call.

    python benchmarks/batching.py [AGENT]

Processor time on one thread, so that other programs disturb little. The search of the whole score cannot be shared by
listeners, for each score has keys of its own; it is given for comparison.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from standpartner.agent.bundle import load_agent
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.agent.listening import Ear
from standpartner.constants import BAND_COUNT
from standpartner.follow.search import ScoreSearch

COUNTS = (1, 2, 4, 8, 16)
COLUMNS = 800


def cpu_ms(call: Callable[[], object], *, runs: int = 200) -> float:
    """Return the processor time of a call in ms: the median of five rounds."""
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(runs // 5):
            call()
        rounds.append(1e3 * (time.thread_time() - began) / (runs // 5))
    return float(np.median(rounds))


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agent", nargs="?", default="piano")
    agent = load_agent(parser.parse_args().agent)
    rng = np.random.default_rng(0)
    print("| listeners in a call | listening, ms each | deciding, ms each |")
    print("|---|---|---|")
    for count in COUNTS:
        ear = Ear(agent, count)
        frames = rng.random((count, BAND_COUNT), np.float32)
        view = rng.random((count, WINDOW_COLUMNS, agent.config.features + 2), np.float32)
        embedding, _ = ear.hear(frames)
        speed_px, memory = np.zeros(count, np.float32), agent.empty_memory(count)

        def listen(ear: Ear = ear, frames: np.ndarray = frames) -> object:
            return ear.hear(frames)

        def decide(view=view, embedding=embedding, speed_px=speed_px, memory=memory) -> object:  # type: ignore[no-untyped-def]
            return agent.decide(view, embedding, speed_px=speed_px, memory=memory)

        print(f"| {count} | {cpu_ms(listen) / count:.3f} | {cpu_ms(decide) / count:.3f} |", flush=True)
    search = ScoreSearch(agent, np.zeros((COLUMNS + 2 * WINDOW_COLUMNS, agent.config.features + 2), np.float32))
    embedding, _ = Ear(agent).hear(np.zeros((1, BAND_COUNT), np.float32))
    print(f"\nThe search of {COLUMNS} columns: {cpu_ms(lambda: search.take(embedding, agent_px=100.0)):.3f} ms each.")


if __name__ == "__main__":
    main()
