"""What following costs: processor time for each frame of 50 ms, spectrogram included; and how late positions are.

    python benchmarks/follower.py [AGENT] [--pages N ...] [--minutes M] [--same-bars]

The bundled menuet is played in scores of several lengths. After its two pages come others, of seeded random music:
every bar has its own harmony, texture and notes, and none is like another. With `--same-bars` the other pages hold the
bars of the menuet in random order and random keys: much of the score sounds like what is played, which is the worst
case.

Sound is pushed in chunks of exactly one frame, as a microphone would. Whole frames are timed with nothing timed inside
them, and in other plays their parts, as the clocks of the parts take time themselves. Every score is followed by turns
with the search as it is, pruned, and with one that compares the whole score with every frame. Then sound is pushed in
chunks of a millisecond: sound at the centre of frame k decides the position of frame k + 1, which is given when the
last sample of frame k has arrived and the follower has thought.
"""

import argparse
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.follow import Follower, FollowerConfig
from standpartner.follow.pursuit import PursuitConfig
from standpartner.follow.search import SearchConfig
from standpartner.hear import frame_centre, read_audio
from standpartner.score import Score, read_score

CHUNK_SAMPLES = 22  # a millisecond
# It neither rests at the end nor goes back to wait, so that every frame is paid in full from the first note on.
ALWAYS = FollowerConfig(end_after_s=1e9, proved_after_s=0.0)
WHOLE = PursuitConfig(search=SearchConfig(negligible=0.0))
SEARCHES = {"pruned": ALWAYS, "whole": replace(ALWAYS, pursuit=WHOLE)}
TOTAL, SEARCH, CORRELATION = "whole frame", "search", "search: correlation with columns"
NOTES, MARKOV, REST = "which notes begin", "search: hidden Markov step, jump rule", "rest: states, places on pages"
BARS_A_PAGE, BARS_A_LINE = 36, 4
Times = dict[str, float]  # milliseconds, by part
DEGREES = "CDEFGABcdefgab"  # the notes that random music is made of, with the accidentals of its key
TEXTURES = ("melody", "broken chord", "chords", "scale", "dotted")
KEYS = ("C", "D", "E", "F", "G", "A", "Bb", "Eb", "Ab", "Db", "B")


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def score_of(pages: int, abc: str, *, same_bars: bool) -> Score:
    """Read the menuet, and behind it as many more pages of other music, or of its bars in other orders and keys."""
    rng = np.random.default_rng(0)
    own = re.split(r"[|\n]+", abc[abc.index("K:G") + 4 :].replace("|]", ""))
    own = [bar for bar in own if bar.strip()]
    lines, written = [abc.replace("|]", "|").rstrip()], set(own)
    for _ in range(BARS_A_PAGE // BARS_A_LINE * (pages - 2)):
        bars = list(rng.choice(own, BARS_A_LINE)) if same_bars else [new_bar(rng, written) for _ in range(BARS_A_LINE)]
        lines.append(f"[K:{rng.choice(KEYS)}] " + "|".join(bars) + "|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.abc"
        path.write_text("\n".join(lines) + "\n")
        return read_score(path, max_pages=2 * pages)


def new_bar(rng: np.random.Generator, written: set[str]) -> str:
    """Write a bar of three quarters that is not among those written, in a random harmony and texture, and add it."""
    while True:
        root = int(rng.integers(5))
        chord = [DEGREES[root + step] for step in (0, 2, 4, 7)]
        texture = rng.choice(TEXTURES)
        if texture == "chords":
            bar = " ".join("[" + "".join(rng.choice(chord, 3, replace=False)) + "]2" for _ in range(3))
        elif texture == "broken chord":
            bar = "".join(rng.choice(chord, 6))
        elif texture == "scale":
            bar = DEGREES[root : root + 6][:: rng.choice((1, -1))]
        elif texture == "dotted":
            bar = " ".join(f"{a}3/2{b}/2" for a, b in rng.choice(list(DEGREES), (3, 2)))
        else:
            bar = " ".join(f"{note}{length}" for note, length in zip(rng.choice(list(DEGREES), 4), "2121", strict=True))
        if bar not in written:
            written.add(bar)
            return bar


class Stopwatch:
    """Adds up what calls cost in the present frame, by part."""

    def __init__(self) -> None:
        self.frames = list[Times]()

    def watch(self, owner: Any, method: str, part: str) -> None:
        """Time every call of a method of one object."""
        call: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            result = call(*args, **kwargs)
            self.frames[-1][part] = self.frames[-1].get(part, 0.0) + 1000 * (time.thread_time() - start)
            return result

        setattr(owner, method, timed)


def parts_of_frames(follower: Follower, audio: np.ndarray) -> list[Times]:
    """Milliseconds of each part of a frame, for each frame from the first note on."""
    agent, watch = follower.agent, Stopwatch()
    plain = agent.search
    for owner, method, part in (
        (follower._stream, "push", "spectrogram"),
        (follower._ear, "hear", "listen"),
        (follower._detector, "hear", NOTES),
        (follower._pursuit, "_decide", "decide"),
        (follower._pursuit, "_hear", SEARCH),
        (follower._pursuit, "_goes", SEARCH),
        (agent, "search", CORRELATION),
    ):
        watch.watch(owner, method, part)
    for chunk in frames_of(audio):
        watch.frames.append({})
        start = time.thread_time()
        follower.push(chunk)
        watch.frames[-1][TOTAL] = 1000 * (time.thread_time() - start)
    agent.search = plain  # type: ignore[method-assign]
    return [_parts(frame) for frame in watch.frames if "decide" in frame]


def whole_frames(follower: Follower, audio: np.ndarray) -> list[Times]:
    """Milliseconds of each frame from the first note on."""
    frames = list[Times]()
    for chunk in frames_of(audio):
        start = time.thread_time()
        follower.push(chunk)
        frames.append({TOTAL: 1000 * (time.thread_time() - start)})
    return frames[follower.start_frame :]


def frames_of(audio: np.ndarray) -> Iterator[np.ndarray]:
    """Cut sound into chunks of a frame."""
    edges = [k * SAMPLE_RATE_HZ // FRAME_RATE_HZ for k in range(len(audio) * FRAME_RATE_HZ // SAMPLE_RATE_HZ + 1)]
    return (audio[first:last] for first, last in pairwise(edges))


def _parts(frame: Times) -> Times:
    """Part what was timed together."""
    inner = sum(frame[part] for part in ("spectrogram", "listen", NOTES, "decide", SEARCH))
    names = ("spectrogram", "listen", NOTES, "decide", CORRELATION)
    parts = {name: frame[name] for name in names}
    return parts | {MARKOV: frame[SEARCH] - frame[CORRELATION], REST: frame[TOTAL] - inner}


def delays(score: Score, agent: Agent, audio: np.ndarray, *, seconds: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds from a frame's centre to the position that it decides, and from when that is given to its time."""
    follower = Follower(score, agent, config=SEARCHES["pruned"])
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


def table(columns: dict[str, list[Times]]) -> str:
    """Write a Markdown table of a frame or its parts, a column for each name."""
    count = min(len(frames) for frames in columns.values())
    lines = [
        f"| median, 99th percentile ms of {count} frames | {' | '.join(columns)} |",
        "|---|" + "---:|" * len(columns),
    ]
    for part in next(iter(columns.values()))[0]:
        times = [np.array([frame[part] for frame in frames]) for frames in columns.values()]
        cells = [f"{np.median(time):.3f}, {np.percentile(time, 99):.2f}" for time in times]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="piano", help="name or folder")
    parser.add_argument("--pages", type=int, nargs="+", default=[2, 20, 60], help="lengths of the score")
    parser.add_argument("--minutes", type=float, default=2.0, help="minutes of music for each length")
    parser.add_argument("--same-bars", action="store_true", help="the worst case: all pages hold the same bars")
    options = parser.parse_args()
    piece = load_menuet()
    abc, agent, audio = Path(piece.score).read_text(), load_agent(options.agent), read_audio(piece.recording)
    plays = max(1, round(options.minutes * 60 * SAMPLE_RATE_HZ / len(audio)))
    print(f"{processor()}, 1 thread, agent {agent.name}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    whole, parts = dict[str, list[Times]](), dict[str, list[Times]]()
    scores = [score_of(pages, abc, same_bars=options.same_bars) for pages in options.pages]
    for score in scores:
        view = agent.read(score.strip)
        for _ in range(plays):
            for name, config in SEARCHES.items():
                column = f"{len(score.pages)} pages, {score.width_px} px, {name}"
                for rows, measured in ((whole, whole_frames), (parts, parts_of_frames)):
                    follower = Follower(score, agent, config=config, view=view)
                    rows.setdefault(column, []).extend(measured(follower, audio))
    print(table(whole), table(parts), sep="\n\n")
    from_sound, ahead = delays(scores[0], agent, audio)
    print(f"\nFrom a sample to the position that it decides: median {np.median(from_sound):.1f} ms, 95th percentile ")
    print(f"{np.percentile(from_sound, 95):.1f} ms. A position is given before its time by {np.median(ahead):.1f} ms.")


if __name__ == "__main__":
    main()
