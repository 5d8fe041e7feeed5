"""Steps a second of the vector environment beside Gymnasium's SyncVectorEnv of as many single environments.

    python benchmarks/vector_environment.py [--games 256] [--seconds S] [--cpu]

Both play random actions on the same artificial tracks, and begin ended games again in the next step. A step is one
frame of one game. They take turns in one run; the fastest turn of each counts.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv

from standpartner.game import ENVIRONMENT_ID, random_track

WAYS: dict[str, dict[str, Any]] = {
    "single environments (SyncVectorEnv)": {"vectorization_mode": "sync"},
    "vector environment, windows": {},
    "vector environment, features of piano": {"observe": "features"},
}
TURNS = 8


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each way in each of eight turns")
    parser.add_argument("--cpu", action="store_true", help="count processor time, for a machine that does other work")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    print(f"| rules | {options.games} games | steps/s | times single |\n|---|---|---:|---:|")
    for rules in ("nottingham", "piano"):
        tracks = [random_track(seed) for seed in range(8)]
        envs = {
            name: gymnasium.make_vec(ENVIRONMENT_ID, num_envs=options.games, tracks=tracks, config=rules, **way)
            for name, way in WAYS.items()
        }
        rates = dict.fromkeys(envs, 0.0)
        for env in envs.values():
            env.reset(seed=0)
        for _ in range(TURNS):
            for name, env in envs.items():
                start = clock()
                steps = play(env, start + options.seconds, clock)
                rates[name] = max(rates[name], steps / (clock() - start))
        for name, rate in rates.items():
            print(f"| {rules} | {name} | {rate:,.0f} | {rate / next(iter(rates.values())):.1f} |")


def play(env: VectorEnv, until: float, clock: Callable[[], float]) -> int:
    """Play random actions for some seconds; return the number of steps."""
    rng, steps = np.random.default_rng(0), 0
    while clock() < until:
        env.step(rng.integers(3, size=env.num_envs))
        steps += env.num_envs
    return steps


if __name__ == "__main__":
    main()
