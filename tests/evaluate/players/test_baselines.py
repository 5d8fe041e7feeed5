"""Baselines that lack a sense."""

from dataclasses import replace

import numpy as np

from standpartner.evaluate.players.baselines import BlindPlayer, ConstantSpeedPlayer, DeafPlayer
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


def test_a_constant_speed_is_that_of_the_piece_in_each_of_its_passages(tiny_pieces):
    first, second = tiny_pieces
    played = first.performances[0]
    order = np.array([*range(10), *range(len(played.onset_s))])
    onset_s = played.onset_s[0] + 0.3 * np.arange(len(order))
    sound = np.zeros((int(20 * onset_s[-1]) + 20, 78), np.float32)
    repeating = replace(first, performances=(replace(played, onset_s=onset_s, order=order, spectrogram=sound),))
    (alone,) = ConstantSpeedPlayer().play([second], PlayConfig(game=PIANO))
    (together,) = ConstantSpeedPlayer().play([repeating, second], PlayConfig(game=PIANO))
    assert [one.name for one in together] == ["tune-0/p0", "tune-0/p0/2", "tune-1/p0", "tune-1/p1"]
    for one, other in zip(alone, together[2:], strict=True):
        np.testing.assert_array_equal(one.position_px, other.position_px)
