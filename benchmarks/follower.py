"""What following costs: time for each frame of 50 ms, spectrogram included, on one thread.

    python benchmarks/follower.py [AGENT] [--minutes M]

The bundled piece is played over and over; each play is pushed in chunks of exactly one frame, as a microphone would.
"""

import argparse
import os
import platform
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_demo
from standpartner.follow import Follower, FollowerConfig
from standpartner.hear import read_audio
from standpartner.score import Score, read_score

FRAME_MS = 1000 / FRAME_RATE_HZ


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def one_play(score: Score, agent: Agent, audio: np.ndarray) -> tuple[float, list[float]]:
    """Milliseconds to read the score, and for each frame."""
    start = time.perf_counter()
    # Neither waiting nor resting at the end, so that every frame is paid in full.
    follower = Follower(score, agent, config=FollowerConfig(wait=False, end_after_s=1e9))
    reading_ms = 1000 * (time.perf_counter() - start)
    edges = [k * SAMPLE_RATE_HZ // FRAME_RATE_HZ for k in range(len(audio) * FRAME_RATE_HZ // SAMPLE_RATE_HZ + 1)]
    costs = []
    for first, last in pairwise(edges):
        start = time.perf_counter()
        positions = follower.push(audio[first:last])
        costs.append(1000 * (time.perf_counter() - start) / max(1, len(positions)))
    return reading_ms, costs


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="tunes", help="name or folder")
    parser.add_argument("--minutes", type=float, default=5.0, help="minutes of music")
    options = parser.parse_args()
    piece = load_demo()
    score, agent, audio = read_score(piece.score), load_agent(options.agent), read_audio(piece.recording)
    plays = max(1, round(options.minutes * 60 * SAMPLE_RATE_HZ / len(audio)))
    reading, costs = zip(*(one_play(score, agent, audio) for _ in range(plays)), strict=True)
    frames = np.concatenate(costs)
    rows = [
        ("frames", f"{len(frames)}"),
        ("median ms a frame", f"{np.median(frames):.2f}"),
        ("95th percentile ms", f"{np.percentile(frames, 95):.2f}"),
        ("mean ms", f"{frames.mean():.2f}"),
        ("ratio to real time (median)", f"{np.median(frames) / FRAME_MS:.3f}"),
        ("ratio to real time (mean)", f"{frames.mean() / FRAME_MS:.3f}"),
        (f"reading the score ({score.width_px} px), ms", f"{np.median(reading):.0f}"),
    ]
    print(f"{processor()}, 1 thread, agent {agent.name}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| follower | |\n|---|---:|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))


if __name__ == "__main__":
    main()
