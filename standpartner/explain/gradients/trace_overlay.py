"""Computes integrated gradients along a trace as an overlay for videos, the viewer and pictures."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from standpartner.agent.bundle import Floats
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.activations.recording import replay_trace
from standpartner.explain.gradients.attribution import Attribution, AttributionConfig, attribute
from standpartner.explain.traces.panels import action_name
from standpartner.explain.traces.trace import Overlay, Trace
from standpartner.game.rules import GameConfig

_WHAT: Final = {
    "action": "{action}, the action taken",
    "other": "{action}, the runner-up",
    "value": "the value",
    "locate": "locate's likeliest column",
}


def explain_trace(
    network: ExplainedNetwork,
    trace: Trace,
    *,
    decisions: Sequence[int],
    config: AttributionConfig | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Overlay:
    """Explain some decisions of a trace, also where the agent is lost.

    If the network sees differences to the state before, the attribution of a pixel and that of its difference are added
    up, because both are of that pixel. What a read-once network sees beyond its window is left out.

    Args:
        network: The network of the trace's agent (``load_network``).
        trace: The trace.
        decisions: The decisions that are explained, rising; at least one.
        config: The settings of the attributions.
        progress: The function that is called after every decision with the number of explained decisions.

    Raises:
        AgentError: The network decides otherwise than the trace's agent did.
        ConfigError: The network has no ``locate`` to explain.
    """
    config = config or AttributionConfig()
    activations = replay_trace(network, trace, decisions=decisions[-1] + 1)
    maps, what = [], []
    for done, decision in enumerate(decisions, start=1):
        found = attribute(network, activations.select(slice(decision, decision + 1)), config)
        maps.append(_maps(found))
        what.append(_words(config.target, int(found.target[0]), trace.game))
        progress(done)
    score, spectrogram = (np.concatenate(column) for column in zip(*maps, strict=True))
    return Overlay(np.asarray(decisions, np.int64), score, spectrogram, tuple(what))


def _words(target: str, index: int, game: GameConfig) -> str:
    """Return a short description of the target; ``index`` is that of the action, if it is one."""
    return _WHAT[target].format(action=action_name(game.actions[index]) if target in ("action", "other") else "")


def _maps(found: Attribution) -> tuple[Floats, Floats]:
    """Return the maps of score (n, height, width) and spectrogram (n, frames, 78), differences added."""
    if found.score_difference is None or found.spectrogram_difference is None:
        return found.score, found.spectrogram
    return found.score + found.score_difference, found.spectrogram + found.spectrogram_difference
