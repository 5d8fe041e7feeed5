"""The rule against what an agent has learned of when to jump, on the same performances of validation pieces.

    python benchmarks/jump_decisions.py [AGENT] [--corpus C] [--sound S] [--pieces N] [--seconds S] [--plans N]

Each performance is followed straight from some place on, and each piece with random jumps by several plans, once by the
rule and once as learned. Prints a Markdown table: false jumps an hour and the share of frames within 170 px where the
player goes straight, the share of the player's jumps after which the follower is back on the right system within 2 and
5 s, and the jumps it then makes that are false. Differences have 95 % intervals, bootstrapped over pieces.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.build import seed_of
from standpartner.corpus.store import open_corpus
from standpartner.errors import AgentError
from standpartner.evaluate.jumps.recovery import recoveries
from standpartner.evaluate.jumps.run import play_with_jumps, style_of
from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals
from standpartner.evaluate.measures.tally import false_jumps
from standpartner.evaluate.players.follower import follow_frames
from standpartner.evaluate.players.player import FollowedFrames, HeardPerformance
from standpartner.evaluate.sound import piece_in_setting
from standpartner.follow.pursuit import PursuitConfig
from standpartner.follow.repeats import RepeatSigns
from standpartner.game.rules import PIANO
from standpartner.piece import Piece
from standpartner.support.progress import progress_bar

CONFIGS = (PursuitConfig(learned=False), PursuitConfig())
HEARD_BEFORE = 5 * FRAME_RATE_HZ  # no embedding hears more
MEASURES = {  # the count of each player, what it is divided by, and by how much that is multiplied
    "false jumps an hour, straight": ("false", "hours", ".1f"),
    "frames within 170 px, straight": ("near", "frames", ".3f"),
    "jumps of the player found within 2 s": ("2 s", "jumps", ".3f"),
    "jumps of the player found within 5 s": ("5 s", "jumps", ".3f"),
    "false jumps an hour, with jumps of the player": ("false jumping", "hours jumping", ".1f"),
}
Tally = dict[str, NDArray[np.float64]]


class Heard:
    """A performance from a frame on, read and heard once for both decisions."""

    def __init__(self, agent: Agent, view: NDArray[np.float32], performance: HeardPerformance, ends: range) -> None:
        self.agent, self.view, self.performance, self.ends = agent, view, performance, ends
        first = max(0, ends.start - HEARD_BEFORE)
        self._embeddings = hear_recording(agent, performance.spectrogram[first : ends.stop])[0][ends.start - first :]
        self.target_px = performance.targets_at(np.arange(ends.start, ends.stop))

    def follow(self, config: PursuitConfig) -> FollowedFrames:
        """Follow from the true place on."""
        jumps, strip = self.performance.printed_jumps, self.performance.strip
        signs = RepeatSigns(self.agent, strip, view=self.view, jumps=jumps, config=config.repeats)
        ends = {"start_px": float(self.target_px[0]), "width_px": strip.shape[1]}
        return follow_frames(self.agent, self.view, self._embeddings, config=config, signs=signs, **ends)

    def false_jumps(self, followed: FollowedFrames) -> int:
        """Count false jumps."""
        return int(false_jumps(followed.position_px, self.target_px, jumped=followed.jumped).sum())


def straight(agent: Agent, piece: Piece, view: NDArray[np.float32], seconds: float) -> Iterator[Tally]:
    """Follow each performance straight for some seconds, from a place drawn by its name."""
    for track in piece.tracks():
        longest = round(seconds * FRAME_RATE_HZ)
        latest = max(track.first_frame, track.last_frame + 1 - longest)
        first = int(np.random.default_rng(seed_of(track.name)).integers(track.first_frame, latest + 1))
        heard = Heard(agent, view, track, range(first, min(track.last_frame + 1, first + longest)))
        both = [heard.follow(config) for config in CONFIGS]
        near = [np.sum(np.abs(one.position_px - heard.target_px) <= PIANO.bound_px) for one in both]
        yield {
            "hours": np.full(2, len(heard.ends) / FRAME_RATE_HZ / 3600),
            "frames": np.full(2, len(heard.ends)),
            "false": np.array([heard.false_jumps(one) for one in both]),
            "near": np.array(near),
        }


def jumping(agent: Agent, piece: Piece, view: NDArray[np.float32], plans: int) -> Iterator[Tally]:
    """Follow a piece with random jumps, by several plans."""
    for seed in range(plans):
        performance = play_with_jumps(piece, "random", style=style_of("valid"), seed=seed)
        if performance is None:
            return
        heard = Heard(agent, view, performance, range(performance.first_frame, performance.last_frame + 1))
        both = [heard.follow(config) for config in CONFIGS]
        latency_s = [np.array([one.latency_s for one in recoveries(performance, followed)]) for followed in both]
        yield {
            "jumps": np.array([len(one) for one in latency_s]),
            "hours jumping": np.full(2, len(heard.ends) / FRAME_RATE_HZ / 3600),
            "false jumping": np.array([heard.false_jumps(one) for one in both]),
            **{f"{limit} s": np.array([np.sum(one <= limit) for one in latency_s]) for limit in (2, 5)},
        }


def tally(agent: Agent, piece: Piece, options: argparse.Namespace) -> Tally:
    """Sum all that is counted in a piece, for the rule and as learned."""
    view = agent.read(piece.score.strip)
    total: Tally = {name: np.zeros(2) for measure in MEASURES.values() for name in measure[:2]}
    heard = piece_in_setting(piece, options.sound)
    parts = (straight(agent, heard, view, options.seconds), jumping(agent, piece, view, options.plans))
    for one in (counts for part in parts for counts in part):
        for name, count in one.items():
            total[name] = total[name] + count
    return total


def show(tallies: list[Tally]) -> None:
    """Print the table."""
    print("| measure | the rule | learned | difference, 95 % interval |\n|---|---:|---:|---:|")
    for measure, (count, divisor, form) in MEASURES.items():
        columns = np.array([[*one[count], one[divisor][0]] for one in tallies])
        rule, learned = columns[:, :2].sum(axis=0) / columns[:, 2].sum()
        drawn = resampled_totals(columns, seed=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = percentile_interval((drawn[:, 1] - drawn[:, 0]) / drawn[:, 2])
        ends = f"{learned - rule:+{form}} ({low:+{form}} to {high:+{form}})"
        print(f"| {measure} | {rule:{form}} | {learned:{form}} | {ends} |")
    hours, jumps = (sum(one[name][0] for one in tallies) for name in ("hours", "jumps"))
    print(f"\n{hours:.2f} h straight, {jumps:.0f} jumps of the player, {len(tallies)} pieces")


def main() -> None:
    """Follow and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", nargs="?", default="piano-human", help="name or folder")
    parser.add_argument("--corpus", default="asap")
    parser.add_argument("--sound", default="room", help="of the performances that go straight")
    parser.add_argument("--pieces", type=int, help="the largest number")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each performance that goes straight")
    parser.add_argument("--plans", type=int, default=3, help="plans of random jumps for each piece")
    options = parser.parse_args()
    agent = load_agent(options.agent)
    if agent.jump_policy is None:
        raise AgentError(f"{agent.name} has learned no decision on jumps; run: standpartner learn-jumps --record")
    corpus, tallies = open_corpus(options.corpus), list[Tally]()
    with progress_bar() as bar:
        pieces = list(corpus.names("valid", limit=options.pieces))
        for piece in bar.track(corpus.pieces("valid", limit=options.pieces), total=len(pieces)):
            tallies.append(tally(agent, piece, options))
    show(tallies)


if __name__ == "__main__":
    main()
