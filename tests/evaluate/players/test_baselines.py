"""Baselines that lack a sense."""

import numpy as np

from standpartner.evaluate.players.baselines import BlindPlayer, DeafPlayer
from standpartner.evaluate.players.player import PlayConfig
from standpartner.game import PIANO, ramp_track


class Witness:
    """An agent that keeps the tracks it is to play."""

    name = "witness"

    def play_tracks(self, tracks, config):
        self.tracks = tracks
        return [[]]


def test_a_deaf_agent_hears_nothing_and_a_blind_one_sees_nothing():
    track, config = ramp_track(), PlayConfig(game=PIANO)
    for kind, kept, lost, nothing in (
        (DeafPlayer, "strip", "spectrogram", 0),
        (BlindPlayer, "spectrogram", "strip", 255),
    ):
        agent = Witness()
        player = kind(agent)
        assert player.name == f"{player.sense}:witness"
        assert player.play_tracks([track], config) == [[]]
        (played,) = agent.tracks
        assert (getattr(played, lost) == nothing).all()
        assert getattr(played, lost).shape == getattr(track, lost).shape
        assert getattr(played, kept) is getattr(track, kept)
        np.testing.assert_array_equal(played.targets, track.targets)
