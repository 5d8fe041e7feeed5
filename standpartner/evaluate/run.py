"""Any agent or baseline on any split of a corpus: play, measure, report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import DEFAULT_AGENT, WindowAgent, find_agent, load_agent, load_player
from standpartner.corpus.store import Corpus
from standpartner.errors import ConfigError
from standpartner.evaluate.measures.episodes import Episode, play_runs
from standpartner.evaluate.measures.measures import evaluate_runs
from standpartner.evaluate.players.agents import AgentPlayer, Senses
from standpartner.evaluate.players.following import pursuit_episodes
from standpartner.evaluate.players.forward_filter import filter_episodes
from standpartner.evaluate.players.otw import peers_python, warp_episodes
from standpartner.evaluate.players.window_agents import window_runs
from standpartner.evaluate.sound import hear
from standpartner.game.players import ConstantSpeedPlayer, OraclePlayer, RandomPlayer, constant_speed
from standpartner.game.rules import NOTTINGHAM, PIANO, GameConfig, find_config
from standpartner.piece import Piece

BASELINES = ("oracle", "constant", "random", "filter", "otw", "follower")
GAME_OF_CORPUS = {"nottingham": NOTTINGHAM}


@dataclass(frozen=True)
class EvaluationConfig:
    """What to evaluate.

    Attributes:
        agent: name or folder of an agent, a baseline ("oracle", "constant", "random", "otw"), "filter" or
            "filter:AGENT" for the forward filter over an agent's ``locate``, "follower" or "follower:AGENT" for an
            agent as the follower uses it, with the search beside it.
        split: of the corpus.
        sound: setting in which the pieces are heard, see `standpartner.evaluate.sound.hear`.
        runs: 1 plays greedily; more draw the actions, each run with another seed. Where nothing is drawn there is one.
        game: name of the rules; by default those of the corpus.
        seed: of drawn actions and bootstrap.
        limit: at most so many pieces.
    """

    agent: str = DEFAULT_AGENT
    split: str = "valid"
    sound: str = "as-built"
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
    return find_config(name)


def agent_behind(player: str) -> str:
    """The agent that a player is or uses, or the default one beside which it is recorded."""
    if _uses_agent(player, "filter") or _uses_agent(player, "follower"):
        return player.partition(":")[2] or DEFAULT_AGENT
    return DEFAULT_AGENT if player in BASELINES else player


def _uses_agent(player: str, how: str) -> bool:
    return player.partition(":")[0] == how


def _check_player(player: str) -> None:
    """Raise what is missing before anything is rendered or played."""
    if player == "otw":
        peers_python()
    elif player not in BASELINES:
        find_agent(agent_behind(player))


def play_pieces(config: EvaluationConfig, pieces: Sequence[Piece], *, game: GameConfig) -> list[list[Episode]]:
    """All runs over all performances of some pieces, which are heard as they are."""
    runs = _play(config, pieces, game=game)
    scores = {track.name: piece.score for piece in pieces for track in piece.tracks()}
    return [
        [
            replace(
                episode,
                system_left_px=scores[episode.name].systems.strip_left_px,
                bar_left_px=scores[episode.name].measures.strip_left_px,
            )
            for episode in run
        ]
        for run in runs
    ]


def _play(config: EvaluationConfig, pieces: Sequence[Piece], *, game: GameConfig) -> list[list[Episode]]:
    if config.agent == "otw":
        return [warp_episodes(pieces, game=game)]
    tracks = [track for piece in pieces for track in piece.tracks()]
    if config.agent == "oracle":
        return play_runs(OraclePlayer(), tracks, config=game)
    if config.agent == "constant":
        return play_runs(ConstantSpeedPlayer(_constant_speeds(pieces)), tracks, config=game)
    if config.agent == "random":
        return play_runs(RandomPlayer(config.seed), tracks, config=game, runs=config.runs)
    if _uses_agent(config.agent, "filter"):
        return [filter_episodes(Senses(load_agent(agent_behind(config.agent)), tracks), tracks, game=game)]
    if _uses_agent(config.agent, "follower"):
        return [pursuit_episodes(load_agent(agent_behind(config.agent)), tracks, game=game)]
    agent = load_player(config.agent)
    seeds = [config.seed + run for run in range(config.runs)] if config.runs > 1 else []
    if isinstance(agent, WindowAgent):
        return window_runs(agent, tracks, game=game, seeds=seeds)
    player = AgentPlayer(Senses(agent, tracks), episodes=len(tracks) * config.runs, seeds=seeds)
    return play_runs(player, tracks, config=game, runs=config.runs)


def _constant_speeds(pieces: Sequence[Piece]) -> NDArray[np.float64]:
    """(performances,) strip px a frame, those of the notated tempos."""
    speeds = [constant_speed(piece.score.onsets.time_s, piece.score.onsets.x_px) for piece in pieces]
    return np.repeat(speeds, [len(piece.performances) for piece in pieces])


def evaluate(config: EvaluationConfig, corpus: Corpus) -> dict[str, Any]:
    """Evaluate and report.

    Returns:
        The measures of ``measures.evaluate_runs`` and ``runs`` with ``agent``, ``corpus``, ``split``, ``sound``,
        ``game``, ``seed``, ``limit`` and ``seconds`` (of playing and measuring); ready for JSON.

    Raises:
        ConfigError: a setting is out of range.
        CorpusError: the corpus is not built.
        AgentError: there is no such agent.
        MissingExtraError: a sound or pymatchmaker is not installed.
    """
    if config.runs < 1:
        raise ConfigError(f"expected at least one run, got {config.runs}")
    game = game_for(corpus.name, config.game)
    _check_player(config.agent)
    pieces = [hear(piece, config.sound) for piece in corpus.pieces(config.split, limit=config.limit)]
    start_s = time.monotonic()
    report = evaluate_runs(play_pieces(config, pieces, game=game), seed=config.seed)
    return report | {
        "agent": config.agent,
        "corpus": corpus.name,
        "split": config.split,
        "sound": config.sound,
        "game": game.name,
        "seed": config.seed,
        "limit": config.limit,
        "seconds": time.monotonic() - start_s,
    }
