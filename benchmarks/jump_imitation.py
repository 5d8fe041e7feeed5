"""A decision on jumps that is learned from reward against one that imitates an oracle, on the same records.

    python benchmarks/jump_imitation.py [AGENT] [--corpus C] [--limit N] [--seeds N]

The agent follows training and validation pieces and what it says is recorded, as `standpartner learn-jumps` does. Then
the same network learns in the same number of steps, once from reward and once by the cross-entropy with an oracle that
goes where the place found is right and the agent's is not. For each the threshold of going is the one that brings most
on the training records. Prints a Markdown table: the mean return on the validation records, at most 100, where the
player goes straight and where the player jumps, and what reward brings more than the oracle with a 95 % interval,
bootstrapped over pieces.
"""

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import load_agent
from standpartner.agent.jump_policy import JumpPolicy
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.store import open_corpus
from standpartner.evaluate.measures.bootstrap import percentile_interval, resampled_totals
from standpartner.learn.jumps.fit import Loss, fit_policy, less_return, probability_of_going
from standpartner.learn.jumps.returns import World, make_world, returns, side_by_side
from standpartner.learn.jumps.run import JumpLearning, record_pieces
from standpartner.support.progress import progress_bar

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
STEPS = JumpLearning.steps
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Records:
    """The records of a split: straight playing and playing with jumps, of the pieces by their numbers."""

    straight: World
    jumping: World
    straight_pieces: NDArray[np.int64]
    jumping_pieces: NDArray[np.int64]

    def parts(self) -> tuple[tuple[World, NDArray[np.int64]], ...]:
        """Return both kinds of playing with the piece of each record."""
        return (self.straight, self.straight_pieces), (self.jumping, self.jumping_pieces)


def unlike_oracle(world: World, goes: Floats) -> Floats:
    """Return the derivative of the cross-entropy with the oracle by the log odds; see `Loss`."""
    should_go = world.found_right & ~world.right
    return np.asarray(world.may_go * (goes - should_go) / world.may_go.sum())


def read_records(settings: JumpLearning, corpus_name: str, split: str) -> tuple[Records, World]:
    """Record the pieces of a split; return the records by kind of playing, and all side by side."""
    corpus = open_corpus(corpus_name)
    folders = [corpus.piece_folder(name) for name in corpus.names(split, limit=settings.limit)]
    with progress_bar() as bar:
        task = bar.add_task(f"following {split} pieces", total=None)
        recorded = record_pieces(
            load_agent(settings.agent),
            folders,
            config=settings,
            progress=lambda n, of: bar.update(task, completed=n, total=of),
        )
    straight = [make_world(piece[0]) for piece in recorded]
    jumping = [make_world(piece[1]) for piece in recorded if len(piece) > 1]
    numbers = np.arange(len(recorded))
    jumps = np.array([len(piece) > 1 for piece in recorded])
    records = Records(side_by_side(straight), side_by_side(jumping), numbers, numbers[jumps])
    return records, side_by_side([*straight, *jumping])


def by_piece(records: Records, policy: JumpPolicy | None) -> Floats:
    """Return sums of returns and frames, straight and jumping, (pieces, 4), of a policy; None stands for the rule."""
    sums = np.zeros((len(records.straight_pieces), 4))
    for place, (world, pieces) in enumerate(records.parts()):
        odds = world.rule_odds + (policy.correction(world.inputs) if policy else 0.0)
        goes = probability_of_going(world, odds) > (policy.threshold if policy else 0.5)
        brought = returns(world, goes.astype(np.float64))[0]
        sums[pieces, 2 * place] = np.where(world.before, 0.0, brought).sum(axis=0)
        sums[pieces, 2 * place + 1] = (~world.before).sum(axis=0)
    return sums


def means(sums: Floats) -> Floats:
    """Return mean returns, straight, jumping and of all, (..., 3), from sums, (..., 4)."""
    pairs = sums.reshape(*sums.shape[:-1], 2, 2)
    pairs = np.concatenate([pairs, pairs.sum(axis=-2, keepdims=True)], axis=-2)
    return np.asarray(pairs[..., 0] / pairs[..., 1])


def learn(train: Records, together: World, loss: Loss, seed: int) -> JumpPolicy:
    """Learn with a loss, and choose the threshold that brings most on the training records."""
    policy = fit_policy(together, steps=STEPS, seed=seed, loss=loss)
    tried = [replace(policy, threshold=threshold) for threshold in THRESHOLDS]
    return max(tried, key=lambda one: float(means(by_piece(train, one).sum(axis=0))[2]))


def print_table(valid: Records, learned: dict[str, list[JumpPolicy]], seconds: dict[str, float]) -> None:
    """Print what the policies of both ways and the rule bring on the validation records."""
    print("| decision | seeds | thresholds | seconds to learn | straight | with jumps | all |")
    print("|---|---:|---|---:|---:|---:|---:|")
    print(f"| the rule | | | | {' | '.join(f'{x:.2f}' for x in means(by_piece(valid, None).sum(axis=0)))} |")
    brought = {}
    for name, policies in learned.items():
        brought[name] = np.mean([by_piece(valid, one) for one in policies], axis=0)
        each = np.array([means(by_piece(valid, one).sum(axis=0)) for one in policies])
        cells = " | ".join(f"{x.mean():.2f} ({x.min():.2f} to {x.max():.2f})" for x in each.T)
        thresholds = ", ".join(f"{one.threshold:g}" for one in policies)
        print(f"| {name} | {len(policies)} | {thresholds} | {seconds[name]:.0f} | {cells} |")
    both = np.concatenate([brought["from reward"], brought["from the oracle"]], axis=1)
    drawn = resampled_totals(both, 0)
    gain = means(both[:, :4].sum(axis=0)) - means(both[:, 4:].sum(axis=0))
    ends = [percentile_interval(values) for values in (means(drawn[:, :4]) - means(drawn[:, 4:])).T]
    differences = [f"{more:+.2f} ({low:+.2f} to {high:+.2f})" for more, (low, high) in zip(gain, ends, strict=True)]
    print(f"| reward less oracle, mean of seeds | | | | {' | '.join(differences)} |")


def main() -> None:
    """Record, learn in both ways with several seeds, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", nargs="?", default="piano-human")
    parser.add_argument("--corpus", default="asap")
    parser.add_argument("--limit", type=int, default=None, help="the largest number of pieces of each split")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    settings = JumpLearning(agent=options.agent, limit=options.limit)
    train, together = read_records(settings, options.corpus, "train")
    valid, _ = read_records(settings, options.corpus, "valid")
    learned, seconds = dict[str, list[JumpPolicy]](), dict[str, float]()
    for name, loss in (("from reward", less_return), ("from the oracle", unlike_oracle)):
        start_s = time.monotonic()
        learned[name] = [learn(train, together, loss, seed) for seed in range(options.seeds)]
        seconds[name] = (time.monotonic() - start_s) / options.seeds
    hours = float((~together.before).sum()) / FRAME_RATE_HZ / 3600
    print(f"{options.agent}, {len(train.straight_pieces)} training pieces, {hours:.2f} h; {STEPS} steps")
    print_table(valid, learned, seconds)


if __name__ == "__main__":
    main()
