"""An agent on performances with jumps of a split of a corpus: play, measure, report."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from standpartner.agent.bundle import load_agent
from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import TEST_STYLE, VALID_STYLE
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import JumpPerformance, perform_passages, plan_passages
from standpartner.evaluate.jumps.recovery import evaluate_recovery
from standpartner.evaluate.jumps.repeats import annotated_repeats, ordered_passages
from standpartner.evaluate.players.following import pursue_jumps
from standpartner.evaluate.run import agent_behind
from standpartner.follow.pursuit import PursuitConfig
from standpartner.perform import PerformanceStyle
from standpartner.piece import Piece


@dataclass(frozen=True)
class JumpEvaluationConfig:
    """What to evaluate.

    Attributes:
        agent: "follower" or "follower:AGENT" follows with the search beside the agent; the name or folder of an agent
            alone leaves it to itself.
        jumps: "repeats" where repeats are annotated (`standpartner.evaluate.jumps.repeats`), "random" or "sections"
            (`standpartner.evaluate.jumps.performances.plan_passages`).
        split: of the corpus.
        seed: of the jumps and the bootstrap.
        limit: at most so many pieces.
    """

    agent: str
    jumps: str = "random"
    split: str = "valid"
    seed: int = 0
    limit: int | None = None


def style_of(split: str) -> PerformanceStyle:
    """How performances with jumps are played: test pieces as written, on the tests' piano, others with feeling."""
    return TEST_STYLE if split == "test" else VALID_STYLE


def play_with_jumps(
    piece: Piece, kind: str, *, style: PerformanceStyle, seed: int = 0, corpus: str = ""
) -> JumpPerformance | None:
    """A performance of a piece with jumps, drawn by its name; None if it is too short for one or has no repeats.

    Args:
        piece: what is played.
        kind: "repeats", "random" or "sections".
        style: how freely.
        seed: of the jumps.
        corpus: of the piece, for "repeats".

    Raises:
        ConfigError: there is no such kind, or the repeats of this corpus are not annotated.
    """
    if kind == "repeats":
        bars, order = annotated_repeats(corpus).get(piece.name, (0, ()))
        passages = ordered_passages(piece.score, bars, order=order)
    else:
        passages = plan_passages(kind, piece.score, seed=seed_of(piece.name, kind, str(seed)))
    if len(passages) < 2:
        return None
    own = seed_of(piece.name, kind, str(seed), "played")
    return perform_passages(piece.score, passages, style=style, seed=own, name=piece.name)


def performances_with_jumps(config: JumpEvaluationConfig, corpus: Corpus) -> Iterator[JumpPerformance]:
    """One for each piece of the split that has room for a jump, or repeats."""
    style = style_of(config.split)
    for piece in corpus.pieces(config.split, limit=config.limit):
        performance = play_with_jumps(piece, config.jumps, style=style, seed=config.seed, corpus=corpus.name)
        if performance is not None:
            yield performance


def evaluate_jumps(config: JumpEvaluationConfig, corpus: Corpus) -> dict[str, Any]:
    """Evaluate and report.

    Returns:
        The measures of ``recovery.evaluate_recovery`` with ``agent``, ``corpus``, ``split``, ``jumps_kind``, ``seed``,
        ``limit`` and ``seconds`` (of performing, following and measuring); ready for JSON.

    Raises:
        ConfigError: there is no such kind of jumps, or no piece has one.
        CorpusError: the corpus is not built.
        AgentError: there is no such agent, or it cannot follow.
        MissingExtraError: a soundfont or a synthesiser is not installed.
    """
    start_s = time.monotonic()
    agent = load_agent(agent_behind(config.agent))
    settings = PursuitConfig(jump=config.agent.partition(":")[0] == "follower")
    played = list(performances_with_jumps(config, corpus))
    if not played:
        raise ConfigError(
            f"no piece of {corpus.name} {config.split} has room for jumps ({config.jumps}); "
            "choose other jumps or another split"
        )
    pursued = [pursue_jumps(agent, performance, config=settings) for performance in played]
    return evaluate_recovery(played, pursued, seed=config.seed) | {
        "agent": config.agent,
        "corpus": corpus.name,
        "split": config.split,
        "jumps_kind": config.jumps,
        "seed": config.seed,
        "limit": config.limit,
        "seconds": time.monotonic() - start_s,
    }
