"""Evaluates a player on a split of a corpus."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from standpartner.agent.find import DEFAULT_AGENT
from standpartner.corpus.store import Corpus
from standpartner.evaluate.measures import Episode, evaluate_runs
from standpartner.evaluate.players import PlayConfig, Player, find_player
from standpartner.evaluate.sound import piece_in_setting
from standpartner.follow.pursuit import IN_PICTURES, PursuitConfig
from standpartner.game.rules import NOTTINGHAM, PIANO, GameConfig, find_config
from standpartner.piece import Piece

GAME_OF_CORPUS: Final = {"nottingham": NOTTINGHAM}
PURSUIT_OF_CORPUS: Final = {"prints": IN_PICTURES}


@dataclass(frozen=True)
class EvaluationConfig:
    """The player, the pieces and the rules of an evaluation.

    Attributes:
        agent: The name of a player, see `standpartner.evaluate.players.find_player`.
        split: The split of the corpus.
        sound: The setting in which the pieces are heard, see `standpartner.evaluate.sound.piece_in_setting`.
        runs: The number of runs. With 1 a player acts greedily; with more it draws the actions, each run with another
            seed. Where nothing is drawn there is one run.
        game: The name of the rules; by default they are those of the corpus.
        seed: The seed of drawn actions and of the bootstrap.
        limit: The largest number of pieces that are played; None plays all.
    """

    agent: str = DEFAULT_AGENT
    split: str = "valid"
    sound: str = "as-built"
    runs: int = 1
    game: str | None = None
    seed: int = 0
    limit: int | None = None


def game_for(corpus: str, name: str | None) -> GameConfig:
    """Return the rules by their name, or those that belong to a corpus.

    Args:
        corpus: The name of the corpus.
        name: The name of the rules; None for those of the corpus.

    Raises:
        ConfigError: There are no such rules.
    """
    if name is None:
        return GAME_OF_CORPUS.get(corpus, PIANO)
    return find_config(name)


def play_pieces(player: Player, pieces: Sequence[Piece], config: PlayConfig) -> list[list[Episode]]:
    """Play all runs over all performances of some pieces, and record where their systems and bars are.

    Args:
        player: The player.
        pieces: The pieces in the setting in which they are heard.
        config: The rules and the runs.
    """
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
        for run in player.play(pieces, config)
    ]


def evaluate(config: EvaluationConfig, corpus: Corpus) -> dict[str, Any]:
    """Evaluate a player on a split of a corpus.

    Args:
        config: The settings of the evaluation.
        corpus: The corpus, which has to be built.

    Returns:
        The measures of ``measures.evaluate_runs`` and ``runs`` with ``agent``, ``corpus``, ``split``, ``sound``,
        ``game``, ``seed``, ``limit`` and ``seconds`` (of playing and measuring); ready for JSON.

    Raises:
        ConfigError: A setting is out of range, or there is no such player.
        CorpusError: The corpus is not built.
        AgentError: The agent is damaged or of a kind that the player cannot use.
        MissingExtraError: A soundfont, a synthesiser or pymatchmaker is not installed.
    """
    pursuit = PURSUIT_OF_CORPUS.get(corpus.name, PursuitConfig())
    play = PlayConfig(game=game_for(corpus.name, config.game), runs=config.runs, seed=config.seed, pursuit=pursuit)
    player = find_player(config.agent)  # raises before anything is rendered if something is missing
    pieces = [piece_in_setting(piece, config.sound) for piece in corpus.pieces(config.split, limit=config.limit)]
    start_s = time.monotonic()
    report = evaluate_runs(play_pieces(player, pieces, play), seed=config.seed)
    return report | {
        "agent": config.agent,
        "corpus": corpus.title,
        "split": config.split,
        "sound": config.sound,
        "game": play.game.name,
        "seed": config.seed,
        "limit": config.limit,
        "seconds": time.monotonic() - start_s,
    }
