"""Following a picture of a score, of which no note is known."""

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.errors import ScoreError
from standpartner.follow import ANYWHERE, Follower, FollowerConfig, State
from standpartner.follow.pursuit import IN_PICTURES, PursuitConfig
from standpartner.hear import read_audio

AT_ONCE = FollowerConfig(wait=False)


@pytest.fixture(scope="module")
def recording():
    return read_audio(load_menuet().recording)[: 20 * SAMPLE_RATE_HZ]


def test_a_picture_is_followed_like_its_notation(menuet, picture, recording):
    agent = load_agent("piano")
    written, seen = Follower(menuet, agent), Follower(picture, agent)
    assert seen.push(recording) == written.push(recording)
    assert seen.state is State.FOLLOWING


def test_in_a_picture_jumps_are_made_with_more_care(menuet, picture, scripted):
    careful = Follower(picture, scripted())._pursuit.config
    assert careful == IN_PICTURES
    assert IN_PICTURES.gathered / IN_PICTURES.most > 0.6
    assert Follower(menuet, scripted())._pursuit.config == PursuitConfig()
    chosen = FollowerConfig(pursuit_in_pictures=PursuitConfig(jump=False))
    assert Follower(picture, scripted(), config=chosen)._pursuit.config == chosen.pursuit_in_pictures


def test_positions_in_a_picture_without_bars_have_no_measure(picture_without_bars, scripted, recording):
    positions = Follower(picture_without_bars, scripted(2), config=AT_ONCE).push(recording)
    assert {position.measure for position in positions} == {None}
    assert positions[-1].to_json()["measure"] is None
    assert positions[-1].system > 1


def test_begins_at_a_barline_of_a_picture(picture, scripted):
    position = Follower(picture, scripted(), config=AT_ONCE, from_measure=17).push(np.zeros(4410, np.float32))[0]
    assert (position.strip_x_px, position.measure) == (picture.bars.strip_left_px[16], 17)
    first = Follower(picture, scripted(), config=AT_ONCE, from_measure=1).push(np.zeros(4410, np.float32))[0]
    assert first.strip_x_px == picture.begin_px
    with pytest.raises(ScoreError, match="no measure 99 in Menuet in G: its measures are 1 to 48"):
        Follower(picture, scripted(), from_measure=99)


def test_without_bars_no_measure_can_be_begun_at(picture_without_bars, scripted):
    with pytest.raises(ScoreError, match=r'are unknown.*from_measure="auto"'):
        Follower(picture_without_bars, scripted(), from_measure=3)
    start = Follower(picture_without_bars, scripted(), config=AT_ONCE, from_measure=ANYWHERE)
    assert start.push(np.zeros(4410, np.float32))[0].strip_x_px == picture_without_bars.begin_px


def test_ends_at_the_last_barline(picture, scripted, recording):
    follower = Follower(picture, scripted(2), config=AT_ONCE)
    assert follower.push(recording)[-1].strip_x_px >= picture.end_px
    assert follower.state is State.FINISHED
