"""The game for a person at the keyboard, in a browser: the page shows and asks, the server plays by the rules."""

from standpartner.evaluate.music import Music, piece_music
from standpartner.play.round import Round, play_round
from standpartner.play.server import PlayServer

__all__ = ["Music", "PlayServer", "Round", "piece_music", "play_round"]
