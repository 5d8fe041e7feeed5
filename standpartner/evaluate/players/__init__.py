"""Holds players: all that plays the game or follows, with one protocol and by name."""

from standpartner.evaluate.players.agent_player import AgentPlayer, AgentPolicy, DecisionMaker
from standpartner.evaluate.players.episodes import play_episodes, play_runs
from standpartner.evaluate.players.localisation import localisation_episodes
from standpartner.evaluate.players.player import FollowedFrames, PlayConfig, Player
from standpartner.evaluate.players.registry import PLAYERS, agent_of_player, find_player, load_agent_player

__all__ = [
    "PLAYERS",
    "AgentPlayer",
    "AgentPolicy",
    "DecisionMaker",
    "FollowedFrames",
    "PlayConfig",
    "Player",
    "agent_of_player",
    "find_player",
    "load_agent_player",
    "localisation_episodes",
    "play_episodes",
    "play_runs",
]
