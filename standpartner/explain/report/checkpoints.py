"""Loads the kept checkpoints of a training run and lets each of them play."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from standpartner.evaluate.players import load_agent_player
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.activations.registry import explained
from standpartner.explain.traces.trace import Trace, record_traces
from standpartner.game.rules import GameConfig, find_config
from standpartner.game.tracks import Track
from standpartner.learn.config import TrainConfig
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.export import export_bundle
from standpartner.piece import Piece

_LEARNT_TO_ACT: Final = ("imitate", "ppo", "a2c", "reinforce")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A kept checkpoint and the traces of its play.

    Attributes:
        name: The name of its file.
        words: The stage and step that it was made at.
        traces: The traces, one for each piece.
        network: The network that played them.
    """

    name: str
    words: str
    traces: tuple[Trace, ...]
    network: ExplainedNetwork


def play_checkpoints(
    folder: Path,
    config: TrainConfig,
    pieces: Sequence[Piece],
    *,
    progress: Callable[[str], object] = lambda words: None,
) -> list[Checkpoint]:
    """Let every kept checkpoint that has learnt to act play the first performance of some pieces, greedily.

    Args:
        folder: The folder of the run.
        config: The configuration of the run.
        pieces: The pieces that are played.
        progress: The function that is called with words that say what is done now.

    Returns:
        The checkpoints in the order of the run, the best one last; none if nothing has learnt to act yet.
    """
    tracks = [piece.tracks()[0] for piece in pieces]
    kept = []
    for name in (*config.stages, "checkpoint", "best"):
        path = folder / f"{name}.safetensors"
        if not path.is_file():
            continue
        network, info, _ = load_checkpoint(path)
        stage, step = info["stage"], info["step"]
        twice = name == "checkpoint" and (folder / f"{stage}.safetensors").is_file()
        if twice or stage not in _LEARNT_TO_ACT:
            continue
        progress(f"playing {name}")
        played = explained(network)
        rules = played.rules(find_config(getattr(config, stage).episode.game))
        kept.append(Checkpoint(name, f"{stage}, step {step}", _traces(name, played, tracks, rules), played))
    return kept


def _traces(name: str, network: ExplainedNetwork, tracks: Sequence[Track], rules: GameConfig) -> tuple[Trace, ...]:
    """Let a network play as its agent does, exported to a bundle."""
    with TemporaryDirectory() as bundle:
        export_bundle(network.network, Path(bundle), about={"name": name})
        return tuple(record_traces(load_agent_player(bundle), tracks, game=rules))
