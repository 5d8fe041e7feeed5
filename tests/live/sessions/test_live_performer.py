"""One listener's performance: sound and commands in, messages out."""

import numpy as np
import pytest

from standpartner.errors import AudioError, ConfigError
from standpartner.live.protocol import messages
from standpartner.live.sessions.performer import LoadedScore, Performer
from tests.follow.conftest import ScriptedAgent

SECOND = np.zeros((22_050, 1), np.float32)
FRAME = SECOND[: 22_050 // 20]


def steady(speed_px):
    return ScriptedAgent(action=lambda speed: 1 + int(np.sign(speed_px - speed)))


@pytest.fixture
def perform(score):
    """Makes performers of the made score, by an agent that goes on at a steady speed from the first sample."""

    def make(*, speed_px=4, links=(), **options):
        agent = steady(speed_px)
        loaded = LoadedScore("s", "Made", score, agent, agent.read(score.strip), links)
        return Performer(loaded, playing=options.pop("playing", True), **options)

    return make


def positions(told):
    return [message for message in told if isinstance(message, messages.Position)]


def test_a_second_of_sound_gives_a_position_a_frame(perform):
    performer = perform()
    told = [message for _ in range(20) for message in positions(performer.hear(FRAME, rate_hz=22_050))]
    assert [message.time_s for message in told] == pytest.approx(np.arange(len(told)) / 20)
    assert all(message.heard_s >= message.time_s for message in told[1:])
    assert told[-1].strip_x_px > told[1].strip_x_px >= 40.0
    assert (told[2].page, told[2].bar, told[2].measure) == (1, 1, 1)


def test_a_changed_rate_in_mid_stream_goes_on_in_time(perform):
    performer = perform()
    told = []
    for rate_hz in (48_000, 44_100, 16_000, 48_000):
        for _ in range(20):
            told += positions(performer.hear(np.zeros((rate_hz // 20, 2), np.float32), rate_hz=rate_hz))
    times = [message.time_s for message in told]
    assert times == sorted(set(times))
    assert performer.heard_s == pytest.approx(4.0)
    assert times[-1] == pytest.approx(3.9, abs=0.1)


def test_samples_that_are_not_numbers_are_told_and_time_goes_on(perform):
    performer = perform()
    performer.hear(SECOND, rate_hz=22_050)
    with pytest.raises(AudioError, match="not finite"):
        performer.hear(np.full((22_050, 1), np.nan, np.float32), rate_hz=22_050)
    told = positions(performer.hear(SECOND, rate_hz=22_050))
    assert told[-1].time_s == pytest.approx(2.95, abs=0.06)
    assert all(np.isfinite(message.strip_x_px) for message in told)


def test_a_tap_puts_the_cursor_there_and_the_page_turns(perform):
    performer = perform()
    performer.hear(SECOND, rate_hz=22_050)
    told = performer.move(messages.Move(bar=17))
    (position,) = positions(told)
    assert (position.bar, position.page, position.jumped, position.strip_x_px) == (17, 3, True, 1600.0)
    assert [(turn.page, turn.reason) for turn in told if isinstance(turn, messages.Turn)] == [(3, "jump")]
    after = positions(performer.hear(SECOND, rate_hz=22_050))
    assert all(1600 <= message.strip_x_px < 1700 for message in after)


def test_a_tap_while_the_first_note_is_awaited_only_moves_the_cursor(perform):
    performer = perform(playing=False)
    performer.hear(SECOND, rate_hz=22_050)
    performer.move(messages.Move(page=2, page_x=0.5, page_y=0.2))
    assert performer.state == "waiting"
    assert {message.strip_x_px for message in positions(performer.hear(SECOND, rate_hz=22_050))} == {1000.0}


@pytest.mark.parametrize("move", [messages.Move(), messages.Move(bar=99), messages.Move(page=9)])
def test_a_tap_on_nothing_is_one_sentence(perform, move):
    with pytest.raises(ConfigError, match=r"there is no|expected a bar or a page"):
        perform().move(move)


def test_a_page_turned_by_hand_leads_to_its_first_bar(perform):
    performer = perform()
    performer.hear(SECOND, rate_hz=22_050)
    told = performer.turn_page(3)
    assert positions(told)[0].strip_x_px == 1600.0
    assert [(turn.page, turn.reason) for turn in told if isinstance(turn, messages.Turn)] == [(3, "player")]


def test_a_page_turned_by_hand_just_ahead_of_the_music_leaves_the_cursor(perform):
    performer = perform(start_px=700.0)
    performer.hear(FRAME, rate_hz=22_050)
    assert positions(performer.turn_page(2)) == []
    with pytest.raises(ConfigError, match="no page 4"):
        performer.turn_page(4)


def test_the_cursor_goes_along_a_link_once(perform):
    performer = perform(speed_px=8, start_px=100.0, links=[{"from_bar": 2, "to_bar": 1, "times": 1}])
    told = [message for _ in range(6) for message in positions(performer.hear(SECOND, rate_hz=22_050))]
    jumps = [message for message in told if message.jumped and message.time_s > 0.1]
    assert [jump.strip_x_px for jump in jumps] == [40.0]
    assert max(message.strip_x_px for message in told) > 500  # the second time it goes on


def test_the_end_of_the_score_is_told(perform):
    performer = perform(speed_px=16, start_px=2200.0)
    told = [message for _ in range(3) for message in performer.hear(SECOND, rate_hz=22_050)]
    assert [message.state for message in told if isinstance(message, messages.State)] == ["following", "finished"]


def test_a_take_that_was_broken_off_goes_on_in_its_time(perform):
    performer = perform(start_px=500.0, began_s=31.5)
    told = positions(performer.hear(SECOND, rate_hz=22_050))
    assert told[0].time_s == 31.55  # the position of the frame before is where it was put
    assert told[-1].heard_s == 32.5
    assert 500 <= told[-1].strip_x_px < 600
