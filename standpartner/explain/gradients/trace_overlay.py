"""Integrated gradients along a trace, as an overlay that videos, viewer and pictures lay over what they show."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from standpartner.agent.bundle import Floats
from standpartner.explain.gradients.attribution import Attribution, AttributionConfig, attribute
from standpartner.explain.replay import retrace
from standpartner.explain.traces.panels import action_name
from standpartner.explain.traces.trace import Overlay, Trace
from standpartner.game.rules import GameConfig
from standpartner.networks.checkpoint import AnyNetwork

_WHAT: Final = {
    "action": "{action}, the action taken",
    "other": "{action}, the runner-up",
    "value": "the value",
    "locate": "locate's likeliest column",
}


def explain_trace(
    network: AnyNetwork,
    trace: Trace,
    *,
    decisions: Sequence[int],
    config: AttributionConfig | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Overlay:
    """Explain some decisions of a trace, also where the agent is lost.

    Of a network that sees differences to the state before, what a pixel said by itself and what its difference said are
    added up: both are of that pixel. What a read-once network sees beyond its window is left out.

    Args:
        network: that of the trace's agent (``load_network``), its weights without gradients.
        trace: the episode.
        decisions: at least one, rising.
        config: what is explained.
        progress: told after every decision how many are explained.

    Raises:
        AgentError: the network decides otherwise than the trace's agent did.
        ConfigError: the network has no ``locate`` to explain.
    """
    config = config or AttributionConfig()
    moments = retrace(network, trace, decisions=decisions[-1] + 1)
    maps, what = [], []
    for done, decision in enumerate(decisions, start=1):
        found = attribute(network, moments.part(slice(decision, decision + 1)), config)
        maps.append(_maps(found))
        what.append(_words(config.target, int(found.target[0]), trace.game))
        progress(done)
    score, spectrogram = (np.concatenate(column) for column in zip(*maps, strict=True))
    return Overlay(np.asarray(decisions, np.int64), score, spectrogram, tuple(what))


def _words(target: str, index: int, game: GameConfig) -> str:
    """What is explained; ``index`` is that of the action where it is one."""
    return _WHAT[target].format(action=action_name(game.actions[index]) if target in ("action", "other") else "")


def _maps(found: Attribution) -> tuple[Floats, Floats]:
    """Score (n, height, width) and spectrogram (n, frames, 78), differences added."""
    if found.score_difference is None or found.spectrogram_difference is None:
        return found.score, found.spectrogram
    return found.score + found.score_difference, found.spectrogram + found.spectrogram_difference
