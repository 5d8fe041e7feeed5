"""Records what networks compute while they play the game."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from standpartner.errors import AgentError
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.traces.trace import PLAYED_AT_ONCE, Trace
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track

_PROBABILITY_TOLERANCE: Final = 0.001  # PyTorch and ONNX Runtime round differently, but by less than this


def record_activations(
    network: ExplainedNetwork, tracks: Sequence[Track], *, game: GameConfig
) -> Iterator[Activations]:
    """Let a network play every track once, taking the most probable action, until it is lost or has finished.

    Args:
        network: The network of an agent that acts.
        tracks: The tracks, each of which is one episode.
        game: The rules.

    Yields:
        The activations of each track, in the tracks' order.

    Raises:
        ConfigError: The network sees other windows than the game shows.
    """
    for start in range(0, len(tracks), PLAYED_AT_ONCE):
        some = tracks[start : start + PLAYED_AT_ONCE]
        yield from _play(network, BatchedGame(some, game, n_episodes=len(some)))


def replay_trace(network: ExplainedNetwork, trace: Trace, *, decisions: int) -> Activations:
    """Play a trace again with its own actions, so that the network is where the trace's agent was.

    Args:
        network: The network of the trace's agent.
        trace: The trace; it is replayed also where its agent is lost.
        decisions: The number of decisions that are replayed, from the first on.

    Raises:
        AgentError: The network decides otherwise than the trace's agent did.
        ConfigError: The network sees other windows than the game shows.
    """
    game = BatchedGame([trace.track], trace.game, stop_when_lost=False)
    (activations,) = _play(network, game, taken=trace.taken[:decisions])
    probability = torch.from_numpy(activations.logits).softmax(1).numpy()
    apart = np.abs(probability - trace.action[:decisions]).max(axis=1)
    if apart.max() > _PROBABILITY_TOLERANCE:
        raise AgentError(
            f"expected weights that decide as the agent's ONNX graphs do, but their probabilities differ by up to "
            f"{apart.max():.2f}, most in frame {activations.frame[apart.argmax()]}; "
            "export the agent from its weights again"
        )
    return activations


def _play(network: ExplainedNetwork, game: BatchedGame, *, taken: IntArray | None = None) -> list[Activations]:
    """Play an episode of each of the game's tracks; ``taken``, (decisions,), fixes the actions of a single one."""
    actor, count = network.actor(game), game.n_episodes
    game.reset(np.arange(count), np.arange(count))
    memory = actor.empty_memory(count)
    kept: list[tuple[npt.NDArray, ...]] = []
    embeddings: list[torch.Tensor] = []
    hook = network.action_head.register_forward_pre_hook(lambda _, inputs: embeddings.append(inputs[0]))
    actor.prepare()
    try:
        while game.running.any() and (taken is None or len(kept) < len(taken)):
            running = np.flatnonzero(game.running)
            now = running, game.frame[running], game.position_px[running], game.speed[running]
            acted = actor.act(game, memory[running], which=running)
            computed = memory[running], embeddings.pop(), acted.logits, acted.value
            kept.append((*now, *(values.numpy() for values in computed)))
            memory[running] = acted.memory
            actions = np.zeros(count, np.int64)
            actions[running] = acted.logits.argmax(1).numpy() if taken is None else taken[len(kept) - 1]
            game.step(actions)
    finally:
        hook.remove()
    episode, *columns = (np.concatenate(column) for column in zip(*kept, strict=True))
    return [Activations(track, *(column[episode == k] for column in columns)) for k, track in enumerate(game.tracks)]
