"""What following costs: time for each frame of 50 ms, spectrogram included, on one thread; and how late positions are.

    python benchmarks/follower.py [AGENT] [--minutes M]

The bundled piece is played over and over; each play is pushed in chunks of exactly one frame, as a microphone would.
Then it is pushed in chunks of a millisecond: sound at the centre of frame k decides the position of frame k + 1, which
is given when the last sample of frame k has arrived and the follower has thought.
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
from standpartner.demo.bundled import load_menuet
from standpartner.follow import Follower, FollowerConfig
from standpartner.hear import frame_centre, read_audio
from standpartner.score import Score, read_score

FRAME_MS = 1000 / FRAME_RATE_HZ
CHUNK_SAMPLES = 22  # a millisecond


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


def delays(score: Score, agent: Agent, audio: np.ndarray, *, seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds from a frame's centre to the position that it decides, and from when that is given to its time."""
    follower = Follower(score, agent, config=FollowerConfig(wait=False, end_after_s=1e9))
    from_sound, ahead = [], []
    for first in range(0, min(len(audio), round(seconds * SAMPLE_RATE_HZ)), CHUNK_SAMPLES):
        chunk = audio[first : first + CHUNK_SAMPLES]
        start = time.perf_counter()
        positions = follower.push(chunk)
        given_s = (first + len(chunk)) / SAMPLE_RATE_HZ + time.perf_counter() - start
        for position in positions[-1:] if first else []:
            centre_s = frame_centre(round(position.time_s * FRAME_RATE_HZ) - 1) / SAMPLE_RATE_HZ
            from_sound.append(1000 * (given_s - centre_s))
            ahead.append(1000 * (position.time_s - given_s))
    return np.array(from_sound), np.array(ahead)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="tunes", help="name or folder")
    parser.add_argument("--minutes", type=float, default=5.0, help="minutes of music")
    options = parser.parse_args()
    piece = load_menuet()
    score, agent, audio = read_score(piece.score), load_agent(options.agent), read_audio(piece.recording)
    plays = max(1, round(options.minutes * 60 * SAMPLE_RATE_HZ / len(audio)))
    reading, costs = zip(*(one_play(score, agent, audio) for _ in range(plays)), strict=True)
    frames = np.concatenate(costs)
    from_sound, ahead = delays(score, agent, audio)
    rows = [
        ("frames", f"{len(frames)}"),
        ("median ms a frame", f"{np.median(frames):.2f}"),
        ("95th percentile ms", f"{np.percentile(frames, 95):.2f}"),
        ("mean ms", f"{frames.mean():.2f}"),
        ("ratio to real time (median)", f"{np.median(frames) / FRAME_MS:.3f}"),
        ("ratio to real time (mean)", f"{frames.mean() / FRAME_MS:.3f}"),
        ("from a sample to the position that it decides, median ms", f"{np.median(from_sound):.1f}"),
        ("the same, 95th percentile ms", f"{np.percentile(from_sound, 95):.1f}"),
        ("a position is given before the time that it is for by, median ms", f"{np.median(ahead):.1f}"),
        (f"reading the score ({score.width_px} px), ms", f"{np.median(reading):.0f}"),
    ]
    print(f"{processor()}, 1 thread, agent {agent.name}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| follower | |\n|---|---:|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))


if __name__ == "__main__":
    main()
