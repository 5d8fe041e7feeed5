"""Finds players by name. New kinds of players go into `PLAYERS`, new kinds of networks into `PLAYER_OF_NETWORK`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from standpartner.agent.bundle import Agent, WindowAgent, load_agent
from standpartner.agent.config import NetworkConfig, WindowNetworkConfig, network_config
from standpartner.agent.description import read_description
from standpartner.agent.find import DEFAULT_AGENT, bundled_agents, find_agent
from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.players.agent_player import AgentPlayer
from standpartner.evaluate.players.baselines import (
    BlindPlayer,
    ConstantSpeedPlayer,
    DeafPlayer,
    OraclePlayer,
    RandomPlayer,
)
from standpartner.evaluate.players.follower import FollowerPlayer
from standpartner.evaluate.players.forward_filter import ForwardFilterPlayer
from standpartner.evaluate.players.online_time_warping import OnlineTimeWarpingPlayer
from standpartner.evaluate.players.own_policy import OwnPolicyPlayer
from standpartner.evaluate.players.player import Player
from standpartner.evaluate.players.read_once import ReadOncePlayer
from standpartner.evaluate.players.window import window_player


@dataclass(frozen=True)
class PlayerKind:
    """A kind of player that has a name of its own.

    Attributes:
        make: The function that makes the player from the name of an agent; a kind that takes no agent ignores the name.
        takes_agent: Whether the name may go on with a colon and an agent, as in ``filter:piano``.
    """

    make: Callable[[str], Player]
    takes_agent: bool = False


PLAYERS: Final[dict[str, PlayerKind]] = {
    "oracle": PlayerKind(lambda _: OraclePlayer()),
    "constant": PlayerKind(lambda _: ConstantSpeedPlayer()),
    "random": PlayerKind(lambda _: RandomPlayer()),
    "otw": PlayerKind(lambda _: OnlineTimeWarpingPlayer()),
    "filter": PlayerKind(lambda agent: ForwardFilterPlayer(load_agent(agent)), takes_agent=True),
    "deaf": PlayerKind(lambda agent: DeafPlayer(load_agent_player(agent)), takes_agent=True),
    "blind": PlayerKind(lambda agent: BlindPlayer(load_agent_player(agent)), takes_agent=True),
    "follower": PlayerKind(lambda agent: FollowerPlayer(load_agent(agent)), takes_agent=True),
}
OWN_POLICY: Final = "policy:"
"""What comes before the path of a Python file that holds a policy of the user's own."""
PLAYER_OF_NETWORK: Final[dict[str, Callable[[Any], AgentPlayer]]] = {
    NetworkConfig.kind: lambda folder: ReadOncePlayer(Agent(folder)),
    WindowNetworkConfig.kind: lambda folder: window_player(WindowAgent(folder)),
}


def find_player(name: str) -> Player:
    """Return a player by its name, loaded and ready.

    Args:
        name: The name: a key of `PLAYERS`, followed by ``:AGENT`` where the kind takes an agent (the default agent if
            this is left out), the name or the folder of an agent, which then plays the game itself, or
            ``policy:FILE.py``; see `OwnPolicyPlayer`.

    Raises:
        ConfigError: There is no such player.
        AgentError: The agent is damaged or of a kind that the player cannot use.
        MissingExtraError: A package that the player needs is not installed.
    """
    if name.startswith(OWN_POLICY):
        return OwnPolicyPlayer(Path(name.removeprefix(OWN_POLICY)))
    kind, agent = _parsed(name)
    if kind is not None:
        return kind.make(agent)
    return load_agent_player(agent)


def agent_of_player(name: str) -> str:
    """Return the agent that a player is or uses, or the default one, in whose model card its results are recorded.

    Raises:
        ConfigError: There is no such player, or it is a policy of the user's own, which has no model card.
    """
    if name.startswith(OWN_POLICY):
        raise ConfigError(f"{name} has no model card to record in; leave --record out and keep the report by --json")
    kind, agent = _parsed(name)
    return DEFAULT_AGENT if kind is not None and not kind.takes_agent else agent


def load_agent_player(name_or_path: str) -> AgentPlayer:
    """Load an agent with any kind of network as a player of the game.

    Raises:
        AgentError: There is no such agent, or it is damaged.
    """
    folder = find_agent(name_or_path)
    return PLAYER_OF_NETWORK[network_config(read_description(folder)["network"]).kind](folder)


def _parsed(name: str) -> tuple[PlayerKind | None, str]:
    """Split a name into the kind of player, None for an agent itself, and the name of the agent."""
    head, colon, agent = name.partition(":")
    kind = PLAYERS.get(head)
    if kind is not None and (kind.takes_agent or not colon):
        _check_agent(agent or DEFAULT_AGENT, name)
        return kind, agent or DEFAULT_AGENT
    _check_agent(name, name)
    return None, name


def _check_agent(agent: str, player: str) -> None:
    try:
        find_agent(agent)
    except AgentError:
        named = [f"{head}[:AGENT]" if kind.takes_agent else head for head, kind in PLAYERS.items()]
        named.append(f"{OWN_POLICY}FILE.py")
        raise ConfigError(
            f"no player {player!r}; expected one of {', '.join(named)}, an agent ({', '.join(bundled_agents())}) or "
            "a folder with an agent.json"
        ) from None
