"""Any agent or baseline on any split of a corpus: play, measure, report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from standpartner.agent.bundle import DEFAULT_AGENT, WindowAgent, load_agent, load_player
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.agents import AgentPlayer, Senses
from standpartner.evaluate.episodes import Episode, play_episodes
from standpartner.evaluate.forward_filter import filter_episodes
from standpartner.evaluate.measures import evaluate_runs
from standpartner.evaluate.window_agents import window_runs
from standpartner.game.players import ConstantSpeedPlayer, OraclePlayer, Player, RandomPlayer, constant_speed
from standpartner.game.rules import CONFIGS, NOTTINGHAM, PIANO, GameConfig
from standpartner.game.tracks import Track
from standpartner.piece import Piece

BASELINES = ("oracle", "constant", "random", "filter")
GAME_OF_CORPUS = {"nottingham": NOTTINGHAM}


@dataclass(frozen=True)
class EvaluationConfig:
    """What to evaluate.

    Attributes:
        agent: name or folder of an agent, a baseline ("oracle", "constant", "random"), or "filter" or "filter:AGENT"
            for the forward filter over an agent's ``locate``.
        split: of the corpus.
        runs: 1 plays greedily; more draw the actions, each run with another seed.
        game: name of the rules; by default those of the corpus.
        seed: of drawn actions and bootstrap.
        limit: at most so many pieces.
    """

    agent: str = DEFAULT_AGENT
    split: str = "valid"
    runs: int = 1
    game: str | None = None
    seed: int = 0
    limit: int | None = None


def game_for(corpus: str, name: str | None) -> GameConfig:
    """The rules by name, or those that belong to a corpus.

    Raises:
        ConfigError: there are no such rules.
    """
    if name is None:
        return GAME_OF_CORPUS.get(corpus, PIANO)
    if name not in CONFIGS:
        raise ConfigError(f"no game {name!r}; expected one of {', '.join(CONFIGS)}")
    return CONFIGS[name]


def _player(agent: str, pieces: Sequence[Piece], tracks: Sequence[Track], seed: int) -> Player:
    """A baseline that needs no training."""
    if agent == "oracle":
        return OraclePlayer()
    if agent == "random":
        return RandomPlayer(seed)
    speeds = [
        constant_speed(piece.score.onsets.time_s, piece.score.onsets.x_px)
        for piece in pieces
        for _ in piece.performances
    ]
    return ConstantSpeedPlayer(np.array(speeds))


def play_runs(config: EvaluationConfig, pieces: Sequence[Piece], *, game: GameConfig) -> list[list[Episode]]:
    """All runs over all performances of some pieces."""
    tracks = [track for piece in pieces for track in piece.tracks()]
    seeds = [config.seed + run for run in range(config.runs)]
    if config.agent in BASELINES and config.agent != "filter":
        return [play_episodes(_player(config.agent, pieces, tracks, seed), tracks, config=game) for seed in seeds]
    kind, _, name = config.agent.partition(":")
    filtering = kind == "filter"
    agent = load_agent(name or DEFAULT_AGENT) if filtering else load_player(config.agent)
    if isinstance(agent, WindowAgent):
        return window_runs(agent, tracks, game=game, seeds=seeds)
    senses = Senses(agent, tracks)
    if filtering:
        return [filter_episodes(senses, tracks, game=game)]
    return [
        play_episodes(
            AgentPlayer(senses, episodes=len(tracks), seed=seed if config.runs > 1 else None), tracks, config=game
        )
        for seed in seeds
    ]


def evaluate(config: EvaluationConfig, corpus: Corpus) -> dict[str, Any]:
    """Evaluate and report.

    Returns:
        The measures of ``measures.evaluate_runs`` with ``agent``, ``corpus``, ``split``, ``game``, ``runs`` and
        ``seconds`` (of playing and measuring); ready for JSON.

    Raises:
        ConfigError: a setting is out of range.
        CorpusError: the corpus is not built.
        AgentError: there is no such agent.
    """
    if config.runs < 1:
        raise ConfigError(f"expected at least one run, got {config.runs}")
    game = game_for(corpus.name, config.game)
    pieces = list(corpus.pieces(config.split, limit=config.limit))
    start_s = time.monotonic()
    report = evaluate_runs(play_runs(config, pieces, game=game), seed=config.seed)
    return report | {
        "agent": config.agent,
        "corpus": corpus.name,
        "split": config.split,
        "game": game.name,
        "seconds": time.monotonic() - start_s,
    }
