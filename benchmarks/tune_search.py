"""Settings of the search and of the jump, tried on validation pieces.

    python benchmarks/tune_search.py [AGENT] [--corpus C] [--pieces N]

Every piece is followed straight and with random jumps. Prints a Markdown table: jumps that were needless (straight),
the share of straight onsets within 50 px, jumps from which the follower was back within 1 and 2 s, and wrong jumps.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
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
    parser.add_argument("agent", nargs="?", default="tunes", help="name or folder")
    parser.add_argument("--corpus", default="nottingham")
    parser.add_argument("--pieces", type=int, default=10)
    options = parser.parse_args()
    agent, heard = load_agent(options.agent), []
    for piece in open_corpus(options.corpus).pieces("valid", limit=options.pieces):
        performance = play_with_jumps(piece, "random", style=style_of("valid"))
        if performance is not None:
            heard.append(Heard(agent, piece, performance))
    print("| setting | needless jumps | within 50 px | back in 1 s | 2 s | wrong jumps |\n|---|---|---|---|---|---|")
    for name, config in variants():
        straight, jumping = zip(*(one.follow(config) for one in heard), strict=True)
        report = evaluate_recovery([one.performance for one in heard], jumping)
        near = np.concatenate([one.near(result) for one, result in zip(heard, straight, strict=True)])
        cells: list[object] = [sum(int(result.jumped.sum()) for result in straight), f"{near.mean():.3f}"]
        cells += [f"{report['within_1_s']:.2f}", f"{report['within_2_s']:.2f}", report["wrong_jumps"]]
        print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
