"""Lets a person play the game in a browser. The page shows the game, and the server plays by the rules."""

from standpartner.evaluate.sound import AudibleTrack, audible_track
from standpartner.play.round import Round, play_round
from standpartner.play.server import PlayServer

__all__ = ["AudibleTrack", "PlayServer", "Round", "audible_track", "play_round"]
