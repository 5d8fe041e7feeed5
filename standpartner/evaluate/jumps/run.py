"""Evaluates an agent on performances with jumps of the pieces of a corpus's split."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import TEST_STYLE, VALID_STYLE
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.jumps.performances import JumpPerformance, perform_passages, plan_passages
from standpartner.evaluate.jumps.recovery import evaluate_recovery
from standpartner.evaluate.jumps.repeats import annotated_repeats, ordered_passages, signed_passages
from standpartner.evaluate.players import find_player
from standpartner.evaluate.run import PURSUIT_OF_CORPUS
from standpartner.perform import PerformanceStyle
from standpartner.piece import Piece


@dataclass(frozen=True)
class JumpEvaluationConfig:
    """The player, the kind of jumps and the pieces of an evaluation with jumps.

    Attributes:
        agent: The name of a player that follows: "follower" or "follower:AGENT" follows with the search beside the
            agent; the name or folder of an agent alone leaves it to itself.
        jumps: The kind of jumps: "repeats" where repeats are annotated, "signs" where the score's own signs say
            (`standpartner.evaluate.jumps.repeats`), "random" or "sections"
            (`standpartner.evaluate.jumps.performances.plan_passages`).
        split: The split of the corpus.
        seed: The seed of the jumps and of the bootstrap.
        limit: The largest number of pieces that are played; None plays all.
    """

    agent: str
    jumps: str = "random"
    split: str = "valid"
    seed: int = 0
    limit: int | None = None


def style_of(split: str) -> PerformanceStyle:
    """Return the style of performances with jumps: test pieces as written on the tests' piano, others freely."""
    return TEST_STYLE if split == "test" else VALID_STYLE


def play_with_jumps(
    piece: Piece, kind: str, *, style: PerformanceStyle, seed: int = 0, corpus: str = ""
) -> JumpPerformance | None:
    """Perform a piece with jumps, drawn by its name; None if it is too short for one or has no repeats.

    Args:
        piece: The piece that is played.
        kind: The kind of jumps: "repeats", "signs", "random" or "sections".
        style: The style in which it is played.
        seed: The seed of the jumps.
        corpus: The name of the piece's corpus, for "repeats".

    Raises:
        ConfigError: There is no such kind, or the repeats of this corpus are not annotated.
    """
    if kind == "repeats":
        bars, order = annotated_repeats(corpus).get(piece.name, (0, ()))
        passages = ordered_passages(piece.score, bars, order=order)
    elif kind == "signs":
        passages = signed_passages(piece.score)
    else:
        passages = plan_passages(kind, piece.score, seed=seed_of(piece.name, kind, str(seed)))
    if len(passages) < 2:
        return None
    own = seed_of(piece.name, kind, str(seed), "played")
    return perform_passages(piece.score, passages, style=style, seed=own, name=piece.name)


def performances_with_jumps(config: JumpEvaluationConfig, corpus: Corpus) -> Iterator[JumpPerformance]:
    """Perform each piece of the split that is long enough for a jump or has repeats."""
    style = style_of(config.split)
    for piece in corpus.pieces(config.split, limit=config.limit):
        performance = play_with_jumps(piece, config.jumps, style=style, seed=config.seed, corpus=corpus.name)
        if performance is not None:
            yield performance


def evaluate_jumps(config: JumpEvaluationConfig, corpus: Corpus) -> dict[str, Any]:
    """Evaluate a player on performances with jumps.

    Args:
        config: The settings of the evaluation.
        corpus: The corpus, which has to be built.

    Returns:
        The measures of ``recovery.evaluate_recovery`` with ``agent``, ``corpus``, ``split``, ``jumps_kind``, ``seed``,
        ``limit`` and ``seconds`` (of performing, following and measuring); ready for JSON.

    Raises:
        ConfigError: There is no such kind of jumps, no piece has one, or the player cannot follow them.
        CorpusError: The corpus is not built.
        AgentError: The agent is damaged or cannot follow.
        MissingExtraError: A soundfont or a synthesiser is not installed.
    """
    start_s = time.monotonic()
    player, pursuit = find_player(config.agent), PURSUIT_OF_CORPUS.get(corpus.name)
    played, followed = [], []
    for performance in performances_with_jumps(config, corpus):
        followed.append(player.follow(performance, pursuit))  # at once, so that one who cannot says so after the first
        played.append(performance)
    if not played:
        raise ConfigError(
            f"no piece of {corpus.title} {config.split} has room for jumps ({config.jumps}); "
            "choose other jumps or another split"
        )
    return evaluate_recovery(played, followed, seed=config.seed) | {
        "agent": config.agent,
        "corpus": corpus.title,
        "split": config.split,
        "jumps_kind": config.jumps,
        "seed": config.seed,
        "limit": config.limit,
        "seconds": time.monotonic() - start_s,
    }
