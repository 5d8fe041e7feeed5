"""Settings of the search and of the jump, tried on validation pieces.

    python benchmarks/tune_search.py [AGENT] [--corpus C] [--pieces N] [--only WORD ...]

Every piece is followed straight and with random jumps. Prints a Markdown table: jumps that were needless (straight),
the share of straight onsets within 50 px, jumps from which the follower was back within 1 and 2 s, wrong jumps, and the
processor time of search, agent and rule in ms a frame, the mean of all.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.agent.listening import hear_recording
from standpartner.corpus.store import open_corpus
from standpartner.evaluate.jumps.performances import JumpPerformance
from standpartner.evaluate.jumps.recovery import evaluate_recovery
from standpartner.evaluate.jumps.run import play_with_jumps, style_of
from standpartner.evaluate.players.follower import follow_frames
from standpartner.evaluate.players.player import FollowedFrames
from standpartner.follow.pursuit import PursuitConfig
from standpartner.game.rules import NOTTINGHAM
from standpartner.piece import Piece


def variants() -> Iterator[tuple[str, PursuitConfig]]:
    """One setting changed at a time."""
    usual = PursuitConfig()
    yield "as it is", usual
    yield "never jumps", replace(usual, jump=False)
    yield "never bounded", replace(usual, search=replace(usual.search, saved_s=1e9))
    yield "compares the whole score", replace(usual, search=replace(usual.search, negligible=0.0))
    for name, values in {
        "anywhere": (1e-5, 1e-3),
        "agent": (0.005, 0.1),
        "trust": (0.4, 1.0),
        "floor": (1e-6,),
    }.items():
        for value in values:
            change: dict[str, Any] = {name: value}
            yield f"{name} {value:g}", replace(usual, search=replace(usual.search, **change))
    for name, values in {"sure": (0.6, 0.95), "evidence": (5, 11), "gathered": (1, 5)}.items():
        for value in values:
            change = {name: value}
            yield f"{name} {value:g}", replace(usual, **change)


class Heard:
    """A piece read and heard once, for all settings."""

    def __init__(self, agent: Agent, piece: Piece, performance: JumpPerformance) -> None:
        self.agent, self.performance, self.track = agent, performance, piece.tracks()[0]
        self.view = agent.read(piece.score.strip)
        self._straight = hear_recording(agent, self.track.spectrogram)[0][self.track.first_frame :]
        self._jumping = hear_recording(agent, performance.spectrogram)[0][performance.onset_frames[0] :]

    def follow(self, config: PursuitConfig) -> tuple[FollowedFrames, FollowedFrames]:
        """Straight, and with jumps."""
        first, last = self.performance.onset_frames[[0, -1]]
        parts = (
            self._straight[: self.track.last_frame - self.track.first_frame + 1],
            self._jumping[: last - first + 1],
        )
        start_px, width_px = float(self.track.onset_x_px[0]), self.track.strip.shape[1]
        one, two = (
            follow_frames(self.agent, self.view, part, start_px=start_px, width_px=width_px, config=config)
            for part in parts
        )
        return one, two

    def near(self, straight: FollowedFrames) -> np.ndarray:
        """(onsets,) whether each was followed within 50 px."""
        frames = self.track.onset_frames
        error_px = straight.position_px[frames - frames[0]] - self.track.targets[frames]
        return np.abs(error_px) <= NOTTINGHAM.bound_px


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default=DEFAULT_AGENT, help="name or folder")
    parser.add_argument("--corpus", default="nottingham")
    parser.add_argument("--pieces", type=int, default=10)
    parser.add_argument("--only", nargs="+", help="only settings whose names begin with one of these words")
    options = parser.parse_args()
    agent, heard = load_agent(options.agent), []
    for piece in open_corpus(options.corpus).pieces("valid", limit=options.pieces):
        performance = play_with_jumps(piece, "random", style=style_of("valid"))
        if performance is not None:
            heard.append(Heard(agent, piece, performance))
    heads = ("setting", "needless jumps", "within 50 px", "back in 1 s", "2 s", "wrong jumps", "ms")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for name, config in variants():
        if options.only and not name.startswith(tuple(options.only)):
            continue
        start = time.process_time()
        straight, jumping = zip(*(one.follow(config) for one in heard), strict=True)
        frames = sum(len(result.position_px) for result in (*straight, *jumping))
        cost_ms = 1000 * (time.process_time() - start) / frames
        report = evaluate_recovery([one.performance for one in heard], jumping)
        near = np.concatenate([one.near(result) for one, result in zip(heard, straight, strict=True)])
        cells: list[object] = [sum(int(result.jumped.sum()) for result in straight), f"{near.mean():.3f}"]
        cells += [f"{report['within_1_s']:.2f}", f"{report['within_2_s']:.2f}", report["wrong_jumps"], f"{cost_ms:.2f}"]
        print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
