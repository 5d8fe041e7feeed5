"""Records the training pieces of corpora and learns from them when to jump."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.description import read_description
from standpartner.agent.jump_policy import JumpPolicy
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError, OutputError
from standpartner.learn.jumps.fit import fit_policy, probability_of_going
from standpartner.learn.jumps.record import COLUMNS, record_piece
from standpartner.learn.jumps.returns import World, make_world, returns, side_by_side
from standpartner.piece import load_piece
from standpartner.support.cache import cache_folder
from standpartner.support.files import DAMAGED_ARCHIVE, make_folder, replacing

_VERSION: Final = 2  # raise this with every change of what is recorded

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JumpLearning:
    """The agent, the pieces and the settings with which a decision on jumps is learned.

    Attributes:
        agent: The name or folder of an agent that follows.
        limit: The largest number of training pieces of each corpus; None takes all.
        seed: The seed of the performances, the jumps and the first weights.
        steps: The number of steps.
        threshold: The probability of going above which the follower goes, between 0 and 1; it changes nothing in the
            weights that are learned.
        records: The folder in which records are kept, so that an interrupted command goes on; None stands for one in
            the cache folder.

    Raises:
        ConfigError: The threshold is not between 0 and 1.
    """

    agent: str
    limit: int | None = None
    seed: int = 0
    steps: int = 150
    threshold: float = JumpPolicy.threshold
    records: Path | None = None

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ConfigError(f"threshold: expected a number between 0 and 1, got {self.threshold}")


@dataclass(frozen=True, eq=False)
class LearnedJumps:
    """A learned decision and what it brings on the records it was learned from.

    Attributes:
        policy: The weights.
        pieces: The number of pieces.
        hours: The hours of performances that were recorded.
        by_rule: The mean return from each frame on where the rule decides; at most 100.
        learned: The mean return where the policy decides.
    """

    policy: JumpPolicy
    pieces: int
    hours: float
    by_rule: float
    learned: float


def learn_jumps(
    config: JumpLearning, corpora: Sequence[Corpus], *, progress: Callable[[int, int], None] | None = None
) -> LearnedJumps:
    """Record training pieces, unless they were recorded before, and learn when to jump.

    Args:
        config: The settings.
        corpora: The corpora, whose training pieces have to be built.
        progress: Told after each piece how many of how many are recorded.

    Raises:
        ConfigError: The records hold no frame in which there is another place to go to.
        CorpusError: No training piece of a corpus is built.
        AgentError: There is no such agent, or it cannot follow.
        MissingExtraError: A soundfont or a synthesiser is not installed.
        OutputError: The records cannot be kept.
    """
    agent = load_agent(config.agent)
    folders = [corpus.piece_folder(name) for corpus in corpora for name in corpus.names("train", limit=config.limit)]
    recorded = record_pieces(agent, folders, config=config, progress=progress)
    records = [rows for piece in recorded for rows in piece]
    world = side_by_side([make_world(rows) for rows in records])
    if not world.may_go.any():
        raise ConfigError(f"in the records of {len(folders)} pieces there is never another place to go to; take more")
    policy = replace(fit_policy(world, steps=config.steps, seed=config.seed), threshold=config.threshold)
    learned = probability_of_going(world, world.rule_odds + policy.correction(world.inputs)) > policy.threshold
    hours = sum(map(len, records)) / FRAME_RATE_HZ / 3600
    by_rule = _mean_return(world, probability_of_going(world, world.rule_odds) > 0.5)
    return LearnedJumps(policy, len(folders), hours, by_rule=by_rule, learned=_mean_return(world, learned))


def record_pieces(
    agent: Agent,
    folders: Sequence[Path],
    *,
    config: JumpLearning,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[Floats]]:
    """Return the records of the pieces in some folders, made now or before; see `record_piece`.

    Args:
        agent: The agent that follows.
        folders: The folders of the pieces.
        config: The settings, of which the seed and the folder of the records are used.
        progress: Told after each piece how many of how many are recorded.

    Raises:
        AgentError: The agent cannot follow.
        MissingExtraError: A soundfont or a synthesiser is not installed.
        OutputError: The records cannot be kept.
    """
    kept_in = _folder_of_records(config, agent)
    records = []
    for number, folder in enumerate(folders, start=1):
        records.append(_recorded(agent, folder, kept_in, seed=config.seed))
        if progress:
            progress(number, len(folders))
    return records


def _mean_return(world: World, goes: NDArray[np.bool_]) -> float:
    return float(returns(world, goes.astype(np.float64))[0][~world.before].mean())


def _folder_of_records(config: JumpLearning, agent: Agent) -> Path:
    """Return the folder of the records of an agent with a seed, and make it."""
    made_with = [_VERSION, config.seed, COLUMNS, read_description(agent.folder)["sha256"]]
    key = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:16]
    folder = (config.records or cache_folder() / "jump_records") / key
    make_folder(folder)
    return folder


def _recorded(agent: Agent, folder: Path, kept_in: Path, *, seed: int) -> list[Floats]:
    """Return the records of a piece, which are kept in a file; a damaged one is made again."""
    summary = (folder / "piece.json").read_bytes()
    path = kept_in / f"{folder.name}-{hashlib.sha256(summary).hexdigest()[:8]}.npz"
    with suppress(*DAMAGED_ARCHIVE), path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return [kept[name] for name in sorted(kept.files)]
    records = record_piece(agent, load_piece(folder), seed=seed)
    try:
        with replacing(path) as draft:
            np.savez_compressed(draft, allow_pickle=False, **{f"record_{n}": rows for n, rows in enumerate(records)})
    except OSError as error:
        raise OutputError(f"cannot keep records in {kept_in}: {error}; free space or choose another folder") from error
    return records
