"""Learns from reward when the follower jumps, on records of performances, and compares that with the follower's rule.

    python examples/jump_decision.py record asap train RECORDS       # once for each split
    python examples/jump_decision.py record asap valid RECORDS
    python examples/jump_decision.py learn RECORDS

A record holds what agent and search say in each frame, while the agent follows by a rule that jumps late. So it is
known for each frame what staying brought, and whether the place found was right. Against such a record the return of
a policy that goes with some probability is computed exactly, backwards in time, and so is its gradient.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.calibration import log_odds
from standpartner.agent.columns import column_offsets_px
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.split_styles import SLIPS_STYLE, VALID_STYLE
from standpartner.corpus.store import open_corpus
from standpartner.evaluate.jumps import perform_passages, plan_passages
from standpartner.evaluate.players.player import HeardPerformance
from standpartner.evaluate.sound import piece_in_setting
from standpartner.follow.pursuit import Pursuit, PursuitConfig
from standpartner.game.rules import PIANO, reward
from standpartner.piece import Piece

Floats = NDArray[np.float64]
BOUND_PX = PIANO.bound_px
AWAY_PX, REACH_PX, STEADY_PX = 100.0, 48.0, 64.0
MOST_FRAMES = 100 * FRAME_RATE_HZ  # of each performance
DISCOUNT = 0.99
RIGHT = 0.85 / (1 - DISCOUNT)  # the return of an agent that is right, and of one that is lost for eight seconds
WRONG = RIGHT * DISCOUNT ** (8 * FRAME_RATE_HZ)
COST = 20.0  # of a jump: a second on the music
MEMORY_FRAMES = 20.0  # the inputs are also averaged over about this time
RULE_EVIDENCE, RULE_SUM = PursuitConfig().evidence, PursuitConfig().gathered
LATE = PursuitConfig(gathered=8.0)
COLUMNS = (
    *("target_px", "here_px", "speed_px", "found_px", "found_speed_px", "found", "here", "tracked", "located"),
    *("tracked_now", "value", "fit", "key", "second", "jumped"),
)


def record(agent: Agent, view: NDArray[np.float32], performance: HeardPerformance, *, first_frame: int) -> Floats:
    """Follow a performance by the late rule; return a row of `COLUMNS` for each frame."""
    last_frame = min(performance.last_frame + 1, first_frame + MOST_FRAMES)
    heard, pressed = hear_recording(agent, performance.spectrogram[:last_frame])
    targets_px = performance.targets_at(np.arange(first_frame, last_frame))
    width_px = performance.strip.shape[1]
    pursuit = Pursuit(agent, view, width_px=width_px, start_px=float(targets_px[0]), config=LATE)
    near, rows = np.abs(column_offsets_px()) <= REACH_PX, []
    for target_px, frame in zip(targets_px, range(first_frame, last_frame), strict=True):
        here_px, embedding = pursuit.position_px, heard[frame : frame + 1]
        jumped, found = pursuit.listen(embedding), pursuit.found
        decision = pursuit.decide(embedding)
        second = pursuit.search.found_elsewhere(found.x_px, away_px=AWAY_PX, most=1)
        rows.append(
            [
                *(target_px, here_px, pursuit.speed_px, found.x_px, found.speed_px, found.probability),
                *(pursuit.search.probability_near(here_px), pursuit.tracked),
                *(_share(decision.locate[0], near), _share(decision.track[0], near)),
                *(decision.value[0], decision.locate[0].max(), pressed[frame].max()),
                *(second[0].probability if second else 0.0, jumped),
            ]
        )
        pursuit.move()
    return np.array(rows)


def record_piece(agent: Agent, piece: Piece, split: str, *, seed: int) -> dict[str, Floats]:
    """Record a piece played straight from some place on, and once with random jumps."""
    rng = np.random.default_rng(seed)
    heard = piece_in_setting(piece, "room") if split == "valid" else piece
    view, tracks = agent.read(piece.score.strip), heard.tracks()
    track = tracks[rng.integers(len(tracks))]
    latest = max(track.first_frame, track.last_frame - MOST_FRAMES)
    first_frame = int(rng.integers(track.first_frame, latest + 1))
    records = {"straight": record(agent, view, track, first_frame=first_frame)}
    plan = plan_passages("random", piece.score, seed=seed)
    if plan:
        style = VALID_STYLE if split == "valid" else SLIPS_STYLE
        jumping = perform_passages(piece.score, plan, style=style, seed=seed, name=piece.name)
        records["random"] = record(agent, view, jumping, first_frame=jumping.first_frame)
    return records


@dataclass(frozen=True, eq=False)
class World:
    """A record with all that policies and returns need of it; arrays have an entry for each frame.

    Attributes:
        inputs: What a learned policy sees, (frames, inputs).
        prior: The log odds of going by the rule, softened.
        may_go: Whether there is another place to go to.
        right: Whether the agent of the record is within the bound of the music.
        found_right: Whether the place found is.
        reward: The reward of staying as in the record.
        player_jumps: Whether the player jumped just now.
    """

    inputs: Floats
    prior: Floats
    may_go: NDArray[np.bool_]
    right: NDArray[np.bool_]
    found_right: NDArray[np.bool_]
    reward: Floats
    player_jumps: NDArray[np.bool_]


def make_world(rows: Floats) -> World:
    """Compute a world from the rows of a record."""
    column = dict(zip(COLUMNS, rows.T, strict=True))
    away_px = column["found_px"] - column["here_px"]
    elsewhere = (np.abs(away_px) > AWAY_PX) & (column["found_speed_px"] >= PursuitConfig().slowest_px)
    ratio = np.log(np.maximum(column["found"], 1e-12) / np.maximum(column["here"], 1e-12))
    evidence = ratio - log_odds(column["tracked"])
    jumped = column["jumped"] > 0
    gathered = _gathered(evidence - RULE_EVIDENCE, elsewhere & (column["found"] >= PursuitConfig().sure), jumped)
    error_px = column["here_px"] - column["target_px"]
    return World(
        inputs=_inputs(column, ratio, np.stack([np.log1p(gathered), np.clip(evidence, -20, 30) / 10], axis=1)),
        prior=4.0 * (np.log1p(gathered) - np.log1p(RULE_SUM)),
        may_go=elsewhere & (column["found"] >= 0.5),
        right=np.abs(error_px) <= BOUND_PX,
        found_right=np.abs(column["found_px"] - column["target_px"]) <= BOUND_PX,
        reward=np.asarray(reward(error_px, BOUND_PX)),
        player_jumps=np.append(False, np.abs(np.diff(column["target_px"])) > BOUND_PX),
    )


def _inputs(column: dict[str, Floats], ratio: Floats, rule: Floats) -> Floats:
    jumped, away_px = column["jumped"] > 0, column["found_px"] - column["here_px"]
    odds = [log_odds(column[name]) / 5 for name in ("found", "tracked", "located", "tracked_now", "second")]
    now = [*odds, np.clip(ratio, -28, 28) / 10, column["value"], column["fit"] / 10, column["key"] > 3]
    now += [np.abs(away_px) <= AWAY_PX, column["found_speed_px"] / 8]
    now = np.stack([*now, (column["found_speed_px"] - column["speed_px"]) / 8], axis=1).astype(np.float64)
    moved_px = column["found_px"][1:] - column["found_px"][:-1] - column["found_speed_px"][:-1]
    led = _run(np.append(False, np.abs(moved_px) <= STEADY_PX) & ~jumped)
    since = _run(~np.append(True, jumped[:-1]))
    logarithm = np.log1p(np.abs(away_px)) / 8
    times = [np.minimum(led, 100) / 40, np.log1p(led), np.minimum(since, 200) / 100]
    rest = np.stack([*times, np.sign(away_px) * logarithm, logarithm], axis=1)
    return np.concatenate([now, _averaged(now, jumped), rest, rule], axis=1)


def _averaged(now: Floats, jumped: NDArray[np.bool_]) -> Floats:
    """Return running means that begin anew after a jump, as the agent's memory does."""
    means, mean, blend = np.empty_like(now), np.zeros(now.shape[1]), 1 - np.exp(-1 / MEMORY_FRAMES)
    for frame, values in enumerate(now):
        mean = values if frame and jumped[frame - 1] else mean + blend * (values - mean)
        means[frame] = mean
    return means


