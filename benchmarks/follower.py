"""What following costs: processor time for each frame of 50 ms, spectrogram included; and how late positions are.

    python benchmarks/follower.py [AGENT] [--pages N ...] [--minutes M]

The bundled menuet is played in scores of several lengths: after its two pages come others, with its bars in random
order and random keys. Sound is pushed in chunks of exactly one frame, as a microphone would. The parts of a frame are
timed apart. Then sound is pushed in chunks of a millisecond: sound at the centre of frame k decides the position of
frame k + 1, which is given when the last sample of frame k has arrived and the follower has thought.
"""

import argparse
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.follow import Follower, FollowerConfig
from standpartner.hear import frame_centre, read_audio
from standpartner.score import Score, read_score

CHUNK_SAMPLES = 22  # a millisecond
# Neither waiting nor resting at the end, so that every frame is paid in full.
ALWAYS = FollowerConfig(wait=False, end_after_s=1e9)
TOTAL, SEARCH, CORRELATION = "whole frame", "search", "search: correlation with columns"
MARKOV, REST = "search: hidden Markov step, jump rule", "rest: states, places on pages"
BARS_A_PAGE = 36
KEYS = ("C", "D", "E", "F", "G", "A", "Bb", "Eb", "Ab", "Db", "B")


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def score_of(pages: int, abc: str) -> Score:
    """The menuet, and behind it as many more pages of its bars in another order and other keys."""
    rng = np.random.default_rng(0)
    bars = re.split(r"[|\n]+", abc[abc.index("K:G") + 4 :].replace("|]", ""))
    bars = [bar for bar in bars if bar.strip()]
    lines = [abc.replace("|]", "|").rstrip()]
    for _ in range(BARS_A_PAGE // 4 * (pages - 2)):
        lines.append(f"[K:{rng.choice(KEYS)}] " + "|".join(rng.choice(bars, 4)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.abc"
        path.write_text("\n".join(lines) + "\n")
        return read_score(path, max_pages=2 * pages)


class Stopwatch:
    """Adds up what calls cost in the present frame, by part."""

    def __init__(self) -> None:
        self.frames: list[dict[str, float]] = []

    def watch(self, owner: Any, method: str, part: str) -> None:
        """Time every call of a method of one object."""
        call: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            result = call(*args, **kwargs)
            self.frames[-1][part] = self.frames[-1].get(part, 0.0) + 1000 * (time.thread_time() - start)
            return result

        setattr(owner, method, timed)


def one_play(score: Score, agent: Agent, audio: np.ndarray, *, view: np.ndarray) -> list[dict[str, float]]:
    """Milliseconds of each part, for each frame."""
    follower, watch = Follower(score, agent, config=ALWAYS, view=view), Stopwatch()
    plain = agent.search
    for owner, method, part in (
        (follower._stream, "push", "spectrogram"),
        (follower._ear, "hear", "listen"),
        (follower._pursuit, "decide", "decide"),
        (follower._pursuit, "listen", SEARCH),
        (agent, "search", CORRELATION),
    ):
        watch.watch(owner, method, part)
    edges = [k * SAMPLE_RATE_HZ // FRAME_RATE_HZ for k in range(len(audio) * FRAME_RATE_HZ // SAMPLE_RATE_HZ + 1)]
    for first, last in pairwise(edges):
        watch.frames.append({})
        start = time.thread_time()
        follower.push(audio[first:last])
        watch.frames[-1][TOTAL] = 1000 * (time.thread_time() - start)
    agent.search = plain  # type: ignore[method-assign]
    return [_parts(frame) for frame in watch.frames if SEARCH in frame]


def _parts(frame: dict[str, float]) -> dict[str, float]:
    """Part what was timed together."""
    inner = sum(frame[part] for part in ("spectrogram", "listen", "decide", SEARCH))
    names = ("spectrogram", "listen", "decide", CORRELATION)
    parts = {name: frame[name] for name in names}
    return parts | {MARKOV: frame[SEARCH] - frame[CORRELATION], REST: frame[TOTAL] - inner, TOTAL: frame[TOTAL]}


def delays(score: Score, agent: Agent, audio: np.ndarray, *, seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds from a frame's centre to the position that it decides, and from when that is given to its time."""
    follower = Follower(score, agent, config=ALWAYS)
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
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="tunes", help="name or folder")
    parser.add_argument("--pages", type=int, nargs="+", default=[2, 20, 60], help="lengths of the score")
    parser.add_argument("--minutes", type=float, default=2.0, help="minutes of music for each length")
    options = parser.parse_args()
    piece = load_menuet()
    abc, agent, audio = Path(piece.score).read_text(), load_agent(options.agent), read_audio(piece.recording)
    plays = max(1, round(options.minutes * 60 * SAMPLE_RATE_HZ / len(audio)))
    print(f"{processor()}, 1 thread, agent {agent.name}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    columns, names, scores = [], [], [score_of(pages, abc) for pages in options.pages]
    for score in scores:
        view = agent.read(score.strip)
        frames = [frame for _ in range(plays) for frame in one_play(score, agent, audio, view=view)]
        columns.append({name: np.array([frame[name] for frame in frames]) for name in frames[0]})
        names.append(f"{len(score.pages)} pages, {score.width_px} px")
    print(f"| median, 99th percentile ms of {len(frames)} frames | {' | '.join(names)} |\n|---|{'---:|' * len(names)}")
    for part in columns[0]:
        cells = [f"{np.median(column[part]):.3f}, {np.percentile(column[part], 99):.2f}" for column in columns]
        print(f"| {part} | {' | '.join(cells)} |")
    from_sound, ahead = delays(scores[0], agent, audio)
    print(f"\nFrom a sample to the position that it decides: median {np.median(from_sound):.1f} ms, 95th percentile ")
    print(f"{np.percentile(from_sound, 95):.1f} ms. A position is given before its time by {np.median(ahead):.1f} ms.")


if __name__ == "__main__":
    main()
