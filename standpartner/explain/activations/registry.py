"""Prepares networks of each kind for explanations, from a network or from an agent's name."""

from collections.abc import Callable
from typing import Any, Final

from standpartner.agent.find import find_agent
from standpartner.errors import AgentError
from standpartner.explain.activations.explained_network import ExplainedNetwork
from standpartner.explain.activations.read_once import ExplainedReadOnceNetwork
from standpartner.explain.activations.window import ExplainedWindowNetwork
from standpartner.networks.checkpoint import AnyNetwork, load_checkpoint
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork

_KINDS: Final[dict[type, Callable[[Any], ExplainedNetwork]]] = {
    ReadOnceNetwork: ExplainedReadOnceNetwork,
    WindowNetwork: ExplainedWindowNetwork,
}


def explained(network: AnyNetwork) -> ExplainedNetwork:
    """Prepare a network for explanations: it is put into evaluation mode, and its weights need no gradients."""
    return _KINDS[type(network)](network.eval().requires_grad_(False))


def load_network(agent: str) -> ExplainedNetwork:
    """Load the PyTorch network of an agent that acts, by the agent's name or folder.

    Raises:
        AgentError: There is no such agent, its weights are missing or damaged, or it takes no actions.
    """
    network = explained(load_checkpoint(find_agent(agent) / "weights.safetensors")[0])
    if not network.acts:
        raise AgentError(f"agent {agent} says where the music is but takes no actions; choose one that acts")
    return network