def _gathered(beyond: Floats, counts: NDArray[np.bool_], jumped: NDArray[np.bool_]) -> Floats:
    """Return the rule's sum of evidence in each frame; after a jump it begins anew."""
    sums, total = np.zeros(len(beyond)), 0.0
    for frame in range(len(beyond)):
        total = total + beyond[frame] / FRAME_RATE_HZ if counts[frame] and beyond[frame] >= 0 else 0.0
        sums[frame] = total
        total = 0.0 if jumped[frame] else total
    return sums


def _run(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each frame how many frames up to it a condition has held."""
    count = np.arange(1, len(holds) + 1)
    return count - np.maximum.accumulate(np.where(holds, 0, count))


def _share(logits: NDArray[np.float32], near: NDArray[np.bool_]) -> float:
    weight = np.exp(logits - logits.max())
    return float(weight[near].sum() / weight.sum())


class JumpPolicy(torch.nn.Module):
    """Goes with a probability: the rule's, changed by a small network that begins without effect.

    Args:
        worlds: The worlds to learn from; their inputs are scaled to mean 0 and deviation 1.
    """

    def __init__(self, worlds: Sequence[World]) -> None:
        super().__init__()
        inputs = np.concatenate([world.inputs for world in worlds])
        self.mean, self.scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-3
        self.hidden, self.out = torch.nn.Linear(inputs.shape[1], 8), torch.nn.Linear(8, 1)
        torch.nn.init.zeros_(self.out.weight)
        torch.nn.init.zeros_(self.out.bias)

    def forward(self, world: World) -> torch.Tensor:
        """Return the probability of going in each frame of a world, (frames,)."""
        inputs = torch.tensor((world.inputs - self.mean) / self.scale, dtype=torch.float32)
        odds = torch.tensor(world.prior, dtype=torch.float32) + self.out(torch.tanh(self.hidden(inputs)))[:, 0]
        return torch.sigmoid(odds) * torch.tensor(world.may_go)


def advantages(world: World, goes: Floats) -> Floats:
    """Return how much more going brings than staying, times how often a frame is reached, (frames,).

    Args:
        world: The world.
        goes: The probability of going in each frame; episodes begin in all frames alike.
    """
    going = np.where(world.found_right, RIGHT, WRONG) - COST
    gains, reached = np.empty(len(goes)), np.empty(len(goes))
    value, visits = RIGHT if world.right[-1] else WRONG, 0.0
    for frame in reversed(range(len(goes))):
        staying = world.reward[frame] + DISCOUNT * value
        gains[frame] = going[frame] - staying
        value = goes[frame] * going[frame] + (1 - goes[frame]) * staying
    for frame in range(len(goes)):
        visits = 1 / FRAME_RATE_HZ + DISCOUNT * visits
        reached[frame], visits = visits, visits * (1 - goes[frame])
    return gains * reached


def learn(worlds: Sequence[World], *, steps: int = 150, seed: int = 0) -> JumpPolicy:
    """Learn a policy by its exact gradient, all worlds in each step."""
    torch.manual_seed(seed)
    policy = JumpPolicy(worlds)
    optimiser = torch.optim.AdamW(policy.parameters(), lr=1e-2, weight_decay=0.03)
    frames = sum(int(world.may_go.sum()) for world in worlds)
    for _ in range(steps):
        optimiser.zero_grad()
        for world in worlds:
            goes = policy(world)
            weight = torch.tensor(advantages(world, goes.detach().numpy()), dtype=torch.float32)
            (-(weight * goes).sum() / frames / 50).backward()
        optimiser.step()
    return policy


def play(world: World, odds: Floats) -> dict[str, int]:
    """Count false jumps, the player's jumps and those found within 2 and 5 s, where the agent goes at odds above 0.

    After a right jump the agent follows until the player jumps or the record's own agent is right again, after a wrong
    one it is lost for eight seconds. Then the record goes on; the agent goes again once the odds have been 0 or less.
    """
    counts = dict.fromkeys(("false", "jumps", "within 2 s", "within 5 s"), 0)
    state, until, missing, armed = "record", 0, -1, True
    for frame in range(len(odds)):
        if (state == "right" and (world.player_jumps[frame] or world.right[frame])) or (
            state == "wrong" and frame >= until
        ):
            state = "record"
        goes = bool(world.may_go[frame] and odds[frame] > 0)
        if state == "record" and goes and armed:
            counts["false"] += bool(world.right[frame] or not world.found_right[frame])
            state, until = ("right" if world.found_right[frame] else "wrong"), frame + 8 * FRAME_RATE_HZ
        armed = not goes
        if world.player_jumps[frame]:
            counts["jumps"], missing = counts["jumps"] + 1, frame
        if missing >= 0 and (state == "right" or (state == "record" and world.right[frame])):
            for seconds in (2, 5):
                counts[f"within {seconds} s"] += frame - missing <= seconds * FRAME_RATE_HZ
            missing = -1
    return counts


def _show(name: str, worlds: Sequence[World], odds: Sequence[Floats]) -> None:
    each = [play(world, some) for world, some in zip(worlds, odds, strict=True)]
    total = {key: sum(counts[key] for counts in each) for key in each[0]}
    hours = sum(len(world.reward) for world in worlds) / FRAME_RATE_HZ / 3600
    print(
        f"{name}: {total['false'] / hours:.1f} false jumps an hour; of {total['jumps']} jumps of the player "
        f"{total['within 2 s']} found within 2 s, {total['within 5 s']} within 5 s"
    )


def main(arguments: Sequence[str]) -> None:
    """Record a split, or learn from records."""
    if arguments[0] == "record":
        corpus, split, folder = arguments[1], arguments[2], Path(arguments[3])
        (folder / split).mkdir(parents=True, exist_ok=True)
        agent = load_agent("piano-human")
        for seed, piece in enumerate(open_corpus(corpus).pieces(split)):
            for kind, rows in record_piece(agent, piece, split, seed=seed).items():
                np.save(folder / split / f"{seed:03d}-{kind}.npy", rows)
        return
    worlds = {
        split: [make_world(np.load(path)) for path in sorted((Path(arguments[1]) / split).glob("*.npy"))]
        for split in ("train", "valid")
    }
    _show("the rule", worlds["valid"], [world.prior for world in worlds["valid"]])
    for seed in range(3):
        policy = learn(worlds["train"], seed=seed)
        with torch.no_grad():
            odds = [policy(world).numpy() - 0.7 for world in worlds["valid"]]
        _show(f"learned, seed {seed}", worlds["valid"], odds)


if __name__ == "__main__":
    main(sys.argv[1:])
